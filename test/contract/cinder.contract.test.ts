import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { World } from "../../src/adapters/memory/index.ts"
import { WorldFault } from "../../src/adapters/memory/worldErrors.ts"
import { BackupId } from "../../src/domain/Backup.ts"
import { noHints } from "../../src/domain/SchedulerHints.ts"
import { SnapshotId } from "../../src/domain/Snapshot.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { Cinder, type NewVolume, type Page } from "../../src/ports/Cinder.ts"
import { clouds } from "./clouds.ts"

const spec = (name: string, more: Partial<NewVolume> = {}): NewVolume => ({
  name,
  description: "made by a test",
  sizeGiB: 2,
  zone: undefined,
  volumeType: undefined,
  source: undefined,
  hints: noHints,
  metadata: { "cinder.csi.openstack.org/cluster": "k8s" },
  ...more
})
const cut = (volumeId: VolumeId, name: string) => ({ volumeId, name, description: "", metadata: { a: "b" } })

const outcome = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => ("reason" in error ? error.reason : error._tag))

const gone = VolumeId("00000000-0000-4000-8000-000000000000")
const goneSnapshot = SnapshotId("00000000-0000-4000-8000-000000000000")
const answerLost = new WorldFault({ status: 504, kind: "computeFault", message: "Gateway Timeout" })

