import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { inWorld, twoServers, verdict } from "./inWorld.ts"

const refusalOf = <A>(request: Effect.Effect<A, { readonly message: string }>) =>
  Effect.map(Effect.flip(request), ({ message }) => message)

describe("snapshots in the World", () => {
  it.effect("are creating, then available, and leave the volume's status alone", () =>
    inWorld({ latencies: { snapshot: "1 second" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 3 })
        const { id, sizeGiB } = yield* cinder.createSnapshot({ volumeId: volume.id, name: "s" })
        const before = yield* cinder.showSnapshot(id)
        const during = yield* cinder.showVolume(volume.id)
        yield* TestClock.adjust("1 second")
        const after = yield* cinder.showSnapshot(id)
        assert.deepStrictEqual(
          [sizeGiB, before.status, before.progressPercent, during.status, after.status, after.progressPercent],
          [3, "creating", 0, "available", "available", 100]
        )
      })
    )
  )

  it.effect("are neither source nor deletable while they are being made", () =>
    inWorld({ latencies: { snapshot: "1 second" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 1 })
        const { id } = yield* cinder.createSnapshot({ volumeId: volume.id })
        assert.deepStrictEqual(
          [yield* refusalOf(cinder.createVolume({ snapshotId: id })), yield* refusalOf(cinder.deleteSnapshot(id))],
          [
            "Invalid snapshot: Originating snapshot status must be one of 'available' values",
            "Invalid snapshot: Snapshot status must be available or error and must not be part of a group."
          ]
        )
      })
    )
  )

  it.effect("keep the volume from being deleted, and go with it in a cascade", () =>
    inWorld({ latencies: { snapshotDelete: "1 second", delete: "1 second" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 1 })
        const snapshot = yield* cinder.createSnapshot({ volumeId: volume.id })
        const alone = yield* verdict(cinder.deleteVolume(volume.id, { cascade: false }))
        yield* cinder.deleteVolume(volume.id, { cascade: true })
        const during = yield* cinder.showSnapshot(snapshot.id)
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(
          [
            alone,
            during.status,
            yield* verdict(cinder.showSnapshot(snapshot.id)),
            yield* verdict(cinder.showVolume(volume.id))
          ],
          [400, "deleting", 404, 404]
        )
      })
    )
  )

  it.effect("come back available when the backend is busy, and stick in error_deleting when it fails", () =>
    inWorld({}, ({ cinder, faults }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 1 })
        const { id } = yield* cinder.createSnapshot({ volumeId: volume.id })
        yield* faults.failWork({ work: "snapshotDelete", outcome: "reverts" })
        yield* cinder.deleteSnapshot(id)
        const busy = yield* cinder.showSnapshot(id)
        yield* faults.failWork({ work: "snapshotDelete", outcome: "fails" })
        yield* cinder.deleteSnapshot(id)
        const failed = yield* cinder.showSnapshot(id)
        const [message] = yield* cinder.listMessages({ resourceId: id, limit: 1 })
        assert.deepStrictEqual(
          [busy.status, failed.status, message?.eventId, yield* verdict(cinder.deleteSnapshot(id))],
          ["available", "error_deleting", "VOLUME_VOLUME_SNAPSHOT_010_016", 400]
        )
      })
    )
  )
})

