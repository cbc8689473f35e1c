import { type BackupStatus, backupStatuses } from "../Backup.ts"
import { type SnapshotStatus, snapshotStatuses } from "../Snapshot.ts"
import { type VolumeStatus, volumeStatuses } from "../Volume.ts"

/**
 * What a status means to every decision:
 * - `making`: its first content is being written
 * - `free`, `used`: at rest, detached or attached
 * - `joining`, `parting`: Nova is attaching or detaching it
 * - `busy`: Cinder works on it and will return it to rest
 * - `held`: somebody has to act before it is usable again
 * - `leaving`: being deleted
 * - `broken`: work on it failed; only deletion or an administrator helps
 * - `unknown`: no release we know of has it, so it is no end either
 */
export type VolumePhase =
  | "making"
  | "free"
  | "used"
  | "joining"
  | "parting"
  | "busy"
  | "held"
  | "leaving"
  | "broken"
  | "unknown"

/** https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes */
const volumePhases: Readonly<Record<(typeof volumeStatuses)[number], VolumePhase>> = {
  creating: "making",
  downloading: "making",
  "restoring-backup": "making",
  available: "free",
  "in-use": "used",
  reserved: "joining",
  attaching: "joining",
  detaching: "parting",
  extending: "busy",
  retyping: "busy",
  maintenance: "busy",
  uploading: "busy",
  "backing-up": "busy",
  reverting: "busy",
  "awaiting-transfer": "held",
  deleting: "leaving",
  error: "broken",
  error_deleting: "broken",
  error_extending: "broken",
  error_restoring: "broken",
  error_managing: "broken"
}

export const phaseOf = (status: VolumeStatus): VolumePhase => {
  const documented = volumeStatuses.find((known) => known === status)
  return documented === undefined ? "unknown" : volumePhases[documented]
}

/** As for volumes; `free` is the only phase in which a snapshot can be copied from. */
export type SnapshotPhase = "making" | "free" | "busy" | "leaving" | "broken" | "unknown"

/** https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots */
const snapshotPhases: Readonly<Record<(typeof snapshotStatuses)[number], SnapshotPhase>> = {
  creating: "making",
  available: "free",
  updating: "busy",
  "backing-up": "busy",
  restoring: "busy",
  unmanaging: "leaving",
  deleting: "leaving",
  error: "broken",
  error_deleting: "broken"
}

export const snapshotPhaseOf = (status: SnapshotStatus): SnapshotPhase => {
  const documented = snapshotStatuses.find((known) => known === status)
  return documented === undefined ? "unknown" : snapshotPhases[documented]
}

/** As for snapshots; a backup that is being restored can be shown and is complete, but neither restored again nor deleted. */
const backupPhases: Readonly<Record<(typeof backupStatuses)[number], SnapshotPhase>> = {
  creating: "making",
  available: "free",
  restoring: "busy",
  deleting: "leaving",
  error: "broken",
  error_deleting: "broken"
}

export const backupPhaseOf = (status: BackupStatus): SnapshotPhase => {
  const documented = backupStatuses.find((known) => known === status)
  return documented === undefined ? "unknown" : backupPhases[documented]
}

/**
 * How long after an accepted request an unchanged object may still be an old reading: replicated databases answer a
 * read from a node that has not applied the write yet.
 */
export const staleReadMillis = 10_000
