import { Effect, Either } from "effect"
import { answerOnly, found, refuseIf } from "./decisions.ts"
import { pageOf } from "./IndexedTable.ts"
import { compareRows, isOneOf, isValue } from "./matching.ts"
import { changeSnapshot } from "./snapshotOperations.ts"
import { decideCreate, explainRestore } from "./volumeCreation.ts"
import { refuseBackup, refuseMetadataValues, refuseText, statusByAttachments } from "./volumeRules.ts"
import type { WorldCinder } from "./World.ts"
import type { Accepted, Engine } from "./worldEngine.ts"
import {
  backupNotFound,
  invalidBackup,
  invalidSnapshot,
  invalidVolume,
  snapshotNotFound,
  volumeNotFound,
  type WorldFault
} from "./worldErrors.ts"
import type { BackupSpec, RestoreAnswer } from "./worldRequests.ts"
import { addMessage, type BackupRow, backupView, changeVolume, type WorldState } from "./worldState.ts"
import type { BackupRecord } from "./worldTypes.ts"

const findBackup = (state: WorldState, id: string) => found(state.backups.get(id), () => backupNotFound(id))

const changeBackup = (state: WorldState, id: string, change: Partial<BackupRow>, now: number): void => {
  const row = state.backups.get(id)
  if (row !== undefined) state.backups.put({ ...row, ...change, updatedAt: now })
}

/** A new backup's increments build on the newest usable backup of the volume. */
const parentOf = (state: WorldState, spec: BackupSpec): Either.Either<BackupRow | undefined, WorldFault> => {
  if (spec.incremental !== true) return Either.right(undefined)
  const usable = state.backups.rowsWhere("volumeId", spec.volumeId).filter(({ status }) => status === "available")
  return found(usable.at(-1), () => invalidBackup("No backups available to do an incremental backup."))
}

const decideCreateBackup = (
  engine: Engine,
  spec: BackupSpec,
  now: number
): Either.Either<Accepted<BackupRecord>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks } = engine
    yield* refuseIf(refuseText("name", spec.name) ?? refuseText("description", spec.description))
    yield* refuseIf(refuseMetadataValues(spec.metadata))
    const volume = yield* found(state.volumes.get(spec.volumeId), () => volumeNotFound(spec.volumeId))
    const snapshotId = spec.snapshotId
    let dataTimestamp = now
    if (snapshotId === undefined) {
      yield* refuseIf(refuseBackup(volume, spec.force ?? false))
    } else {
      const snapshot = yield* found(state.snapshots.get(snapshotId), () => snapshotNotFound(snapshotId))
      if (snapshot.status !== "available") {
        return yield* Either.left(
          invalidSnapshot(`Snapshot to be backed up must be available, but the current status is "${snapshot.status}".`)
        )
      }
      dataTimestamp = snapshot.createdAt
    }
    yield* refuseIf(state.quota.refuseBackup(volume.sizeGiB))
    const parent = yield* parentOf(state, spec)
    const row: BackupRow = {
      id: state.newId(),
      name: spec.name,
      description: spec.description,
      volumeId: volume.id,
      snapshotId,
      status: "creating",
      sizeGiB: volume.sizeGiB,
      zone: spec.zone,
      container: spec.container,
      objectCount: 0,
      failReason: undefined,
      isIncremental: parent !== undefined,
      parentId: parent?.id,
      dataTimestamp,
      metadata: { ...spec.metadata },
      createdAt: now,
      updatedAt: undefined
    }
    state.backups.put(row)
    state.quota.countBackup(1, row.sizeGiB)
    if (snapshotId === undefined) changeVolume(state, volume.id, { status: "backing-up" }, now)
    else changeSnapshot(state, snapshotId, { status: "backing-up" }, now)

    const freeSource = (at: number) => {
      if (snapshotId === undefined) {
        if (state.volumes.get(volume.id)?.status !== "backing-up") return
        const status = statusByAttachments(state.attachments.rowsWhere("volumeId", volume.id))
        changeVolume(state, volume.id, { status }, at)
      } else if (state.snapshots.get(snapshotId)?.status === "backing-up") {
        changeSnapshot(state, snapshotId, { status: "available" }, at)
      }
    }

    return {
      answer: backupView(state, row),
      work: engine.carryOut({
        name: "backup",
        ending: plan.drawWork("backup", [row.id, row.name, volume.id]),
        begin: disks.createBackup(
          row.id,
          snapshotId === undefined ? { kind: "volume", id: volume.id } : { kind: "snapshot", id: snapshotId }
        ),
        finish: (end, at) => {
          freeSource(at)
          if (state.backups.get(row.id)?.status !== "creating") return
          if (end === "succeeds") {
            const container = row.container ?? `backups/${row.id}`
            return changeBackup(state, row.id, { status: "available", objectCount: row.sizeGiB, container }, at)
          }
          const failReason = "Backup driver failed to create backup."
          changeBackup(state, row.id, { status: "error", failReason }, at)
          addMessage(state, { type: "VOLUME_BACKUP", id: row.id }, "013_020", `create backup:${failReason}`, at)
        }
      })
    }
  })