describe.each(clouds)("Cinder %s", (_, cloud) => {
  it.scopedLive("makes a volume that becomes available", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const created = yield* cinder.createVolume(spec("pvc-1", { zone: "nova", volumeType: "fast" }))
      assert.strictEqual(created.status, "creating")
      const { createdAt, updatedAt, ...volume } = yield* cinder.getVolume(created.id)
      assert.deepStrictEqual(volume, {
        id: created.id,
        name: "pvc-1",
        status: "available",
        sizeGiB: 2,
        zone: "nova",
        volumeType: "fast",
        multiattach: false,
        encrypted: false,
        source: undefined,
        attachments: [],
        metadata: { "cinder.csi.openstack.org/cluster": "k8s" }
      })
      assert.isAbove(createdAt, 0)
      assert.isAtLeast(updatedAt ?? 0, createdAt - 1_000)
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("takes hints for the scheduler", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const world = yield* World
      const { id: near } = yield* cinder.createVolume(spec("near"))
      const { id: far } = yield* cinder.createVolume(spec("far"))
      const hints = { sameHost: [near], differentHost: [far] }
      const { id } = yield* cinder.createVolume(spec("placed", { hints }))
      assert.deepStrictEqual((yield* world.cinder.showVolume(id)).hints, hints)
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("finds all volumes of a name, oldest first, and no others", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const first = yield* cinder.createVolume(spec("pvc 1+1&a=ü"))
      yield* cinder.createVolume(spec("pvc 1+1&a=ü2"))
      const second = yield* cinder.createVolume(spec("pvc 1+1&a=ü"))
      const ids = (yield* cinder.findVolumes("pvc 1+1&a=ü")).map(({ id }) => id)
      assert.sameMembers(ids, [first.id, second.id])
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc"), [])
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("lists by pages without loss or repetition", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const made = yield* Effect.forEach(["a", "b", "c", "d", "e"], (name) => cinder.createVolume(spec(name)))
      const seen: Array<string> = []
      let marker: string | undefined
      do {
        const page: Page<{ readonly id: string }> = yield* cinder.listVolumes({ limit: 2, marker })
        assert.isAtMost(page.items.length, 2)
        seen.push(...page.items.map(({ id }) => id))
        marker = page.next
      } while (marker !== undefined)
      assert.sameMembers(
        seen,
        made.map(({ id }) => id as string)
      )
      assert.strictEqual(new Set(seen).size, 5)
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("refuses a page token that leads nowhere", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      assert.strictEqual(yield* outcome(cinder.listVolumes({ limit: 2, marker: gone })), "UnknownPageToken")
      assert.strictEqual(
        yield* outcome(cinder.listSnapshots({ limit: 2, marker: gone }, undefined)),
        "UnknownPageToken"
      )
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("deletes a volume, also one that is gone or never was", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id } = yield* cinder.createVolume(spec("pvc-1"))
      yield* cinder.getVolume(id)
      yield* cinder.deleteVolume(id)
      assert.strictEqual(yield* outcome(cinder.getVolume(id)), "VolumeNotFound")
      yield* cinder.deleteVolume(id)
      yield* cinder.deleteVolume(VolumeId("not-an-id"))
      yield* cinder.deleteVolume(VolumeId("../volumes"))
      yield* cinder.deleteVolume(VolumeId(""))
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("refuses to delete a volume with snapshots", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id } = yield* cinder.createVolume(spec("pvc-1"))
      yield* cinder.getVolume(id)
      yield* cinder.createSnapshot(cut(id, "snap-1"))
      assert.strictEqual(yield* outcome(cinder.deleteVolume(id)), "invalid")
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("knows no volume, snapshot or backup of an odd id", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      for (const id of ["not-an-id", "", "a/b", "..", "x".repeat(1000), "ü?#%2f"]) {
        assert.strictEqual(yield* outcome(cinder.getVolume(VolumeId(id))), "VolumeNotFound")
        assert.strictEqual(yield* outcome(cinder.getSnapshot(SnapshotId(id))), "SnapshotNotFound")
        assert.strictEqual(yield* outcome(cinder.getBackup(BackupId(id))), "BackupNotFound")
      }
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("extends a volume, and refuses to shrink it", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id } = yield* cinder.createVolume(spec("pvc-1"))
      yield* cinder.getVolume(id)
      yield* cinder.extendVolume(id, 5, false)
      const { sizeGiB, status } = yield* cinder.getVolume(id)
      assert.deepStrictEqual([sizeGiB, status], [5, "available"])
      assert.strictEqual(yield* outcome(cinder.extendVolume(id, 4, false)), "invalid")
      assert.strictEqual(yield* outcome(cinder.extendVolume(gone, 4, false)), "VolumeNotFound")
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("tells which quota is exceeded", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id } = yield* cinder.createVolume(spec("pvc-1"))
      yield* cinder.getVolume(id)
      const tooMany = yield* Effect.flip(cinder.createVolume(spec("pvc-2")))
      assert.strictEqual(tooMany._tag, "QuotaExceeded")
      assert.include(tooMany.message, "volumes")
      assert.strictEqual(yield* outcome(cinder.extendVolume(id, 50, false)), "QuotaExceeded")
      yield* cinder.createSnapshot(cut(id, "snap-1"))
      assert.strictEqual(yield* outcome(cinder.createSnapshot(cut(id, "snap-2"))), "QuotaExceeded")
    }).pipe(Effect.provide(cloud({ quotas: { volumes: 1, gigabytes: 10, snapshots: 1 } })))
  )

  it.scopedLive("cuts, finds, lists and deletes snapshots", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id } = yield* cinder.createVolume(spec("pvc-1"))
      const other = yield* cinder.createVolume(spec("pvc-2"))
      yield* cinder.getVolume(other.id)
      const created = yield* cinder.createSnapshot(cut(id, "snap-1"))
      assert.strictEqual(created.status, "creating")
      yield* cinder.createSnapshot(cut(other.id, "snap-2"))
      const { createdAt, ...snapshot } = yield* cinder.getSnapshot(created.id)
      assert.deepStrictEqual(snapshot, {
        id: created.id,
        name: "snap-1",
        status: "available",
        volumeId: id,
        sizeGiB: 2,
        metadata: { a: "b" }
      })
      assert.isAbove(createdAt, 0)
      const idsOf = (snapshots: ReadonlyArray<{ readonly id: SnapshotId }>) => snapshots.map((one) => one.id)
      assert.deepStrictEqual(idsOf(yield* cinder.findSnapshots("snap-1")), [created.id])
      const everything = { limit: undefined, marker: undefined }
      assert.deepStrictEqual(idsOf((yield* cinder.listSnapshots(everything, id)).items), [created.id])
      assert.strictEqual((yield* cinder.listSnapshots(everything, undefined)).items.length, 2)
      assert.deepStrictEqual((yield* cinder.listSnapshots(everything, gone)).items, [])
      yield* cinder.deleteSnapshot(created.id)
      assert.strictEqual(yield* outcome(cinder.getSnapshot(created.id)), "SnapshotNotFound")
      yield* cinder.deleteSnapshot(created.id)
      yield* cinder.deleteSnapshot(goneSnapshot)
      assert.strictEqual(yield* outcome(cinder.createSnapshot(cut(gone, "snap-3"))), "VolumeNotFound")
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("makes volumes from snapshots and from volumes, and says so ever after", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id } = yield* cinder.createVolume(spec("pvc-1"))
      yield* cinder.getVolume(id)
      const snapshot = yield* cinder.createSnapshot(cut(id, "snap-1"))
      yield* cinder.getSnapshot(snapshot.id)
      const restored = yield* cinder.createVolume(spec("r", { source: { _tag: "snapshot", id: snapshot.id } }))
      const cloned = yield* cinder.createVolume(spec("c", { source: { _tag: "volume", id } }))
      assert.deepStrictEqual((yield* cinder.getVolume(restored.id)).source, { _tag: "snapshot", id: snapshot.id })
      assert.deepStrictEqual((yield* cinder.getVolume(cloned.id)).source, { _tag: "volume", id })
      const tooSmall = spec("s", { sizeGiB: 1, source: { _tag: "snapshot", id: snapshot.id } })
      assert.strictEqual(yield* outcome(cinder.createVolume(tooSmall)), "invalid")
      const fromNothing = spec("s", { source: { _tag: "snapshot", id: goneSnapshot } })
      assert.strictEqual(yield* outcome(cinder.createVolume(fromNothing)), "notFound")
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("refuses a type or zone that does not exist", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      assert.strictEqual(yield* outcome(cinder.createVolume(spec("a", { volumeType: "gold" }))), "notFound")
      assert.strictEqual(yield* outcome(cinder.createVolume(spec("a", { zone: "mars" }))), "invalid")
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("names its zones", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      assert.deepStrictEqual(yield* cinder.listZones, ["nova", "my zone"])
    }).pipe(Effect.provide(cloud({ volumeZones: [{ name: "nova" }, { name: "my zone" }] })))
  )

  it.scopedLive("puts a volume of an unknown zone into its own, where it is set up so", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      assert.strictEqual((yield* cinder.createVolume(spec("a", { zone: "mars" }))).zone, "nova")
    }).pipe(Effect.provide(cloud({ availabilityZoneFallback: true })))
  )

  it.scopedLive("explains a volume for which there is no room", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id } = yield* cinder.createVolume(spec("pvc-1", { sizeGiB: 20 }))
      assert.strictEqual((yield* cinder.getVolume(id)).status, "error")
      assert.strictEqual(
        yield* cinder.explain(id),
        "schedule allocate volume:Could not find any available weighted backend."
      )
      assert.isUndefined(yield* cinder.explain(gone))
    }).pipe(Effect.provide(cloud({ volumeZones: [{ name: "nova", capacityGiB: 10 }] })))
  )

  it.scopedLive("does not repeat a creation whose answer was lost", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { faults } = yield* World
      yield* faults.failCall({ call: "createVolume", fault: answerLost, afterwards: true })
      assert.strictEqual(yield* outcome(cinder.createVolume(spec("pvc-1"))), "unanswered")
      assert.strictEqual((yield* cinder.findVolumes("pvc-1")).length, 1)
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("repeats reads and deletions whose answer was lost", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { faults } = yield* World
      const { id } = yield* cinder.createVolume(spec("pvc-1"))
      yield* faults.failCall({ call: "showVolume", fault: answerLost })
      assert.strictEqual((yield* cinder.getVolume(id)).id, id)
      yield* faults.failCall({ call: "deleteVolume", fault: answerLost, afterwards: true })
      yield* cinder.deleteVolume(id)
      assert.strictEqual(yield* outcome(cinder.getVolume(id)), "VolumeNotFound")
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("backs a snapshot up, shows the backup and deletes it", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id: volumeId } = yield* cinder.createVolume(spec("v"))
      const snapshot = yield* cinder.createSnapshot(cut(volumeId, "snap-1"))
      const backup = { volumeId, snapshotId: snapshot.id, name: "snap-1", description: "d", zone: undefined }
      const id = yield* cinder.createBackup({ ...backup, metadata: { a: "b" } })
      const [found] = yield* cinder.findBackups("snap-1")
      assert.deepInclude(found, { id, volumeId, snapshotId: snapshot.id, sizeGiB: 2, status: "available" })
      assert.deepStrictEqual(found?.metadata, { a: "b" })
      assert.strictEqual(found?.cutAt, (yield* cinder.getSnapshot(snapshot.id)).createdAt)
      assert.deepStrictEqual(yield* cinder.findBackups("snap"), [])
      assert.strictEqual((yield* cinder.getBackup(id)).status, "available")
      const page = { limit: undefined, marker: undefined }
      assert.deepStrictEqual(
        (yield* cinder.listBackups(page, volumeId)).items.map((row) => row.id),
        [id]
      )
      assert.deepStrictEqual((yield* cinder.listBackups(page, gone)).items, [])
      assert.strictEqual(yield* outcome(cinder.listBackups({ limit: 2, marker: gone }, undefined)), "UnknownPageToken")
      yield* cinder.deleteBackup(id)
      assert.strictEqual(yield* outcome(cinder.getBackup(id)), "BackupNotFound")
      yield* cinder.deleteBackup(id)
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("makes a volume from a backup", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id: volumeId } = yield* cinder.createVolume(spec("v"))
      const { id: snapshotId } = yield* cinder.createSnapshot(cut(volumeId, "s"))
      const backup = { volumeId, snapshotId, name: "b", description: "d", zone: "az2", metadata: {} }
      const source = { _tag: "backup", id: yield* cinder.createBackup(backup) } as const
      const { id } = yield* cinder.createVolume(spec("restored", { source }))
      const restored = yield* cinder.getVolume(id)
      assert.deepStrictEqual([restored.source, restored.metadata["src_backup_id"]], [undefined, source.id])
      const absent = { ...source, id: BackupId(gone) }
      assert.strictEqual(yield* outcome(cinder.createVolume(spec("x", { source: absent }))), "notFound")
    }).pipe(Effect.provide(cloud()))
  )

  it.scopedLive("refuses to back up what is no available snapshot, and what the quota forbids", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id: volumeId } = yield* cinder.createVolume(spec("v"))
      const { id: snapshotId } = yield* cinder.createSnapshot(cut(volumeId, "s"))
      const backup = { volumeId, snapshotId, name: "b", description: "d", zone: undefined, metadata: {} }
      const absent = { ...backup, snapshotId: goneSnapshot }
      assert.strictEqual(yield* outcome(cinder.createBackup(absent)), "notFound")
      assert.strictEqual(yield* outcome(cinder.createBackup(backup)), "QuotaExceeded")
    }).pipe(Effect.provide(cloud({ quotas: { backups: 0 } })))
  )

  it.scopedLive("says whether there was a snapshot to delete", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const { id: volumeId } = yield* cinder.createVolume(spec("v"))
      const { id } = yield* cinder.createSnapshot(cut(volumeId, "s"))
      yield* cinder.getSnapshot(id)
      assert.strictEqual(yield* cinder.deleteSnapshot(id), "accepted")
      for (const absent of [id, goneSnapshot, SnapshotId("nope"), SnapshotId("../x")]) {
        assert.strictEqual(yield* cinder.deleteSnapshot(absent), "absent")
      }
    }).pipe(Effect.provide(cloud()))
  )
})
