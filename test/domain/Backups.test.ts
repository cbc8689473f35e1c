import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, TestClock } from "effect"
import { World, type WorldOptions } from "../../src/adapters/memory/index.ts"
import { badRequest, forbidden, itemNotFound, serverFault } from "../../src/adapters/memory/worldErrors.ts"
import { CallDeadline } from "../../src/domain/CallDeadline.ts"
import { SnapshotId } from "../../src/domain/Snapshot.ts"
import { SnapshotProvisioning } from "../../src/domain/SnapshotProvisioning.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { VolumeProvisioning } from "../../src/domain/VolumeProvisioning.ts"
import { controllerOnWorld, GiB, inTime, provisionRequest, requestsOf } from "../support/controllerOnWorld.ts"

const slow: WorldOptions = { latencies: { snapshot: "3 seconds", snapshotDelete: "2 seconds", backup: "5 minutes" } }
/** Copies within the time that the call which made a backup watches it. */
const quick: WorldOptions = { latencies: { snapshot: "1 second", snapshotDelete: "1 second", backup: "3 seconds" } }

const aVolume = Effect.gen(function* () {
  const { cinder } = yield* World
  return VolumeId((yield* cinder.createVolume({ name: "v", sizeGiB: 2 })).id)
})

const create = (volumeId: VolumeId, parameters: Readonly<Record<string, string>> = {}, name = "snapshot-1") =>
  Effect.flatMap(SnapshotProvisioning, (service) =>
    inTime(service.create({ volumeId, name, parameters: { type: "backup", ...parameters } }), "10 seconds")
  )
const remove = (id: SnapshotId) =>
  Effect.flatMap(SnapshotProvisioning, (service) => inTime(service.remove(id), "30 seconds"))

const allSnapshots = Effect.flatMap(World, ({ cinder }) => cinder.listSnapshots({})).pipe(
  Effect.map(({ rows }) => rows)
)
const allBackups = Effect.flatMap(World, ({ cinder }) => cinder.listBackups({})).pipe(Effect.map(({ rows }) => rows))

const finished = TestClock.adjust("6 minutes")
const patient = { "backup-max-duration-seconds-per-gb": "600" }

