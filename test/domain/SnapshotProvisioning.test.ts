import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { World, type WorldOptions } from "../../src/adapters/memory/index.ts"
import { serverFault } from "../../src/adapters/memory/worldErrors.ts"
import { SnapshotId } from "../../src/domain/Snapshot.ts"
import { SnapshotProvisioning } from "../../src/domain/SnapshotProvisioning.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { controllerOnWorld, GiB, inTime, requestsOf } from "../support/controllerOnWorld.ts"

const slow: WorldOptions = { latencies: { snapshot: "6 seconds", snapshotDelete: "5 seconds" } }

const aVolume = Effect.gen(function* () {
  const { cinder } = yield* World
  return VolumeId((yield* cinder.createVolume({ name: "v", sizeGiB: 2 })).id)
})

const create = (volumeId: VolumeId, name = "snapshot-1", parameters: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(SnapshotProvisioning, (service) => service.create({ volumeId, name, parameters }))

const allSnapshots = Effect.flatMap(World, ({ cinder }) => cinder.listSnapshots({})).pipe(
  Effect.map(({ rows }) => rows)
)

describe("SnapshotProvisioning.create", () => {
  it.effect("answers once the snapshot is cut, with the time Cinder began at", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      const volumeId = yield* aVolume
      const fiber = yield* Effect.fork(create(volumeId))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "None")
      yield* TestClock.adjust("5 seconds")
      const snapshot = yield* Fiber.join(fiber)
      const [made] = yield* allSnapshots
      assert.deepStrictEqual(snapshot, {
        id: SnapshotId(made?.id ?? ""),
        volumeId,
        sizeBytes: 2n * GiB,
        createdAt: 3_600_000,
        ready: true
      })
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("writes what the Go driver writes", () =>
    Effect.gen(function* () {
      const parameters = {
        type: "snapshot",
        "force-create": "true",
        "csi.storage.k8s.io/volumesnapshot/name": "nightly",
        "csi.storage.k8s.io/volumesnapshotcontent/name": "snapcontent-1"
      }
      yield* inTime(create(yield* aVolume, "snapshot-1", parameters))
      const [made] = yield* allSnapshots
      assert.strictEqual(made?.description, "Created by OpenStack Cinder CSI driver")
      assert.deepStrictEqual(made?.metadata, {
        "csi.storage.k8s.io/volumesnapshot/name": "nightly",
        "csi.storage.k8s.io/volumesnapshotcontent/name": "snapcontent-1",
        "cinder.csi.openstack.org/cluster": "k8s"
      })
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("costs one list, one creation and the polls; a repetition one list", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      const counts = yield* requestsOf(inTime(create(volumeId)))
      assert.deepStrictEqual(counts, { listSnapshots: 1, createSnapshot: 1, showSnapshot: 1 })
      assert.deepStrictEqual(yield* requestsOf(create(volumeId)), { listSnapshots: 1 })
      assert.strictEqual((yield* allSnapshots).length, 1)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("refuses the name of a snapshot of another volume", () =>
    Effect.gen(function* () {
      yield* inTime(create(yield* aVolume))
      const error = yield* Effect.flip(create(yield* aVolume))
      assert.strictEqual(error._tag, "AlreadyExists")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("goes on with the snapshot of a call that was interrupted", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      const first = yield* Effect.fork(create(volumeId))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(create(volumeId)))._tag, "OperationPending")
      yield* Fiber.interrupt(first)
      yield* inTime(create(volumeId))
      assert.strictEqual((yield* allSnapshots).length, 1)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("adopts the snapshot of a request whose answer was lost", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      yield* faults.failCall({ call: "createSnapshot", fault: serverFault("gateway gave up"), afterwards: true })
      yield* inTime(create(yield* aVolume))
      assert.strictEqual((yield* allSnapshots).length, 1)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("deletes what is left of a failed cut and says that it failed", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const volumeId = yield* aVolume
      yield* faults.failWork({ work: "snapshot", outcome: "fails" })
      assert.strictEqual((yield* Effect.flip(inTime(create(volumeId))))._tag, "Refused")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* allSnapshots, [])
      yield* inTime(create(volumeId))
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("says that a volume is unknown", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(inTime(create(VolumeId("testId")))))._tag, "VolumeNotFound")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("is not ready for a volume that is being made", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(create(yield* aVolume)))
      assert.strictEqual(error._tag, "NotReady")
    }).pipe(Effect.provide(controllerOnWorld({ latencies: { create: "1 hour" } })))
  )

  it.effect("passes an exceeded quota on", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(inTime(create(yield* aVolume))))._tag, "QuotaExceeded")
    }).pipe(Effect.provide(controllerOnWorld({ quotas: { snapshots: 0 } })))
  )
})

