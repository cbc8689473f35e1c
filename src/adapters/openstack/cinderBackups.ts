import { Effect } from "effect"
import { BackupId } from "../../domain/Backup.ts"
import { BackupNotFound } from "../../domain/errors.ts"
import type { VolumeId } from "../../domain/Volume.ts"
import type { Cinder, NewBackup, PageRequest } from "../../ports/Cinder.ts"
import { backupListing, findByName, listPageOf, markedBackupListing } from "./cinderLists.ts"
import { ask, changeTimeoutMillis, failure, readTimeoutMillis, refused, unlessDeleting } from "./cinderRequests.ts"
import { BackupReply, NewBackupReply, newBackupBody, toBackup } from "./cinderWire.ts"
import { pathSegment } from "./ids.ts"
import { withBackupMetadata, withBackupZone } from "./microversions.ts"
import type { ServiceClient } from "./OpenStackHttp.ts"

type Backups = Pick<Cinder["Type"], "findBackups" | "getBackup" | "listBackups" | "createBackup" | "deleteBackup">

export const backupRequests = (send: ServiceClient): Backups => {
  const getBackup = Effect.fn("Cinder.getBackup")(function* (id: BackupId) {
    const segment = pathSegment(id)
    if (segment === undefined) return yield* new BackupNotFound({ id })
    return yield* ask(
      send,
      {
        label: "backup_get",
        operation: "show backup",
        method: "GET",
        path: `/backups/${segment}`,
        timeoutMillis: readTimeoutMillis
      },
      BackupReply
    ).pipe(
      Effect.map(({ backup }) => toBackup(backup)),
      Effect.catchTag("RequestFailed", (failed) =>
        Effect.fail(failed.fault.thingMissing ? new BackupNotFound({ id }) : failure(failed))
      )
    )
  })

  const createBackup = Effect.fn("Cinder.createBackup")(function* (spec: NewBackup) {
    return yield* ask(
      send,
      {
        label: "backup_create",
        operation: "create backup",
        method: "POST",
        path: "/backups",
        body: newBackupBody(spec),
        microversion: spec.zone === undefined ? withBackupMetadata : withBackupZone,
        timeoutMillis: changeTimeoutMillis
      },
      NewBackupReply
    ).pipe(
      Effect.map(({ backup }) => BackupId(backup.id)),
      Effect.catchTag("RequestFailed", (failed) => Effect.fail(refused(failed)))
    )
  })

  const deleteBackup = Effect.fn("Cinder.deleteBackup")(function* (id: BackupId) {
    const segment = pathSegment(id)
    if (segment === undefined) return
    yield* send({
      label: "backup_delete",
      operation: "delete backup",
      method: "DELETE",
      path: `/backups/${segment}`,
      timeoutMillis: changeTimeoutMillis
    }).pipe(Effect.catchTag("RequestFailed", unlessDeleting(getBackup(id))))
  })

  return {
    findBackups: Effect.fn("Cinder.findBackups")((name: string) => findByName(send, markedBackupListing, name)),
    getBackup,
    listBackups: Effect.fn("Cinder.listBackups")((page: PageRequest, volumeId: VolumeId | undefined) =>
      listPageOf(send, backupListing, page, volumeId)
    ),
    createBackup,
    deleteBackup
  }
}