describe("a snapshot of the type backup", () => {
  it.effect("is answered once it is cut, and is ready once it is copied, without what it was copied from", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      const volumeId = yield* aVolume
      const first = yield* create(volumeId, patient)
      const [backup] = yield* allBackups
      const expected = { id: SnapshotId(backup?.id ?? ""), volumeId, sizeBytes: 2n * GiB, createdAt: 3_600_000 }
      assert.deepStrictEqual(first, { ...expected, ready: false })
      assert.strictEqual((yield* allSnapshots).length, 1)
      assert.deepStrictEqual(yield* create(volumeId, patient), { ...expected, ready: false })
      yield* finished
      assert.deepStrictEqual(yield* create(volumeId, patient), { ...expected, ready: true })
      assert.deepStrictEqual(yield* allSnapshots, [])
      assert.strictEqual((yield* allBackups).length, 1)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("bears what the Go driver writes, in the zone of its class", () =>
    Effect.gen(function* () {
      const told = { "csi.storage.k8s.io/volumesnapshot/name": "nightly" }
      const metadata = { ...told, team: "storage", "cinder.csi.openstack.org/cluster": "k8s" }
      yield* create(yield* aVolume, { ...told, availability: "az2", appendVolumeMetadata: '{"team":"storage"}' })
      const [backup] = yield* allBackups
      assert.strictEqual(backup?.name, "snapshot-1")
      assert.strictEqual(backup?.description, "Created by OpenStack Cinder CSI driver")
      assert.strictEqual(backup?.zone, "az2")
      assert.deepStrictEqual(backup?.metadata, { ...metadata, type: "backup" })
      const [snapshot] = yield* allSnapshots
      assert.strictEqual(snapshot?.name, "snapshot-1")
      assert.deepStrictEqual(snapshot?.metadata, { ...metadata, "cinder.csi.openstack.org/temporary": "true" })
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("costs one list per call while it is copied, and two from then on", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      assert.deepStrictEqual(yield* requestsOf(create(volumeId)), {
        listBackups: 2,
        listSnapshots: 1,
        createSnapshot: 1,
        showSnapshot: 5,
        createBackup: 1,
        showBackup: 6
      })
      assert.deepStrictEqual(yield* requestsOf(create(volumeId)), { listBackups: 1 })
      yield* finished
      const whenReady = { listBackups: 1, listSnapshots: 1 }
      const cleaning = { deleteSnapshot: 1, showSnapshot: 4 }
      assert.deepStrictEqual(yield* requestsOf(create(volumeId, patient)), { ...whenReady, ...cleaning })
      assert.deepStrictEqual(yield* requestsOf(create(volumeId, patient)), whenReady)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("is taken up where an interrupted call left it", () =>
    Effect.gen(function* () {
      const service = yield* SnapshotProvisioning
      const volumeId = yield* aVolume
      const request = { volumeId, name: "snapshot-1", parameters: { type: "backup" } }
      const first = yield* Effect.fork(service.create(request))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(first)
      assert.strictEqual((yield* allBackups).length, 0)
      yield* create(volumeId)
      assert.strictEqual((yield* allSnapshots).length, 1)
      assert.strictEqual((yield* allBackups).length, 1)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("is left to another process that went on with the same temporary snapshot meanwhile", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const service = yield* SnapshotProvisioning
      const volumeId = yield* aVolume
      const request = { volumeId, name: "snapshot-1", parameters: { type: "backup" } }
      const first = yield* Effect.fork(service.create(request))
      yield* TestClock.adjust("3200 millis")
      const [snapshot] = yield* allSnapshots
      const metadata = { "cinder.csi.openstack.org/cluster": "k8s", type: "backup" }
      const { id } = yield* cinder.createBackup({ volumeId, snapshotId: snapshot?.id, name: "snapshot-1", metadata })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(first)).id, SnapshotId(id))
      assert.strictEqual((yield* allBackups).length, 1)
    }).pipe(Effect.provide(controllerOnWorld({ latencies: { snapshot: "3 seconds", backup: "4 seconds" } })))
  )

  it.effect("is adopted if the answer to its request was lost", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      yield* faults.failCall({ call: "createBackup", fault: serverFault("gateway gave up"), afterwards: true })
      assert.isFalse((yield* create(yield* aVolume)).ready)
      assert.strictEqual((yield* allBackups).length, 1)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("keeps its temporary snapshot while the request may still take effect", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const volumeId = yield* aVolume
      yield* faults.failCall({ call: "createBackup", fault: serverFault("nobody answers") })
      assert.strictEqual((yield* Effect.flip(create(volumeId)))._tag, "CloudFailure")
      const [before] = yield* allSnapshots
      yield* create(volumeId)
      const [after] = yield* allSnapshots
      assert.strictEqual(after?.id, before?.id)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("leaves nothing behind when Cinder refuses it", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const volumeId = yield* aVolume
      yield* faults.failCall({ call: "createBackup", fault: badRequest("Invalid backup: no") })
      assert.strictEqual((yield* Effect.flip(create(volumeId)))._tag, "Refused")
      assert.deepStrictEqual(yield* allSnapshots, [])
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("leaves nothing behind when the quota is used up", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(create(yield* aVolume)))._tag, "QuotaExceeded")
      assert.deepStrictEqual(yield* allSnapshots, [])
    }).pipe(Effect.provide(controllerOnWorld({ ...slow, quotas: { backups: 0 } })))
  )

  it.effect("that is copied within seconds is ready at once, without what it was copied from", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      const first = yield* create(volumeId)
      assert.isTrue(first.ready)
      assert.deepStrictEqual(yield* allSnapshots, [])
      assert.deepStrictEqual(yield* create(volumeId), first)
      assert.strictEqual((yield* allBackups).length, 1)
    }).pipe(Effect.provide(controllerOnWorld(quick)))
  )

  it.effect("is watched for less time where the caller waits for less, so that the answer arrives", () =>
    Effect.gen(function* () {
      const service = yield* SnapshotProvisioning
      const request = { volumeId: yield* aVolume, name: "snapshot-1", parameters: { type: "backup" } }
      const answered = Effect.zip(service.create(request), Clock.currentTimeMillis).pipe(
        Effect.provideService(CallDeadline, 8_000)
      )
      const [{ ready }, at] = yield* inTime(answered, "10 seconds")
      assert.isFalse(ready)
      assert.isAbove(at, 5_000)
      assert.isBelow(at, 6_500)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("is answered as it was seen last where it cannot be watched on", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const service = yield* SnapshotProvisioning
      const request = { volumeId: yield* aVolume, name: "snapshot-1", parameters: { type: "backup" } }
      const call = yield* Effect.fork(service.create(request))
      yield* TestClock.adjust("4500 millis")
      yield* faults.failCall({ call: "showBackup", fault: forbidden("not any more"), times: 9 })
      yield* TestClock.adjust("1 second")
      assert.isFalse((yield* Fiber.join(call)).ready)
      assert.strictEqual((yield* allBackups).length, 1)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("that Cinder accepted and does not show is left to the next call, which finds it", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const volumeId = yield* aVolume
      yield* faults.failCall({ call: "showBackup", fault: itemNotFound("Backup could not be found."), times: 9 })
      assert.strictEqual((yield* Effect.flip(create(volumeId)))._tag, "StillWorking")
      assert.isFalse((yield* create(volumeId)).ready)
      assert.strictEqual((yield* allBackups).length, 1)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("that fails while the call that made it watches is deleted, and the next call begins anew", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const volumeId = yield* aVolume
      yield* faults.failWork({ work: "backup", outcome: "fails" })
      const error = yield* Effect.flip(create(volumeId))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, "Backup driver failed to create backup.")
      assert.deepStrictEqual([yield* allSnapshots, yield* allBackups], [[], []])
      assert.isTrue((yield* create(volumeId)).ready)
    }).pipe(Effect.provide(controllerOnWorld(quick)))
  )

  it.effect("that fails while the call watches is begun anew, however long its temporary snapshot takes to go", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const service = yield* SnapshotProvisioning
      const request = { volumeId: yield* aVolume, name: "snapshot-1", parameters: { type: "backup" } }
      yield* faults.failWork({ work: "backup", outcome: "fails" })
      const call = yield* Effect.fork(Effect.provideService(service.create(request), CallDeadline, 20_000))
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* Effect.flip(Fiber.join(call)))._tag, "StillWorking")
      assert.deepStrictEqual(yield* allBackups, [])
      yield* finished
      assert.isTrue((yield* inTime(service.create(request), "6 minutes")).ready)
    }).pipe(Effect.provide(controllerOnWorld({ latencies: { ...quick.latencies, snapshotDelete: "1 minute" } })))
  )

  it.effect("that fails after its id was given out is never replaced, and leaves only itself", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const volumeId = yield* aVolume
      yield* faults.failWork({ work: "backup", outcome: "fails" })
      const { id } = yield* create(volumeId)
      yield* finished
      for (let call = 0; call < 2; call++) {
        const error = yield* Effect.flip(create(volumeId))
        assert.strictEqual(error._tag, "Refused")
        assert.include(
          error.message,
          "Backup driver failed to create backup.; delete the VolumeSnapshot that it belongs to"
        )
      }
      assert.deepStrictEqual(yield* allSnapshots, [])
      yield* remove(id)
      assert.deepStrictEqual(yield* allBackups, [])
      assert.isFalse((yield* create(volumeId)).ready)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("that failed is not replaced by another of its name, which a second process made meanwhile", () =>
    Effect.gen(function* () {
      const { cinder, faults } = yield* World
      const volumeId = yield* aVolume
      yield* faults.failWork({ work: "backup", outcome: "fails" })
      const { id } = yield* create(volumeId)
      const metadata = { "cinder.csi.openstack.org/cluster": "k8s", type: "backup" }
      yield* cinder.createBackup({ volumeId, name: "snapshot-1", metadata })
      yield* finished
      const error = yield* Effect.flip(create(volumeId))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, `backup ${id} of that name is error`)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("of a class without patience is reported as stuck, and comes out well all the same", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      yield* create(volumeId)
      yield* TestClock.adjust("2 minutes")
      const error = yield* Effect.flip(create(volumeId))
      assert.strictEqual(error._tag, "NotReady")
      assert.match(error.message, /is creating for \d+ s, longer than the 70 s allowed .* raise backup-max-duration/)
      yield* finished
      assert.isTrue((yield* create(volumeId)).ready)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("does not touch a snapshot that was asked for under the same name", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      const snapshot = yield* create(volumeId, { type: "snapshot" })
      yield* create(volumeId)
      assert.deepStrictEqual(
        (yield* allSnapshots).map(({ id }) => SnapshotId(id)),
        [snapshot.id]
      )
      assert.strictEqual((yield* create(volumeId, { type: "snapshot" })).id, snapshot.id)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("refuses the name of a backup of another volume", () =>
    Effect.gen(function* () {
      yield* create(yield* aVolume)
      assert.strictEqual((yield* Effect.flip(create(yield* aVolume)))._tag, "AlreadyExists")
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("whose temporary snapshot cannot be deleted is handed out", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      yield* faults.failWork({ work: "snapshotDelete", outcome: "fails" })
      assert.isTrue((yield* create(yield* aVolume)).ready)
    }).pipe(Effect.provide(controllerOnWorld()))
  )
})

describe("the deletion of a backup", () => {
  it.effect("waits for the copy to end and takes the temporary snapshot along", () =>
    Effect.gen(function* () {
      const { id } = yield* create(yield* aVolume)
      assert.strictEqual((yield* Effect.flip(remove(id)))._tag, "NotReady")
      assert.deepStrictEqual([(yield* allSnapshots).length, (yield* allBackups).length], [1, 1])
      yield* finished
      yield* remove(id)
      assert.deepStrictEqual([yield* allSnapshots, yield* allBackups], [[], []])
      yield* remove(id)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("is looked for only where there is no snapshot", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      const snapshot = yield* create(volumeId, { type: "snapshot" })
      const backup = yield* create(volumeId, {}, "snapshot-2")
      assert.deepStrictEqual(yield* requestsOf(remove(snapshot.id)), { deleteSnapshot: 1, showSnapshot: 1 })
      assert.deepStrictEqual(yield* requestsOf(remove(backup.id)), {
        deleteSnapshot: 1,
        showBackup: 2,
        listSnapshots: 1,
        deleteBackup: 1
      })
      assert.deepStrictEqual(yield* requestsOf(remove(SnapshotId("none"))), { deleteSnapshot: 1, showBackup: 1 })
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect.each([
    ["a failed look", serverFault("down"), "CloudFailure"],
    ["a service that is away", itemNotFound("Service cinder-backup could not be found."), "CloudFailure"]
  ] as const)("takes %s for no success", ([, fault, tag]) =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { id } = yield* create(yield* aVolume)
      yield* faults.failCall({ call: "showBackup", fault, times: 9 })
      assert.strictEqual((yield* Effect.flip(remove(id)))._tag, tag)
      yield* faults.clear
      yield* faults.failCall({ call: "deleteBackup", fault, times: 9 })
      assert.strictEqual((yield* Effect.flip(remove(id)))._tag, tag)
      assert.strictEqual((yield* allBackups).length, 1)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("is refused while increments build on it", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const volumeId = yield* aVolume
      const { id } = yield* create(volumeId)
      yield* cinder.createBackup({ volumeId, incremental: true })
      const error = yield* Effect.flip(remove(id))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, "Incremental backups exist")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("says who must act when Cinder cannot delete it", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { id } = yield* create(yield* aVolume)
      yield* faults.failWork({ work: "backupDelete", outcome: "fails" })
      const error = yield* Effect.flip(remove(id))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, "administrator")
    }).pipe(Effect.provide(controllerOnWorld()))
  )
})

describe("lists", () => {
  const list = (filter: { snapshotId?: SnapshotId; volumeId?: VolumeId }, maxEntries = 0, token = "") =>
    Effect.flatMap(SnapshotProvisioning, (service) =>
      service.list({ snapshotId: undefined, volumeId: undefined, ...filter }, maxEntries, token)
    )

  it.effect("show backups after snapshots, page by page", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      const made: Array<SnapshotId> = []
      for (const [name, type] of [
        ["a", "snapshot"],
        ["b", "snapshot"],
        ["c", "backup"],
        ["d", "backup"],
        ["e", "backup"]
      ] as const) {
        made.push((yield* create(volumeId, { type }, name)).id)
      }
      for (const size of [0, 1, 2, 3, 4, 5, 6]) {
        const seen: Array<SnapshotId> = []
        let token: string | undefined = ""
        while (token !== undefined) {
          const page: { entries: ReadonlyArray<{ id: SnapshotId }>; nextToken: string | undefined } = yield* list(
            size === 3 ? { volumeId } : {},
            size,
            token
          )
          seen.push(...page.entries.map(({ id }) => id))
          token = page.nextToken
        }
        assert.deepStrictEqual(seen, made)
      }
      assert.deepStrictEqual((yield* list({ volumeId: yield* aVolume })).entries, [])
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("have a token after the last snapshot exactly where a backup follows", () =>
    Effect.gen(function* () {
      const { cinder, faults } = yield* World
      const volumeId = yield* aVolume
      yield* create(volumeId, { type: "snapshot" }, "a")
      yield* faults.failWork({ work: "snapshot", outcome: "fails" })
      yield* cinder.createSnapshot({ volumeId, name: "never shown" })
      yield* create(volumeId, { type: "snapshot" }, "c")
      const alone = yield* list({}, 2)
      assert.deepStrictEqual([alone.entries.length, alone.nextToken], [2, undefined])
      const { id } = yield* create(volumeId, {}, "d")
      const { nextToken = "" } = yield* list({}, 2)
      assert.deepStrictEqual(
        (yield* list({}, 2, nextToken)).entries.map((entry) => entry.id),
        [id]
      )
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("refuse a token of another kind", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(list({}, 1, "backups.nonsense")))._tag, "UnknownPageToken")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("find a backup by its id and tell when it is ready", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      const snapshot = yield* create(volumeId)
      const snapshotId = snapshot.id
      assert.deepStrictEqual((yield* list({ snapshotId })).entries, [snapshot])
      yield* finished
      assert.deepStrictEqual((yield* list({ snapshotId })).entries, [{ ...snapshot, ready: true }])
      assert.deepStrictEqual((yield* list({ snapshotId, volumeId: yield* aVolume })).entries, [])
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )
})

describe("a volume made from a backup", () => {
  const restored = (id: SnapshotId, requiredBytes = 3n * GiB) =>
    Effect.flatMap(VolumeProvisioning, ({ provision }) =>
      inTime(
        provision(
          provisionRequest({
            source: { _tag: "snapshot", id },
            capacity: { requiredBytes, limitBytes: undefined }
          })
        ),
        "10 seconds"
      )
    )

  it.effect("names it as its source, also in the answer to a repetition", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const { id } = yield* create(yield* aVolume)
      const first = yield* restored(id)
      assert.deepStrictEqual(first.source, { _tag: "snapshot", id })
      assert.strictEqual(first.context["cinder.csi.openstack.org/resizeRequired"], "true")
      assert.deepStrictEqual(yield* restored(id), first)
      const { get } = yield* VolumeProvisioning
      assert.deepStrictEqual((yield* get(first.id)).volume.source, { _tag: "snapshot", id })
      assert.strictEqual((yield* cinder.showVolume(first.id)).snapshotId, undefined)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("is known by Cinder's own mark where the restored metadata replaced ours", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const { id } = yield* create(yield* aVolume)
      const first = yield* restored(id)
      yield* cinder.replaceVolumeMetadata(first.id, { src_backup_id: id })
      assert.strictEqual((yield* restored(id)).id, first.id)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("is not taken for one from another source or from none", () =>
    Effect.gen(function* () {
      const volumeId = yield* aVolume
      const { id } = yield* create(volumeId)
      const other = yield* create(volumeId, {}, "other")
      yield* restored(id)
      assert.strictEqual((yield* Effect.flip(restored(other.id)))._tag, "AlreadyExists")
      const { provision } = yield* VolumeProvisioning
      const empty = provisionRequest({ capacity: { requiredBytes: 3n * GiB, limitBytes: undefined } })
      assert.strictEqual((yield* Effect.flip(provision(empty)))._tag, "AlreadyExists")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("needs a complete backup, and its size", () =>
    Effect.gen(function* () {
      const { id } = yield* create(yield* aVolume)
      assert.strictEqual((yield* Effect.flip(restored(id)))._tag, "NotReady")
      yield* finished
      assert.strictEqual((yield* Effect.flip(restored(id, GiB)))._tag, "OutOfRange")
      assert.strictEqual((yield* Effect.flip(restored(SnapshotId("none"))))._tag, "SnapshotNotFound")
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("that cannot be restored is explained and deleted", () =>
    Effect.gen(function* () {
      const { cinder, faults } = yield* World
      const { id } = yield* create(yield* aVolume)
      yield* faults.failWork({ work: "restore", outcome: "fails" })
      const error = yield* Effect.flip(restored(id))
      assert.strictEqual(error._tag, "Refused")
      assert.include(
        error.message,
        `Cinder could not make it: the newest message about backup ${id} is "restore backup:Backup driver failed to restore backup."`
      )
      assert.strictEqual((yield* cinder.listVolumes({ name: "pvc-1" })).rows.length, 0)
      assert.deepStrictEqual((yield* restored(id)).source, { _tag: "snapshot", id })
    }).pipe(Effect.provide(controllerOnWorld()))
  )
})
