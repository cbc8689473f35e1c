import { Brand } from "effect"
import type { SnapshotId } from "./Snapshot.ts"
import type { VolumeId } from "./Volume.ts"

/** Cinder's id of a backup. To CSI a backup is a snapshot, so this is a snapshot handle too. */
export type BackupId = string & Brand.Brand<"BackupId">
/** Takes a text for the id of a backup. */
export const BackupId = Brand.nominal<BackupId>()

/** The states Cinder documents (https://docs.openstack.org/api-ref/block-storage/v3/#backups-backups). */
export const backupStatuses = ["creating", "available", "restoring", "deleting", "error", "error_deleting"] as const

type DocumentedBackupStatus = (typeof backupStatuses)[number]
/** A state no release we know of documents. */
export type UnknownBackupStatus = string & Brand.Brand<"UnknownBackupStatus">
/** Cinder's state of a backup. */
export type BackupStatus = DocumentedBackupStatus | UnknownBackupStatus

const unknownBackupStatus = Brand.nominal<UnknownBackupStatus>()

/** Cinder's text as a state; a text it does not document is kept, marked as unknown. */
export const backupStatus = (text: string): BackupStatus =>
  backupStatuses.find((documented) => documented === text) ?? unknownBackupStatus(text)

/** A backup as its owner sees it. */
export interface Backup {
  readonly id: BackupId
  /** Not unique in Cinder. */
  readonly name: string
  readonly status: BackupStatus
  readonly volumeId: VolumeId
  /** The snapshot it was copied from, which may be gone by now; undefined for one made from the volume itself. */
  readonly snapshotId: SnapshotId | undefined
  /** The least size of a volume made from it. */
  readonly sizeGiB: number
  /** Cinder's reason for the state `error`. */
  readonly failReason: string | undefined
  /** Milliseconds since the epoch, by the clock of Cinder's API host. */
  readonly createdAt: number
  /** The point in time of its content, which is that of its snapshot. */
  readonly cutAt: number
}

/** Only newer clouds show what is written on a backup, so that not every look at one asks for it. */
export interface MarkedBackup extends Backup {
  readonly metadata: Readonly<Record<string, string>>
}
