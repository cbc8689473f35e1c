import { open } from "node:fs/promises"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { bytesOf } from "../../../src/domain/Capacity.ts"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import {
  createVolume,
  deleteVolume,
  expand,
  expandOnNode,
  mounted,
  raw,
  readData,
  totalBytes,
  use,
  writeData
} from "../support/Pod.ts"

/** What any cluster does with its volumes. */
export const volumeLives = (it: LabTests) => {
  describe("a volume", () => {
    it.effect(
      "lives from creation to deletion with a file system of each kind",
      () =>
        Effect.gen(function* () {
          const { controller, node1 } = yield* Lab
          for (const fsType of ["ext4", "ext3", "xfs", "btrfs"]) {
            const volume = yield* createVolume(controller.csi, `life-${fsType}`, mounted(fsType))
            const place = yield* use(controller.csi, node1, volume)
            yield* writeData(`${place.target}/file`, `on ${fsType}\n`)
            assert.strictEqual(yield* readData(`${place.target}/file`), `on ${fsType}\n`)
            const { usage } = yield* node1.csi.nodeGetVolumeStats({ volumeId: volume.id, volumePath: place.target })
            assert.isAbove(Number(totalBytes(usage)), Number(bytesOf(1)) * 0.8)
            yield* place.unmount
            yield* place.detach
            yield* deleteVolume(controller.csi, volume)
          }
        }),
      minutes(4)
    )

    it.effect(
      "keeps its data when it moves to a second node",
      () =>
        Effect.gen(function* () {
          const { controller, node1, node2 } = yield* Lab
          const volume = yield* createVolume(controller.csi, "mover", mounted("ext4"))
          const here = yield* use(controller.csi, node1, volume)
          yield* writeData(`${here.target}/file`, "written on node 1\n")
          const refusal = yield* Effect.flip(
            controller.csi.controllerPublishVolume({
              volumeId: volume.id,
              nodeId: node2.serverId,
              volumeCapability: volume.capability
            })
          )
          assert.strictEqual(refusal.code, 9)
          assert.include(refusal.details, node1.serverId)
          yield* here.unmount
          yield* here.detach
          const there = yield* use(controller.csi, node2, volume)
          assert.strictEqual(yield* readData(`${there.target}/file`), "written on node 1\n")
          yield* there.unmount
          yield* there.detach
          yield* deleteVolume(controller.csi, volume)
        }),
      minutes(2)
    )

    it.effect(
      "comes back whole from a snapshot and as a clone",
      () =>
        Effect.gen(function* () {
          const { controller, node1, node2 } = yield* Lab
          const volume = yield* createVolume(controller.csi, "source", mounted("xfs"))
          const place = yield* use(controller.csi, node1, volume)
          yield* writeData(`${place.target}/file`, "before the snapshot\n")
          const { snapshot } = yield* controller.csi.createSnapshot({ name: "cut", sourceVolumeId: volume.id })
          assert.isTrue(snapshot?.readyToUse)
          const snapshotId = snapshot?.snapshotId ?? ""
          yield* writeData(`${place.target}/file`, "after the snapshot\n")
          const restored = yield* createVolume(controller.csi, "restored", mounted("xfs"), {
            source: { type: { $case: "snapshot", value: { snapshotId } } }
          })
          const clone = yield* createVolume(controller.csi, "clone", mounted("xfs"), {
            source: { type: { $case: "volume", value: { volumeId: volume.id } } }
          })
          const restoredPlace = yield* use(controller.csi, node1, restored)
          assert.strictEqual(yield* readData(`${restoredPlace.target}/file`), "before the snapshot\n")
          const clonePlace = yield* use(controller.csi, node2, clone)
          assert.strictEqual(yield* readData(`${clonePlace.target}/file`), "after the snapshot\n")
          for (const used of [place, restoredPlace, clonePlace]) {
            yield* used.unmount
            yield* used.detach
          }
          yield* controller.csi.deleteSnapshot({ snapshotId })
          for (const made of [volume, restored, clone]) yield* deleteVolume(controller.csi, made)
        }),
      minutes(3)
    )

    it.effect(
      "grows while it is mounted on xfs",
      () =>
        Effect.gen(function* () {
          const { controller, node1 } = yield* Lab
          const volume = yield* createVolume(controller.csi, "grows-online", mounted("xfs"))
          const place = yield* use(controller.csi, node1, volume)
          yield* writeData(`${place.target}/file`, "before growing\n")
          assert.strictEqual((yield* expand(controller.csi, volume, 3)).capacityBytes, bytesOf(3))
          yield* expandOnNode(node1, volume, place, 3)
          const { usage } = yield* node1.csi.nodeGetVolumeStats({ volumeId: volume.id, volumePath: place.target })
          assert.isAbove(Number(totalBytes(usage)), Number(bytesOf(2)))
          assert.strictEqual(yield* readData(`${place.target}/file`), "before growing\n")
          yield* place.unmount
          yield* place.detach
          yield* deleteVolume(controller.csi, volume)
        }),
      minutes(2)
    )

    it.effect(
      "grows at its next stage on ext4",
      () =>
        Effect.gen(function* () {
          const { controller, node1 } = yield* Lab
          const volume = yield* createVolume(controller.csi, "grows-offline", mounted("ext4"))
          const before = yield* use(controller.csi, node1, volume)
          yield* writeData(`${before.target}/file`, "before growing\n")
          yield* expand(controller.csi, volume, 2)
          yield* before.unmount
          yield* before.detach
          const after = yield* use(controller.csi, node1, volume)
          const { usage } = yield* node1.csi.nodeGetVolumeStats({ volumeId: volume.id, volumePath: after.target })
          assert.isAbove(Number(totalBytes(usage)), Number(bytesOf(1)) * 1.5)
          assert.strictEqual(yield* readData(`${after.target}/file`), "before growing\n")
          yield* after.unmount
          yield* after.detach
          yield* deleteVolume(controller.csi, volume)
        }),
      minutes(2)
    )

    it.effect(
      "is a raw device where that is asked for, and grows as one",
      () =>
        Effect.gen(function* () {
          const { controller, node1 } = yield* Lab
          const volume = yield* createVolume(controller.csi, "raw", raw)
          const place = yield* use(controller.csi, node1, volume)
          const written = yield* Effect.tryPromise(async () => {
            const device = await open(place.target, "r+")
            await device.write("raw bytes", 4096)
            await device.sync()
            const { buffer } = await device.read(Buffer.alloc(9), 0, 9, 4096)
            await device.close()
            return buffer.toString()
          })
          assert.strictEqual(written, "raw bytes")
          yield* expand(controller.csi, volume, 2)
          yield* expandOnNode(node1, volume, place, 2)
          const { usage } = yield* node1.csi.nodeGetVolumeStats({ volumeId: volume.id, volumePath: place.target })
          assert.strictEqual(totalBytes(usage), bytesOf(2))
          yield* place.unmount
          yield* place.detach
          yield* deleteVolume(controller.csi, volume)
        }),
      minutes(2)
    )

    it.effect(
      "is made once, whatever is repeated",
      () =>
        Effect.gen(function* () {
          const { controller, node1 } = yield* Lab
          const first = yield* createVolume(controller.csi, "again", mounted("ext4"))
          const second = yield* createVolume(controller.csi, "again", mounted("ext4"))
          assert.strictEqual(second.id, first.id)
          const larger = yield* Effect.flip(createVolume(controller.csi, "again", mounted("ext4"), { sizeGiB: 2 }))
          assert.strictEqual(larger.code, 6)
          yield* use(controller.csi, node1, first)
          const place = yield* use(controller.csi, node1, first)
          const attached = yield* Effect.flip(deleteVolume(controller.csi, first))
          assert.strictEqual(attached.code, 9)
          for (let times = 0; times < 2; times++) {
            yield* place.unmount
            yield* place.detach
          }
          yield* deleteVolume(controller.csi, first)
          yield* deleteVolume(controller.csi, first)
          yield* place.detach
        }),
      minutes(2)
    )
  })

  describe("bad input", () => {
    it.effect(
      "is refused with the code that its consumer needs",
      () =>
        Effect.gen(function* () {
          const { controller, node1 } = yield* Lab
          const codeOf = <A>(call: Effect.Effect<A, { readonly code: number }>) =>
            Effect.map(Effect.flip(call), ({ code }) => code)
          const volumeCapability = mounted("ext4")
          const { csi } = controller
          assert.strictEqual(yield* codeOf(createVolume(csi, "typed", volumeCapability, { type: "nothing" })), 3)
          assert.strictEqual(yield* codeOf(csi.controllerGetVolume({ volumeId: "../../etc" })), 5)
          const publish = { nodeId: node1.serverId, volumeCapability }
          assert.strictEqual(yield* codeOf(csi.controllerPublishVolume({ ...publish, volumeId: "no-such-volume" })), 5)
          assert.strictEqual(yield* codeOf(createVolume(csi, "huge", volumeCapability, { sizeGiB: 5000 })), 9)
          yield* csi.deleteVolume({ volumeId: "no-such-volume" })
          assert.deepStrictEqual((yield* csi.listSnapshots({ snapshotId: "no-such-snapshot" })).entries, [])
        }),
      minutes(1)
    )
  })
}
