import { Either } from "effect"
import { type Backup, BackupId } from "../Backup.ts"
import { NotReady, Refused } from "../errors.ts"
import { type Snapshot, SnapshotId } from "../Snapshot.ts"
import type { CopySource, Volume, VolumeSource } from "../Volume.ts"
import { backupPhaseOf, phaseOf, snapshotPhaseOf } from "./phases.ts"

/**
 * Metadata on a volume that was made from a backup: the backup's id. Cinder itself shows no such source. It writes
 * `src_backup_id` once the bytes are there, and may overwrite ours then with what was written on the volume backed up.
 */
const backupSourceKey = "cinder.csi.openstack.org/source-backup"
export const cinderBackupKey = "src_backup_id"

/** What remembers on a new volume where its content comes from, so far as Cinder does not. */
export const sourceMetadata = (source: CopySource | undefined): Readonly<Record<string, string>> =>
  source?._tag === "backup" ? { [backupSourceKey]: source.id } : {}

const restoredFrom = ({ metadata }: Volume): ReadonlyArray<string> =>
  [metadata[cinderBackupKey], metadata[backupSourceKey]].filter((id) => id !== undefined)

const backupBehind = (volume: Volume): BackupId | undefined => {
  const [backup] = restoredFrom(volume)
  return volume.source !== undefined || backup === undefined ? undefined : BackupId(backup)
}

/** The backup whose restore into the volume may be what failed; undefined if there is none. */
export const failedRestoreOf = (volume: Volume): BackupId | undefined =>
  volume.status === "error" || volume.status === "error_restoring" ? backupBehind(volume) : undefined

/** What a volume was made from, as far as it shows. To CSI a backup is a snapshot. */
export const originOf = (volume: Volume): VolumeSource | undefined => {
  const backup = backupBehind(volume)
  return backup === undefined ? volume.source : { _tag: "snapshot", id: SnapshotId(backup) }
}

/**
 * Whether a volume was made from what was asked for. One that was asked for empty
 * may have had a backup restored into it later: only our own mark says that it was made so.
 */
export const isMadeFrom = (asked: VolumeSource | undefined, volume: Volume): boolean => {
  if (asked === undefined) return volume.source === undefined && volume.metadata[backupSourceKey] === undefined
  if (volume.source === undefined) return asked._tag === "snapshot" && restoredFrom(volume).includes(asked.id)
  return volume.source._tag === asked._tag && volume.source.id === asked.id
}

/** The least size of a copy in GiB, if the source can be copied from now. */
type SourceVerdict = Either.Either<number, NotReady | Refused>

const notYet = (subject: string, state: string) => Either.left(new NotReady({ subject, state, remedy: undefined }))

const never = (subject: string, status: string) =>
  Either.left(new Refused({ subject, because: `it is ${status} and cannot be copied from`, remedy: undefined }))

/** Cinder copies from an `available` snapshot alone. */
export const judgeSnapshotSource = (snapshot: Snapshot): SourceVerdict => {
  const subject = `snapshot ${snapshot.id}`
  switch (snapshotPhaseOf(snapshot.status)) {
    case "free":
      return Either.right(snapshot.sizeGiB)
    case "making":
    case "busy":
    case "unknown":
      return notYet(subject, snapshot.status)
    case "leaving":
    case "broken":
      return never(subject, snapshot.status)
  }
}

/** Cinder restores an `available` backup alone, and one at a time. */
export const judgeBackupSource = (backup: Backup): SourceVerdict => {
  const subject = `backup ${backup.id}`
  switch (backupPhaseOf(backup.status)) {
    case "free":
      return Either.right(backup.sizeGiB)
    case "making":
    case "busy":
    case "unknown":
      return notYet(subject, backup.status)
    case "leaving":
    case "broken":
      return never(subject, backup.status)
  }
}

/** Cinder copies from a volume that is at rest, in use or not. */
export const judgeVolumeSource = (volume: Volume): SourceVerdict => {
  const subject = `volume ${volume.id}`
  switch (phaseOf(volume.status)) {
    case "free":
    case "used":
      return Either.right(volume.sizeGiB)
    case "making":
    case "joining":
    case "parting":
    case "busy":
    case "held":
    case "unknown":
      return notYet(subject, volume.status)
    case "leaving":
    case "broken":
      return never(subject, volume.status)
  }
}
