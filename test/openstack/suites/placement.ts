import { open } from "node:fs/promises"
import { assert, describe } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { askCinder, fieldOf, labAccount, passwordOf } from "../support/labCloud.ts"
import { createVolume, deleteVolume, mounted, raw, readData, sharedRaw, use, writeData } from "../support/Pod.ts"

const volumeInCinder = (id: string) => Effect.map(askCinder(`/volumes/${id}`), (body) => fieldOf(body, "volume"))

const zoneMapConf = () => `[Global]
auth-url = "${labAccount().auth_url}"
username = csi
password = "${passwordOf("csi")}"
domain-name = lab
tenant-name = csi
availability-zone-map = racks-north=nova2, racks-south=nova2
`

/** Bytes at a place of a raw disk, past every cache. */
const onDisk = {
  write: (path: string, text: string) =>
    Effect.tryPromise(async () => {
      const device = await open(path, "r+")
      await device.write(text, 1_048_576)
      await device.sync()
      await device.close()
    }),
  read: (path: string, length: number) =>
    Effect.tryPromise(async () => {
      const device = await open(path, "r")
      const { buffer } = await device.read(Buffer.alloc(length), 0, length, 1_048_576)
      await device.close()
      return buffer.toString()
    })
}

/** Types, zones, several nodes and backups: what depends on how a cloud is set up. */
export const placement = (it: LabTests) => {
  describe("a volume", () => {
    it.effect(
      "is of the type that its class names, by name and by id",
      () =>
        Effect.gen(function* () {
          const { controller } = yield* Lab
          const types: unknown = fieldOf(yield* askCinder("/types"), "volume_types")
          const idOf = (name: string) =>
            String(fieldOf(Array.isArray(types) ? types.find((type) => fieldOf(type, "name") === name) : {}, "id"))
          for (const [asked, shown] of [
            ["bulk", "bulk"],
            ["fast", "fast"],
            [idOf("bulk"), "bulk"]
          ] as const) {
            const volume = yield* createVolume(controller.csi, `type ${asked}`, mounted("ext4"), { type: asked })
            assert.strictEqual(fieldOf(yield* volumeInCinder(volume.id), "volume_type"), shown)
            const again = yield* createVolume(controller.csi, `type ${asked}`, mounted("ext4"), { type: asked })
            assert.strictEqual(again.id, volume.id)
            yield* deleteVolume(controller.csi, volume)
          }
        }),
      minutes(2)
    )

    it.effect(
      "goes into the zone that is preferred, and into the next where no backend takes it",
      () =>
        Effect.gen(function* () {
          const { controller } = yield* Lab
          const preferred = yield* createVolume(controller.csi, "zone first", raw, { zones: ["nova2", "nova"] })
          assert.deepStrictEqual(preferred.zones, ["nova2"])
          assert.strictEqual(fieldOf(yield* volumeInCinder(preferred.id), "availability_zone"), "nova2")
          // No backend of nova2 has the type.
          const next = yield* createVolume(controller.csi, "zone next", raw, {
            zones: ["nova2", "nova"],
            type: "bulk"
          })
          assert.deepStrictEqual(next.zones, ["nova"])
          for (const volume of [preferred, next]) yield* deleteVolume(controller.csi, volume)
        }),
      minutes(2)
    )

    it.effect(
      "is asked for and reported in Nova's zones where these have other names",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { startController } = yield* Lab
            const { csi } = yield* startController(zoneMapConf())
            const volume = yield* createVolume(csi, "zone map", raw, { zones: ["racks-south"] })
            assert.strictEqual(fieldOf(yield* volumeInCinder(volume.id), "availability_zone"), "nova2")
            assert.sameMembers([...volume.zones], ["racks-north", "racks-south"])
            yield* deleteVolume(csi, volume)
          })
        ),
      minutes(1)
    )

    it.effect(
      "of a multi-attach type is written on one node and read on the other",
      () =>
        Effect.gen(function* () {
          const { controller, node1, node2 } = yield* Lab
          const volume = yield* createVolume(controller.csi, "shared", sharedRaw, { type: "multi" })
          const one = yield* use(controller.csi, node1, volume)
          const other = yield* use(controller.csi, node2, volume)
          yield* onDisk.write(one.target, "from node 1")
          assert.strictEqual(yield* onDisk.read(other.target, 11), "from node 1")
          const listed = (yield* controller.csi.listVolumes()).entries.find(
            ({ volume: shown }) => shown?.volumeId === volume.id
          )
          assert.sameMembers([...(listed?.status?.publishedNodeIds ?? [])], [node1.serverId, node2.serverId])
          for (const place of [one, other]) {
            yield* place.unmount
            yield* place.detach
          }
          yield* deleteVolume(controller.csi, volume)
        }),
      minutes(2)
    )
  })

  describe("a backup behind a snapshot", () => {
    it.effect(
      "is cut at once, ready later, restored whole, and gone when it is deleted",
      () =>
        Effect.gen(function* () {
          const { controller, node1 } = yield* Lab
          const { csi } = controller
          const volume = yield* createVolume(csi, "backed up", mounted("ext4"))
          const place = yield* use(csi, node1, volume)
          yield* writeData(`${place.target}/file`, "before the backup\n")
          const ask = csi.createSnapshot(
            { name: "kept outside", sourceVolumeId: volume.id, parameters: new Map([["type", "backup"]]) },
            { timeout: "2 minutes" }
          )
          const first = (yield* ask).snapshot
          const snapshotId = first?.snapshotId ?? ""
          yield* writeData(`${place.target}/file`, "after the backup\n")
          const ready = yield* ask.pipe(
            Effect.filterOrFail(({ snapshot }) => snapshot?.readyToUse === true),
            Effect.retry(Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(90)))
          )
          assert.strictEqual(ready.snapshot?.snapshotId, snapshotId)
          const shown = fieldOf(yield* askCinder(`/backups/${snapshotId}`), "backup")
          assert.strictEqual(fieldOf(shown, "status"), "available")
          assert.strictEqual(fieldOf(shown, "name"), "kept outside")
          assert.deepStrictEqual(fieldOf(yield* askCinder("/snapshots"), "snapshots"), [])
          const [listed] = (yield* csi.listSnapshots({ snapshotId })).entries
          assert.isTrue(listed?.snapshot?.readyToUse)
          yield* place.unmount
          yield* place.detach
          const source = { type: { $case: "snapshot" as const, value: { snapshotId } } }
          const restored = yield* createVolume(csi, "from the backup", mounted("ext4"), { source })
          const again = yield* createVolume(csi, "from the backup", mounted("ext4"), { source })
          assert.strictEqual(again.id, restored.id)
          const restoredPlace = yield* use(csi, node1, restored)
          assert.strictEqual(yield* readData(`${restoredPlace.target}/file`), "before the backup\n")
          yield* restoredPlace.unmount
          yield* restoredPlace.detach
          for (const made of [volume, restored]) yield* deleteVolume(csi, made)
          yield* csi.deleteSnapshot({ snapshotId }, { timeout: "2 minutes" })
          assert.deepStrictEqual(fieldOf(yield* askCinder("/backups"), "backups"), [])
        }),
      minutes(5)
    )
  })
}
