import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { refusalOf, unpublish, untilDone } from "../support/attaching.ts"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { mountsBelow } from "../support/LabNode.ts"
import { createVolume, deleteVolume, mounted, raw } from "../support/Pod.ts"
import { makeLedger } from "../support/Writer.ts"
import { startPod } from "../support/WritingPod.ts"

/** A file system and a raw disk, each with a program that writes to it. */
const twoVolumes = (name: string) =>
  Effect.gen(function* () {
    const { controller } = yield* Lab
    const kinds = [mounted("ext4"), raw]
    return yield* Effect.forEach(kinds, (capability, index) =>
      Effect.map(createVolume(controller.csi, `${name}-${index}`, capability), (volume) => ({
        volume,
        ledger: makeLedger(volume)
      }))
    )
  })

/** Pods that move, with everything they have written, and never two at once. */
export const movingPods = (it: LabTests) => {
  describe("a pod that writes", () => {
    it.effect(
      "is deleted and made anew on the other node, there and back, and finds all its records",
      () =>
        Effect.gen(function* () {
          const { controller, node1, node2 } = yield* Lab
          const { csi } = controller
          const life = yield* twoVolumes("moving")
          const move = ({ volume, ledger }: (typeof life)[number]) =>
            Effect.gen(function* () {
              for (const node of [node1, node2, node1, node2]) {
                const pod = yield* startPod(csi, node, volume, ledger)
                yield* pod.writer.stop
                yield* ledger.prove(pod.place.target)
                yield* pod.remove
              }
              yield* deleteVolume(csi, volume)
            })
          yield* Effect.forEach(life, move, { concurrency: 2 })
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "goes on elsewhere when its node is out of reach; the old one loses the disk first, and is clean once it is back",
      () =>
        Effect.gen(function* () {
          const { controller, node1, node2 } = yield* Lab
          const { csi } = controller
          const lives = yield* twoVolumes("out-of-reach")
          for (const { volume, ledger } of lives) {
            const old = yield* startPod(csi, node1, volume, ledger)
            yield* node1.isolate
            yield* old.writer.progress()
            // What reaches the driver of a forced detach; the node was asked for nothing.
            yield* unpublish(csi, volume, node1.serverId)
            yield* old.writer.losesDisk
            const pod = yield* startPod(csi, node2, volume, ledger)
            yield* node1.rejoin
            yield* old.place.unmount
            assert.deepStrictEqual(mountsBelow(node1.root), [])
            yield* pod.writer.progress()
            yield* pod.remove
            const back = yield* startPod(csi, node1, volume, ledger)
            yield* back.writer.stop
            yield* ledger.prove(back.place.target, { pulled: 1 })
            yield* back.remove
            yield* deleteVolume(csi, volume)
          }
        }).pipe(Effect.scoped, Effect.ensuring(Effect.flatMap(Lab, ({ node1 }) => node1.rejoin))),
      minutes(3)
    )

    it.effect(
      "moves whole while attaching and detaching are slow and fail, while disks come late, and while a guest holds on to one",
      () =>
        Effect.gen(function* () {
          const { controller, node1, node2, ctl } = yield* Lab
          const { csi } = controller
          const lives = yield* Effect.forEach(["not-attached", "not-detached", "held"], (name) =>
            Effect.gen(function* () {
              const volume = yield* createVolume(csi, name, mounted("ext4"))
              const ledger = makeLedger(volume)
              return { volume, ledger, pod: yield* startPod(csi, node1, volume, ledger) }
            })
          )
          const [notAttached, notDetached, held] = lives
          if (notAttached === undefined || notDetached === undefined || held === undefined)
            return assert.fail("no pods")
          yield* ctl("fault", "attach-fails", "1", notAttached.volume.id)
          yield* ctl("fault", "detach-fails", "1", notDetached.volume.id)
          yield* ctl("fault", "detach-refuses-busy")
          for (const slow of ["attach-delay-seconds", "detach-delay-seconds", "device-late-seconds"]) {
            yield* ctl("fault", slow, "2")
          }
          const refuses = Effect.gen(function* () {
            const refusal = yield* refusalOf(unpublish(csi, held.volume, node1.serverId, "1 minutes"))
            assert.strictEqual(refusal.code, "UNAVAILABLE")
            assert.match(
              refusal.says,
              /Nova accepted the detachment and gave it up \(req-.*; the guest may hold on to the disk$/
            )
            yield* held.pod.writer.progress()
          })
          const move = ({ volume, ledger, pod }: typeof held) =>
            Effect.gen(function* () {
              yield* pod.writer.stop
              yield* pod.place.unmount
              yield* untilDone(pod.place.detach)
              const there = yield* untilDone(startPod(csi, node2, volume, ledger))
              yield* there.writer.stop
              yield* ledger.prove(there.place.target)
              yield* there.remove
              yield* deleteVolume(csi, volume)
            })
          const moves = [move(notAttached), move(notDetached), Effect.zipRight(refuses, move(held))]
          yield* Effect.all(moves, { concurrency: "unbounded" })
        }).pipe(
          Effect.scoped,
          Effect.ensuring(Effect.flatMap(Lab, ({ ctl }) => Effect.ignore(ctl("no-fault", "all"))))
        ),
      minutes(3)
    )
  })
}
