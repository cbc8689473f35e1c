import type { AuditFacts, CloudReading } from "../AuditFacts.ts"
import type { Finding, FindingKind } from "../AuditFinding.ts"
import type { DescribedBackup, DescribedSnapshot } from "../Inventory.ts"
import { isMadeFor, isOld, readingsOf } from "./auditSubjects.ts"
import { backupPhaseOf, type SnapshotPhase, snapshotPhaseOf } from "./phases.ts"
import { isTemporary } from "./snapshot.ts"

type Copy = DescribedSnapshot | DescribedBackup

const aboutCopy = (
  kind: FindingKind,
  cloud: CloudReading,
  thing: "snapshot" | "backup",
  copy: Copy,
  detail: string
): Finding => ({
  kind,
  cloud: cloud.name,
  about: { thing, id: copy.id },
  also: [{ thing: "volume", id: copy.volumeId }],
  name: copy.name,
  sizeGiB: copy.sizeGiB,
  createdAt: copy.createdAt,
  changedAt: undefined,
  detail
})

/** What the driver cut in order to make a backup of it; the Go driver leaves no mark on those, but its backups name them. */
const isForBackup = ({ backups }: CloudReading) => {
  const copied = new Set((backups ?? []).map(({ snapshotId }) => snapshotId))
  return (snapshot: DescribedSnapshot) => isTemporary(snapshot) || copied.has(snapshot.id)
}

const stays = (phase: SnapshotPhase): boolean => phase === "free" || phase === "busy" || phase === "broken"

const ofVolume = ({ status, volumeId }: Copy): string => `${status}, of volume ${volumeId}`

/** Snapshots and backups that the driver made for the cluster and that no VolumeSnapshotContent names. */
export const orphanCopies = (facts: AuditFacts): ReadonlyArray<Finding> => {
  const readings = readingsOf(facts)
  if (readings.length === 0 || readings.some(({ snapshots }) => snapshots === undefined)) return []
  const named = new Set<string | undefined>(
    readings.flatMap(({ snapshots }) => (snapshots ?? []).map(({ handle }) => handle))
  )
  const isOrphan = (copy: Copy) => isMadeFor(facts.rules, copy) && !named.has(copy.id) && isOld(facts, copy.createdAt)
  return facts.clouds.flatMap((cloud) => {
    const isTool = isForBackup(cloud)
    const snapshots = cloud.snapshots.filter(
      (snapshot) => isOrphan(snapshot) && !isTool(snapshot) && stays(snapshotPhaseOf(snapshot.status))
    )
    const backups = (cloud.backups ?? []).filter((backup) => isOrphan(backup) && stays(backupPhaseOf(backup.status)))
    return [
      ...snapshots.map((snapshot) => aboutCopy("orphan-snapshot", cloud, "snapshot", snapshot, ofVolume(snapshot))),
      ...backups.map((backup) => aboutCopy("orphan-backup", cloud, "backup", backup, ofVolume(backup)))
    ]
  })
}

/** Snapshots that were cut for a backup, are not being copied and are still there. */
export const temporarySnapshots = (facts: AuditFacts): ReadonlyArray<Finding> =>
  facts.clouds.flatMap((cloud) => {
    const isTool = isForBackup(cloud)
    const inWork = new Set(
      (cloud.backups ?? []).flatMap(({ status, snapshotId }) =>
        ["making", "unknown"].includes(backupPhaseOf(status)) ? [snapshotId] : []
      )
    )
    return cloud.snapshots
      .filter(
        (snapshot) =>
          isMadeFor(facts.rules, snapshot) &&
          isTool(snapshot) &&
          !inWork.has(snapshot.id) &&
          stays(snapshotPhaseOf(snapshot.status)) &&
          snapshot.status !== "backing-up" &&
          isOld(facts, snapshot.createdAt)
      )
      .map((snapshot) => aboutCopy("temporary-snapshot", cloud, "snapshot", snapshot, ofVolume(snapshot)))
  })

/** As the class of a backup has it where it says nothing, with the time that Cinder needs in any case. */
const longestBackupMillis = (sizeGiB: number): number => (30 + 20 * sizeGiB) * 1000

/** Cinder does not tell since when a copy is in its state: only what should have come to its end since it was begun counts. */
export const copyStates = (facts: AuditFacts): ReadonlyArray<Finding> =>
  facts.clouds.flatMap((cloud) => {
    const state = (thing: "snapshot" | "backup", copy: Copy, phase: SnapshotPhase, allowedMillis: number) => {
      if (!isMadeFor(facts.rules, copy) || !isOld(facts, copy.createdAt + allowedMillis)) return []
      if (phase === "broken") return [aboutCopy("broken", cloud, thing, copy, ofVolume(copy))]
      return phase === "making" ? [aboutCopy("stuck", cloud, thing, copy, ofVolume(copy))] : []
    }
    return [
      ...cloud.snapshots.flatMap((snapshot) => state("snapshot", snapshot, snapshotPhaseOf(snapshot.status), 0)),
      ...(cloud.backups ?? []).flatMap((backup) =>
        state("backup", backup, backupPhaseOf(backup.status), longestBackupMillis(backup.sizeGiB))
      )
    ]
  })
