import { readlinkSync } from "node:fs"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { unpublish } from "../support/attaching.ts"
import { type LabTests, minutes } from "../support/Lab.ts"
import { mountsBelow } from "../support/LabNode.ts"
import { fieldOf } from "../support/labCloud.ts"
import { labFile } from "../support/labFiles.ts"
import { createVolume, deleteVolume, raw } from "../support/Pod.ts"
import { makeLedger } from "../support/Writer.ts"
import { startPod } from "../support/WritingPod.ts"
import { worker } from "../support/worker.ts"

const diskOf = (node: string, volume: string) =>
  readlinkSync(labFile("nodes", node, "dev", "disk", "by-id", `virtio-${volume.slice(0, 20)}`))

/** Nodes that have been through something: what they find again, and what they do not take for what it was. */
export const nodeTrouble = (it: LabTests) => {
  describe.concurrent("a node", () => {
    it.effect(
      "that was rebooted finds each volume on its own disk, whatever the disks are called by now",
      () =>
        Effect.gen(function* () {
          const { server, node, csi, volume, shutDown, restart, endElsewhere } = yield* worker("renamed")
          const other = yield* createVolume(csi, "renamed-other", raw)
          const otherLedger = makeLedger(other)
          const startOther = startPod(csi, node, other, otherLedger)
          const { writer } = yield* startOther
          const names = () => [volume, other].map(({ id }) => diskOf(node.name, id))
          const before = names()
          yield* Effect.zipRight(writer.stop, shutDown)
          yield* server.act("reboot", { type: "SOFT" })
          yield* server.reaches("ACTIVE")
          assert.notDeepEqual(names(), before)
          yield* node.boot
          const [pod, otherPod] = yield* Effect.all([restart, startOther], { concurrency: 2 })
          yield* otherPod.writer.stop
          yield* otherLedger.prove(otherPod.place.target)
          yield* otherPod.remove
          yield* deleteVolume(csi, other)
          yield* pod.remove
          yield* endElsewhere()
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that lost a disk while its driver was away, and is to have it back, mounts it anew where the dead mount is",
      () =>
        Effect.gen(function* () {
          const { node, csi, volume, pod, restart, endElsewhere } = yield* worker("dead-mount")
          const { target, staging } = pod.place
          yield* node.stopDriver
          yield* unpublish(csi, volume, node.serverId)
          yield* pod.writer.losesDisk
          yield* node.boot
          assert.sameMembers([...mountsBelow(node.root)], [staging, target])
          const stats = yield* Effect.flip(node.csi.nodeGetVolumeStats({ volumeId: volume.id, volumePath: target }))
          assert.notStrictEqual(fieldOf(stats, "code"), 0)
          const again = yield* restart
          assert.sameMembers([...mountsBelow(node.root)], [staging, target])
          yield* again.remove
          assert.deepStrictEqual(mountsBelow(node.root), [])
          yield* endElsewhere({ pulled: 1 })
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "whose driver is killed and started anew disturbs no pod, and knows what is mounted",
      () =>
        Effect.gen(function* () {
          const { node, pod, restart, endElsewhere } = yield* worker("driver-killed")
          yield* node.stopDriver
          yield* pod.writer.progress()
          yield* node.boot
          yield* pod.writer.stop
          const mounts = mountsBelow(node.root)
          const again = yield* restart
          assert.deepStrictEqual(mountsBelow(node.root), mounts)
          yield* again.remove
          yield* endElsewhere()
        }).pipe(Effect.scoped),
      minutes(3)
    )
  })
}
