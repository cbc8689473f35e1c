import type { Backup, BackupId, MarkedBackup } from "../Backup.ts"
import { AlreadyExists, type CloudFailure, NotReady } from "../errors.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { VolumeId } from "../Volume.ts"
import { backupPhaseOf } from "./phases.ts"
import { clusterKey } from "./plan.ts"
import { isTemporary } from "./snapshot.ts"
import { act, done, refuse, type Verdict, wait } from "./Verdict.ts"

/** A backup that the present call made, whose id nobody has been told. */
export interface FreshBackup {
  readonly id: BackupId
  /** How long the call may watch it. */
  readonly patienceMillis: number
}

export interface BackupFacts {
  readonly name: string
  readonly volumeId: VolumeId
  readonly cluster: string
  /** Backups of the name as last seen, oldest first. */
  readonly named: ReadonlyArray<MarkedBackup>
  /** The temporary snapshot to copy from, once it is cut. */
  readonly cut: Snapshot | undefined
  readonly fresh: FreshBackup | undefined
  /** How long this call has watched the fresh backup. */
  readonly watchedMillis: number
  /** Whether this call has seen to it that no temporary snapshot is left. */
  readonly cleaned: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
  /** How long the copy may take, for each GiB. */
  readonly secondsPerGiB: number
}

export type BackupAction =
  /** Have the temporary snapshot cut, then look for backups again. */
  | { readonly _tag: "Cut" }
  | { readonly _tag: "Copy"; readonly snapshot: Snapshot }
  /** Delete the temporary snapshots of the name. */
  | { readonly _tag: "Clean" }
  /**
   * Delete the failed backup, while it is known that nobody was told its id, and then the temporary snapshots, which may
   * take longer than the call; answer with the reason.
   */
  | { readonly _tag: "GiveUp"; readonly remains: MarkedBackup }
  /** Answer with the reason for the state of a backup that is not deleted here. */
  | { readonly _tag: "Explain"; readonly backup: MarkedBackup }

/** `ready` once the copy is complete; the point in time is fixed before. */
export interface BackupResult {
  readonly backup: Backup
  readonly ready: boolean
}

/** A backup service that is misconfigured or cannot reach its store mostly says so within seconds. */
const longestWatchMillis = 5_000

/**
 * How long a call whose caller waits for another `leftMillis` may watch the backup that it made. The other half is for
 * what comes after: deleting the temporary snapshot, perhaps the backup, and the answer.
 */
export const patienceFor = (leftMillis: number): number => Math.max(0, Math.min(longestWatchMillis, leftMillis / 2))

/** What Cinder needs in any case, as the Go driver reckons it. */
const leastSeconds = 30

/** Whether a backup bears the marks that the driver of this cluster writes. */
const isOurs = ({ metadata }: MarkedBackup, cluster: string): boolean =>
  metadata[clusterKey] === cluster && metadata["type"] === "backup"

/** Backups that no one can delete (`error_deleting`) are passed over. */
const isPassedOver = ({ status }: Backup): boolean => status === "error_deleting"

/**
 * The backup that matters now. One of ours that failed comes first: two processes may have made one each, and its id may be
 * the one that is known. Then the oldest of our volume that may serve, one on its way out, a failed one of somebody else.
 */
const subjectOf = ({ named, volumeId, cluster }: BackupFacts): MarkedBackup | undefined => {
  const subjects = named.filter((backup) => backup.volumeId === volumeId && !isPassedOver(backup))
  const failed = subjects.find((backup) => backupPhaseOf(backup.status) === "broken" && isOurs(backup, cluster))
  if (failed !== undefined) return failed
  const among = (...phases: ReadonlyArray<string>) =>
    subjects.find(({ status }) => phases.includes(backupPhaseOf(status)))
  return among("free", "busy", "making", "unknown") ?? among("leaving") ?? among("broken")
}

/** A backup of the same name and another volume that is in the way. */
const foreign = ({ named, volumeId }: BackupFacts): MarkedBackup | undefined =>
  named.find(
    (backup) => backup.volumeId !== volumeId && !isPassedOver(backup) && backupPhaseOf(backup.status) !== "leaving"
  )

/** Whether Cinder has shown the backup that this call made. */
export const isFreshShown = ({ fresh, named }: BackupFacts): boolean => named.some(({ id }) => id === fresh?.id)

/** A failure that shows while nobody knows the id can still be mended by another backup under the same name. */
const isWatched = ({ fresh, watchedMillis }: BackupFacts, { id }: Backup): boolean =>
  fresh !== undefined && fresh.id === id && watchedMillis < fresh.patienceMillis