describe("SnapshotProvisioning.remove", () => {
  it.effect("answers once the snapshot is gone, for one deletion and the polls", () =>
    Effect.gen(function* () {
      const { remove } = yield* SnapshotProvisioning
      const { id } = yield* inTime(create(yield* aVolume))
      assert.deepStrictEqual(yield* requestsOf(inTime(remove(id))), { deleteSnapshot: 1, showSnapshot: 1 })
      assert.deepStrictEqual(yield* allSnapshots, [])
      yield* inTime(remove(id))
      yield* inTime(remove(SnapshotId("reallyfakesnapshotid")))
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("waits for a deletion that another call began", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const { remove } = yield* SnapshotProvisioning
      const { id } = yield* inTime(create(yield* aVolume))
      yield* cinder.deleteSnapshot(id)
      yield* inTime(remove(id))
      assert.deepStrictEqual(yield* allSnapshots, [])
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("says who must act when Cinder cannot delete it", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { remove } = yield* SnapshotProvisioning
      const { id } = yield* inTime(create(yield* aVolume))
      yield* faults.failWork({ work: "snapshotDelete", outcome: "fails" })
      const error = yield* Effect.flip(inTime(remove(id)))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, "administrator")
    }).pipe(Effect.provide(controllerOnWorld()))
  )
})

describe("SnapshotProvisioning.list", () => {
  const several = Effect.gen(function* () {
    const volumeId = yield* aVolume
    const other = yield* aVolume
    const ids: Array<string> = []
    for (const [source, name] of [
      [volumeId, "a"],
      [other, "b"],
      [volumeId, "c"]
    ] as const) {
      ids.push((yield* inTime(create(source, name), "10 seconds")).id)
    }
    return { volumeId, other, ids }
  })
  const list = (filter: { snapshotId?: SnapshotId; volumeId?: VolumeId }, maxEntries = 0, token = "") =>
    Effect.flatMap(SnapshotProvisioning, (service) =>
      service.list({ snapshotId: undefined, volumeId: undefined, ...filter }, maxEntries, token)
    ).pipe(Effect.map(({ entries, nextToken }) => ({ ids: entries.map(({ id }) => String(id)), nextToken })))

  it.effect("filters by snapshot, by volume, and by both", () =>
    Effect.gen(function* () {
      const { volumeId, other, ids } = yield* several
      const [a = "", b, c] = ids
      const snapshotId = SnapshotId(a)
      assert.deepStrictEqual((yield* list({})).ids, [a, b, c])
      assert.deepStrictEqual((yield* list({ volumeId })).ids, [a, c])
      assert.deepStrictEqual((yield* list({ snapshotId })).ids, [a])
      assert.deepStrictEqual((yield* list({ snapshotId, volumeId })).ids, [a])
      assert.deepStrictEqual((yield* list({ snapshotId, volumeId: other })).ids, [])
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("gives an empty page for what is unknown", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* list({ snapshotId: SnapshotId("none-exist-id") })).ids, [])
      assert.deepStrictEqual((yield* list({ volumeId: VolumeId("none-exist-id") })).ids, [])
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("pages", () =>
    Effect.gen(function* () {
      const { ids } = yield* several
      const first = yield* list({}, 2)
      assert.deepStrictEqual(first.ids, ids.slice(0, 2))
      assert.deepStrictEqual(yield* list({}, 0, first.nextToken), { ids: ids.slice(2), nextToken: undefined })
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("leaves out what is not cut yet", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const { id } = yield* cinder.createSnapshot({ volumeId: yield* aVolume, name: "a" })
      assert.deepStrictEqual((yield* list({})).ids, [])
      assert.deepStrictEqual((yield* list({ snapshotId: SnapshotId(id) })).ids, [])
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )
})
