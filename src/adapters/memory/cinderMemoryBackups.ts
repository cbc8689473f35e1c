import { Effect } from "effect"
import { BackupId, backupStatus, type MarkedBackup } from "../../domain/Backup.ts"
import { BackupNotFound, UnknownPageToken } from "../../domain/errors.ts"
import { SnapshotId } from "../../domain/Snapshot.ts"
import { VolumeId } from "../../domain/Volume.ts"
import type { Cinder, NewBackup, PageRequest } from "../../ports/Cinder.ts"
import { isMissing, oldestFirst, repeated, toPage, worldPage } from "./memoryRequests.ts"
import type { WorldCinder } from "./World.ts"
import { toCloudFailure, toQuotaOrFailure } from "./worldFailures.ts"
import type { BackupRecord } from "./worldTypes.ts"

type Backups = Pick<Cinder["Type"], "findBackups" | "getBackup" | "listBackups" | "createBackup" | "deleteBackup">

export const toBackup = (record: BackupRecord): MarkedBackup => ({
  id: BackupId(record.id),
  name: record.name ?? "",
  status: backupStatus(record.status),
  volumeId: VolumeId(record.volumeId),
  snapshotId: record.snapshotId === undefined ? undefined : SnapshotId(record.snapshotId),
  sizeGiB: record.sizeGiB,
  failReason: record.failReason,
  metadata: record.metadata,
  createdAt: record.createdAt,
  cutAt: record.dataTimestamp
})

export const backupsInMemory = (cinder: WorldCinder): Backups => {
  const failure = (operation: string) => toCloudFailure("Cinder", operation)
  return {
    findBackups: Effect.fn("CinderMemory.findBackups")((name: string) =>
      repeated(cinder.listBackups({ name, sort: oldestFirst })).pipe(
        Effect.map(({ rows }) => rows.map(toBackup)),
        Effect.mapError(failure("find backups"))
      )
    ),
    getBackup: Effect.fn("CinderMemory.getBackup")((id: BackupId) =>
      repeated(cinder.showBackup(id)).pipe(
        Effect.map(toBackup),
        Effect.mapError((fault) => (isMissing(fault) ? new BackupNotFound({ id }) : failure("show backup")(fault)))
      )
    ),
    listBackups: Effect.fn("CinderMemory.listBackups")((page: PageRequest, volumeId: VolumeId | undefined) =>
      repeated(cinder.listBackups({ ...worldPage(page), volumeId })).pipe(
        Effect.map((answer) => toPage(answer, toBackup)),
        Effect.mapError((fault) =>
          isMissing(fault) ? new UnknownPageToken({ token: page.marker ?? "" }) : failure("list backups")(fault)
        )
      )
    ),
    createBackup: Effect.fn("CinderMemory.createBackup")((spec: NewBackup) =>
      cinder.createBackup({ ...spec, force: true }).pipe(
        Effect.map(({ id }) => BackupId(id)),
        Effect.mapError(toQuotaOrFailure("Cinder", "create backup"))
      )
    ),
    deleteBackup: Effect.fn("CinderMemory.deleteBackup")((id: BackupId) =>
      repeated(cinder.deleteBackup(id)).pipe(
        Effect.catchIf(isMissing, () => Effect.void),
        Effect.mapError(failure("delete backup"))
      )
    )
  }
}