describe("backups in the World", () => {
  it.effect("hold their volume in backing-up and give it back in its former status", () =>
    inWorld({ servers: twoServers, latencies: { backup: "10 seconds" } }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 2 })
        yield* nova.attachVolume(twoServers[0].id, volume.id)
        const { id } = yield* cinder.createBackup({ volumeId: volume.id, force: true })
        const during = yield* cinder.showVolume(volume.id)
        const detach = yield* verdict(nova.detachVolume(twoServers[0].id, volume.id))
        const early = yield* verdict(cinder.deleteBackup(id))
        yield* TestClock.adjust("10 seconds")
        const { status, sizeGiB } = yield* cinder.showBackup(id)
        assert.deepStrictEqual(
          [during.status, detach, early, status, sizeGiB, (yield* cinder.showVolume(volume.id)).status],
          ["backing-up", 400, 400, "available", 2, "in-use"]
        )
      })
    )
  )

  it.effect("of a snapshot hold the snapshot and not the volume", () =>
    inWorld({ latencies: { backup: "10 seconds" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 1 })
        const snapshot = yield* cinder.createSnapshot({ volumeId: volume.id })
        yield* cinder.createBackup({ volumeId: volume.id, snapshotId: snapshot.id })
        const during = [(yield* cinder.showVolume(volume.id)).status, (yield* cinder.showSnapshot(snapshot.id)).status]
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(during, ["available", "backing-up"])
        assert.strictEqual((yield* cinder.showSnapshot(snapshot.id)).status, "available")
      })
    )
  )

  it.effect("stay while increments build on them", () =>
    inWorld({}, ({ cinder }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 1 })
        const without = yield* refusalOf(cinder.createBackup({ volumeId: volume.id, incremental: true }))
        const full = yield* cinder.createBackup({ volumeId: volume.id })
        const increment = yield* cinder.createBackup({ volumeId: volume.id, incremental: true })
        const { hasDependentBackups } = yield* cinder.showBackup(full.id)
        const refused = yield* refusalOf(cinder.deleteBackup(full.id))
        yield* cinder.deleteBackup(increment.id)
        yield* cinder.deleteBackup(full.id)
        assert.deepStrictEqual(
          [without, hasDependentBackups, refused, yield* verdict(cinder.showBackup(full.id))],
          [
            "Invalid backup: No backups available to do an incremental backup.",
            true,
            "Invalid backup: Incremental backups exist for this backup.",
            404
          ]
        )
      })
    )
  )

  it.effect("become a new volume by way of restoring-backup, marked with their id", () =>
    inWorld({ latencies: { restore: "10 seconds" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 2 })
        const backup = yield* cinder.createBackup({ volumeId: volume.id })
        const { id, sizeGiB } = yield* cinder.createVolume({ backupId: backup.id })
        yield* TestClock.adjust("5 seconds")
        const during = yield* cinder.showVolume(id)
        yield* TestClock.adjust("5 seconds")
        const after = yield* cinder.showVolume(id)
        assert.deepStrictEqual(
          [sizeGiB, during.status, after.status, after.metadata],
          [2, "restoring-backup", "available", { src_backup_id: backup.id }]
        )
      })
    )
  )

  it.effect("that cannot be restored bear the reason themselves, and their volume bears none", () =>
    inWorld({}, ({ cinder, faults }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 1 })
        const backup = yield* cinder.createBackup({ volumeId: volume.id })
        yield* faults.failWork({ work: "restore", outcome: "fails", times: 2 })
        const fresh = yield* cinder.createVolume({ backupId: backup.id })
        yield* cinder.restoreBackup(backup.id, { volumeId: volume.id })
        const about = (resourceId: string) =>
          Effect.map(cinder.listMessages({ resourceId }), (rows) =>
            rows.map(({ eventId, resourceType, userMessage }) => [eventId, resourceType, userMessage])
          )
        const reason = [
          "VOLUME_VOLUME_BACKUP_015_026",
          "VOLUME_BACKUP",
          "restore backup:Backup driver failed to restore backup."
        ]
        assert.deepStrictEqual(
          [yield* about(fresh.id), yield* about(volume.id), yield* about(backup.id)],
          [[], [], [reason, reason]]
        )
        assert.strictEqual((yield* cinder.showBackup(backup.id)).status, "available")
      })
    )
  )

  it.effect("are restored into a volume that is free and large enough", () =>
    inWorld({ latencies: { restore: "10 seconds" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 2 })
        const small = yield* cinder.createVolume({ sizeGiB: 1 })
        const backup = yield* cinder.createBackup({ volumeId: volume.id })
        const tooSmall = yield* refusalOf(cinder.restoreBackup(backup.id, { volumeId: small.id }))
        yield* cinder.restoreBackup(backup.id, { volumeId: volume.id })
        const again = yield* refusalOf(cinder.restoreBackup(backup.id, { volumeId: volume.id }))
        const during = [(yield* cinder.showBackup(backup.id)).status, (yield* cinder.showVolume(volume.id)).status]
        yield* TestClock.adjust("10 seconds")
        const after = [(yield* cinder.showBackup(backup.id)).status, (yield* cinder.showVolume(volume.id)).status]
        assert.deepStrictEqual(
          { tooSmall, again, during, after },
          {
            tooSmall: "Invalid volume: volume size 1 is too small to restore backup of size 2.",
            again: "Invalid backup: Backup status must be available",
            during: ["restoring", "restoring-backup"],
            after: ["available", "available"]
          }
        )
      })
    )
  )

  it.effect("make their own volume to be restored into when none is named", () =>
    inWorld({}, ({ cinder }) =>
      Effect.gen(function* () {
        const volume = yield* cinder.createVolume({ sizeGiB: 2 })
        const backup = yield* cinder.createBackup({ volumeId: volume.id })
        const { volumeId, volumeName } = yield* cinder.restoreBackup(backup.id, { name: "restored" })
        const made = yield* cinder.showVolume(volumeId)
        assert.deepStrictEqual(
          [volumeName, made.status, made.sizeGiB, made.description],
          ["restored", "available", 2, "auto-created_from_restore_from_backup"]
        )
      })
    )
  )
})
