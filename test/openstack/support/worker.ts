import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { publish, refusalOf } from "./attaching.ts"
import { Lab } from "./Lab.ts"
import { runningServer } from "./LabServer.ts"
import { createVolume, deleteVolume, mounted, raw } from "./Pod.ts"
import { makeLedger } from "./Writer.ts"
import { startPod } from "./WritingPod.ts"

/** A new volume, free, for whoever disturbs. */
export const newVolume = (name: string) =>
  Effect.gen(function* () {
    const { controller } = yield* Lab
    return yield* createVolume(controller.csi, name, raw)
  })

/** A server that is a node of its own, and a pod there that writes to a volume. */
export const worker = (name: string, zone: "nova" | "any" = "nova") =>
  Effect.gen(function* () {
    const { controller, node2, playNode } = yield* Lab
    const { csi } = controller
    const server = yield* runningServer(name, zone)
    const node = yield* playNode({ id: server.id, name })
    const volume = yield* createVolume(csi, name, mounted("ext4"))
    const ledger = makeLedger(volume)
    const pod = yield* startPod(csi, node, volume, ledger)
    return {
      csi,
      server,
      node,
      volume,
      ledger,
      pod,
      /** The pod is made anew on its node, after what kubelet knew of it was lost. */
      restart: startPod(csi, node, volume, ledger),
      /** The guest ends by itself: its programs, its mounts, then itself. */
      shutDown: Effect.zipRight(pod.writer.stop, node.crash),
      /** Another node still may not have the disk. */
      keepsItsDisk: Effect.map(refusalOf(publish(csi, volume, node2.serverId)), ({ code, says }) => {
        assert.strictEqual(code, "FAILED_PRECONDITION")
        assert.include(says, server.id)
      }),
      /** The pod goes on elsewhere, finds all of its records, and is done. */
      endElsewhere: (expected: { readonly pulled?: number } = {}) =>
        Effect.gen(function* () {
          const there = yield* startPod(csi, node2, volume, ledger)
          yield* there.writer.stop
          yield* ledger.prove(there.place.target, expected)
          yield* there.remove
          yield* deleteVolume(csi, volume)
        })
    }
  })