/** Snapshots that were cut for a backup of the name, by us or by the Go driver, which leaves no mark on them. */
export const temporariesOf = (
  snapshots: ReadonlyArray<Snapshot>,
  { named, volumeId, cluster }: Pick<BackupFacts, "named" | "volumeId" | "cluster">
): ReadonlyArray<Snapshot> =>
  snapshots.filter(
    (snapshot) =>
      snapshot.volumeId === volumeId &&
      snapshot.metadata[clusterKey] === cluster &&
      (isTemporary(snapshot) || named.some((backup) => isOurs(backup, cluster) && backup.snapshotId === snapshot.id))
  )

/** Deleted alone, a backup of ours would be replaced by one whose id Kubernetes does not take. */
export const remedyFor = (failed: MarkedBackup, cluster: string): string =>
  isOurs(failed, cluster) ? "delete the VolumeSnapshot that it belongs to, and take another" : "delete it"

const overdue = ({ now, secondsPerGiB }: BackupFacts, { createdAt, sizeGiB }: Backup) => {
  const age = Math.round((now - createdAt) / 1000)
  const allowed = leastSeconds + secondsPerGiB * sizeGiB
  return age > allowed ? { age, allowed } : undefined
}

/**
 * What to do about a backup that is asked for by name. Names are not unique in Cinder. Whoever was told the id of a backup
 * keeps it for good, so that a failed one is not replaced by another under the same name: a VolumeSnapshot would become
 * ready with the id of the failed one. So the call that makes one watches it for a while before it tells the id.
 */
export const decideBackup = (facts: BackupFacts): Verdict<BackupAction, BackupResult> => {
  const { name, volumeId, cluster, cut, fresh, cleaned } = facts
  if (fresh !== undefined && !isFreshShown(facts)) return wait("accepted and not shown yet")
  const text = `backup ${name}`
  const backup = subjectOf(facts)
  const phase = backup === undefined ? undefined : backupPhaseOf(backup.status)
  const other = foreign(facts)
  if (other !== undefined && (phase === undefined || phase === "leaving" || phase === "broken")) {
    const difference = `${other.id} is of volume ${other.volumeId}, not ${volumeId}`
    return refuse(new AlreadyExists({ subject: text, difference }))
  }
  if (backup === undefined || phase === undefined) {
    if (fresh !== undefined) {
      const state = "gone: it was deleted by somebody else while Cinder made it"
      return refuse(new NotReady({ subject: text, state, remedy: undefined }))
    }
    return cut === undefined ? act({ _tag: "Cut" }) : act({ _tag: "Copy", snapshot: cut })
  }
  switch (phase) {
    case "free":
    case "busy":
      return cleaned ? done({ backup, ready: true }) : act({ _tag: "Clean" })
    case "making":
    case "unknown": {
      if (isWatched(facts, backup)) return wait(backup.status)
      const late = overdue(facts, backup)
      if (late === undefined) return done({ backup, ready: false })
      const state = `${backup.status} for ${late.age} s, longer than the ${late.allowed} s allowed for it`
      const remedy = "look at Cinder's backup service, or raise backup-max-duration-seconds-per-gb"
      return refuse(new NotReady({ subject: `backup ${backup.id}`, state, remedy }))
    }
    case "leaving":
      return refuse(new NotReady({ subject: `backup ${backup.id}`, state: backup.status, remedy: undefined }))
    case "broken":
      if (!isOurs(backup, cluster)) return act({ _tag: "Explain", backup })
      if (backup.id === fresh?.id) return act({ _tag: "GiveUp", remains: backup })
      return act(cleaned ? { _tag: "Explain", backup } : { _tag: "Clean" })
  }
}

/** Whether a backup was refused for good: neither under way nor to be had by asking again soon. */
export const isFinalRefusal = ({ reason }: CloudFailure): boolean => {
  switch (reason) {
    case "unauthenticated":
    case "forbidden":
    case "notFound":
    case "invalid":
    case "unsupported":
      return true
    case "unreachable":
    case "unanswered":
    case "throttled":
    case "conflict":
    case "malformed":
      return false
  }
}

/** Whether a backup can be shown in a list. */
export const isListed = ({ status }: Backup): boolean => {
  switch (backupPhaseOf(status)) {
    case "free":
    case "busy":
    case "making":
      return true
    case "leaving":
    case "broken":
    case "unknown":
      return false
  }
}