const decideDeleteBackup = (engine: Engine, id: string, now: number): Either.Either<Accepted<void>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks } = engine
    const row = yield* findBackup(state, id)
    if (row.status !== "available" && row.status !== "error") {
      return yield* Either.left(invalidBackup("Backup status must be available or error"))
    }
    if (state.backups.entriesWhere("parentId", id).length > 0) {
      return yield* Either.left(invalidBackup("Incremental backups exist for this backup."))
    }
    changeBackup(state, id, { status: "deleting" }, now)
    return {
      answer: undefined,
      work: engine.carryOut({
        name: "backupDelete",
        ending: plan.drawWork("backupDelete", [id, row.name]),
        end: disks.removeBackup(id),
        finish: (end, at) => {
          if (state.backups.get(id)?.status !== "deleting") return
          if (end !== "succeeds") return changeBackup(state, id, { status: "error_deleting" }, at)
          state.backups.remove(id)
          state.quota.countBackup(-1, row.sizeGiB)
        }
      })
    }
  })

const decideRestore = (
  engine: Engine,
  backupId: string,
  volumeId: string,
  now: number
): Either.Either<Accepted<RestoreAnswer>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks } = engine
    const backup = yield* findBackup(state, backupId)
    if (backup.status !== "available") return yield* Either.left(invalidBackup("Backup status must be available"))
    const volume = yield* found(state.volumes.get(volumeId), () => volumeNotFound(volumeId))
    if (volume.status !== "available") {
      return yield* Either.left(invalidVolume("Volume to be restored to must be available"))
    }
    if (volume.sizeGiB < backup.sizeGiB) {
      return yield* Either.left(
        invalidVolume(`volume size ${volume.sizeGiB} is too small to restore backup of size ${backup.sizeGiB}.`)
      )
    }
    changeBackup(state, backupId, { status: "restoring" }, now)
    changeVolume(state, volumeId, { status: "restoring-backup" }, now)
    const overwrite = disks
      .remove(volumeId)
      .pipe(Effect.zipRight(disks.create(volumeId, volume.sizeGiB, { kind: "backup", id: backupId })))
    return {
      answer: { backupId, volumeId, volumeName: volume.name },
      work: engine.carryOut({
        name: "restore",
        ending: plan.drawWork("restore", [volumeId, volume.name, backupId]),
        begin: overwrite,
        finish: (end, at) => {
          if (state.backups.get(backupId)?.status === "restoring") {
            changeBackup(state, backupId, { status: "available" }, at)
          }
          const current = state.volumes.get(volumeId)
          if (current?.status !== "restoring-backup") return
          if (end === "succeeds") {
            const metadata = { ...current.metadata, src_backup_id: backupId }
            return changeVolume(state, volumeId, { status: "available", metadata }, at)
          }
          changeVolume(state, volumeId, { status: "error_restoring" }, at)
          explainRestore(state, backupId, at)
        }
      })
    }
  })

/** The requests of Cinder that concern backups. */
export const backupOperations = (
  engine: Engine
): Pick<WorldCinder, "createBackup" | "showBackup" | "listBackups" | "deleteBackup" | "restoreBackup"> => {
  const { state } = engine

  /** As Cinder does it: the request itself waits until the volume to restore into is there. */
  const newVolumeFor = (backupId: string, name: string | undefined) =>
    Effect.clockWith((clock) =>
      Either.match(
        Either.flatMap(findBackup(state, backupId), (backup) =>
          backup.status === "available"
            ? decideCreate(
                engine,
                {
                  name: name ?? `restore_backup_${backupId}`,
                  description: "auto-created_from_restore_from_backup",
                  sizeGiB: backup.sizeGiB
                },
                clock.unsafeCurrentTimeMillis()
              )
            : Either.left(invalidBackup("Backup status must be available"))
        ),
        { onLeft: Effect.fail, onRight: ({ answer, work }) => Effect.as(work, answer.id) }
      )
    )

  return {
    createBackup: (spec) => engine.request("createBackup", (now) => decideCreateBackup(engine, spec, now)),
    showBackup: (id) =>
      engine.request("showBackup", () =>
        Either.map(findBackup(state, id), (row) => answerOnly(backupView(state, row)))
      ),
    listBackups: (request) =>
      engine.request("listBackups", () =>
        Either.gen(function* () {
          const { marker, name, volumeId } = request
          const after =
            marker === undefined ? undefined : yield* found(state.backups.entry(marker), () => backupNotFound(marker))
          const page = pageOf(name === undefined ? state.backups.entries() : state.backups.entriesWhere("name", name), {
            matches: (row) => isValue(row.volumeId, volumeId) && isOneOf(row.status, request.status),
            compare: compareRows(request.sort?.key ?? "created_at"),
            direction: request.sort?.direction ?? "desc",
            limit: request.limit,
            after
          })
          return answerOnly({ ...page, rows: page.rows.map((row) => backupView(state, row)) })
        })
      ),
    deleteBackup: (id) => engine.request("deleteBackup", (now) => decideDeleteBackup(engine, id, now)),
    restoreBackup: (id, spec) =>
      engine.longRequest(
        "restoreBackup",
        (spec.volumeId === undefined ? newVolumeFor(id, spec.name) : Effect.succeed(spec.volumeId)).pipe(
          Effect.flatMap((volumeId) => engine.decide((now) => decideRestore(engine, id, volumeId, now)))
        )
      )
  }
}
