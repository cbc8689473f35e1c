import type { AuditFacts, CloudReading } from "../AuditFacts.ts"
import { type Finding, type FindingKind, findingKinds } from "../AuditFinding.ts"
import { missingAttachments, unaskedAttachments, vanishedServers } from "./auditAttachments.ts"
import { copyStates, orphanCopies, temporarySnapshots } from "./auditCopies.ts"
import { drifts, missingVolumes, releasedVolumes } from "./auditDrift.ts"
import { readingsOf } from "./auditSubjects.ts"
import { duplicateNames, orphanVolumes, volumeStates } from "./auditVolumes.ts"

export interface AuditReport {
  /** By kind, in the order of the kinds, the largest first. */
  readonly findings: ReadonlyArray<Finding>
  /** What was not looked for, and why. */
  readonly notes: ReadonlyArray<string>
}

const checks: ReadonlyArray<(facts: AuditFacts) => ReadonlyArray<Finding>> = [
  orphanVolumes,
  orphanCopies,
  temporarySnapshots,
  releasedVolumes,
  missingVolumes,
  vanishedServers,
  unaskedAttachments,
  missingAttachments,
  volumeStates,
  copyStates,
  duplicateNames,
  drifts
]

const cloudText = ({ name }: CloudReading): string => (name === "" ? "" : ` of cloud ${JSON.stringify(name)}`)

const notesOn = (facts: AuditFacts): ReadonlyArray<string> => [
  ...(facts.kubernetes === undefined
    ? ["Kubernetes was not asked: nothing was looked for but what the cloud alone shows"]
    : []),
  ...(readingsOf(facts).some(({ snapshots }) => snapshots === undefined)
    ? ["the cluster knows no VolumeSnapshotContents: orphan snapshots and backups were not looked for"]
    : []),
  ...(facts.kubernetes !== undefined && !facts.rules.everyCloud
    ? ["not every cloud of cloud.conf was asked: PersistentVolumes without a volume were not looked for"]
    : []),
  ...facts.clouds.flatMap((cloud) => [
    ...(cloud.backups === undefined
      ? [`Cinder${cloudText(cloud)} does not show what is written on backups: orphan backups were not looked for`]
      : []),
    ...(cloud.unseenServers > 0
      ? [`Nova${cloudText(cloud)} gave no answer about ${cloud.unseenServers} servers with volumes`]
      : [])
  ])
]

const orderOf = ({ kind }: Finding): number => findingKinds.indexOf(kind)

/** What does not belong together, given everything that was read. It changes nothing and asks nothing. */
export const decideAudit = (facts: AuditFacts): AuditReport => ({
  findings: checks
    .flatMap((check) => check(facts))
    .sort((one, other) => orderOf(one) - orderOf(other) || (other.sizeGiB ?? 0) - (one.sizeGiB ?? 0)),
  notes: notesOn(facts)
})

export interface KindTotal {
  readonly kind: FindingKind
  readonly count: number
  readonly sizeGiB: number
}

/** How many of each kind, and the GiB that they take; kinds without a finding are left out. */
export const totalsOf = (findings: ReadonlyArray<Finding>): ReadonlyArray<KindTotal> =>
  findingKinds.flatMap((kind) => {
    const sizes = findings.filter((finding) => finding.kind === kind).map(({ sizeGiB }) => sizeGiB ?? 0)
    return sizes.length === 0
      ? []
      : [{ kind, count: sizes.length, sizeGiB: sizes.reduce((sum, size) => sum + size, 0) }]
  })
