import { Schema } from "effect"
import type { Audited } from "../../domain/Audit.ts"
import type { AuditRules } from "../../domain/AuditFacts.ts"
import { type Finding, findingKinds } from "../../domain/AuditFinding.ts"
import { totalsOf } from "../../domain/decisions/audit.ts"
import { lookAt } from "./kinds.ts"

const Thing = Schema.Literal("volume", "snapshot", "backup", "server", "persistentvolume", "volumeattachment")
const Kind = Schema.Literal(...findingKinds)
const Tally = Schema.Struct({ volumes: Schema.Int, sizeGiB: Schema.Int })
const Ref = Schema.Struct({ thing: Thing, id: Schema.String })

/** Times are RFC 3339 in UTC; what is not known is null. New members may come, none goes while the version stays. */
export const AuditJson = Schema.Struct({
  version: Schema.Literal(1),
  cluster: Schema.String,
  at: Schema.String,
  withKubernetes: Schema.Boolean,
  clouds: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      thisCluster: Tally,
      otherClusters: Schema.Array(Schema.Struct({ name: Schema.String, ...Tally.fields })),
      notOfThisDriver: Tally
    })
  ),
  totals: Schema.Array(Schema.Struct({ kind: Kind, count: Schema.Int, sizeGiB: Schema.Int })),
  findings: Schema.Array(
    Schema.Struct({
      kind: Kind,
      cloud: Schema.NullOr(Schema.String),
      about: Ref,
      also: Schema.Array(Ref),
      name: Schema.String,
      sizeGiB: Schema.NullOr(Schema.Int),
      createdAt: Schema.NullOr(Schema.String),
      changedAt: Schema.NullOr(Schema.String),
      detail: Schema.String,
      /** Commands that show the objects. */
      look: Schema.Array(Schema.String)
    })
  ),
  notes: Schema.Array(Schema.String)
})

const timeText = (millis: number | undefined): string | null =>
  millis === undefined ? null : new Date(millis).toISOString()

const findingOf = ({ cloud, sizeGiB, createdAt, changedAt, ...finding }: Finding) => ({
  ...finding,
  cloud: cloud ?? null,
  sizeGiB: sizeGiB ?? null,
  createdAt: timeText(createdAt),
  changedAt: timeText(changedAt),
  look: [finding.about, ...finding.also].map(lookAt)
})

/** For programs: one object, on lines of its own. */
export const auditJson = (
  { at, clouds, findings, notes }: Audited,
  { cluster }: AuditRules,
  withKubernetes: boolean
): string => {
  const report: typeof AuditJson.Type = {
    version: 1,
    cluster,
    at: new Date(at).toISOString(),
    withKubernetes,
    clouds: clouds.map(({ name, volumes, otherClusters, unmarked }) => ({
      name,
      thisCluster: { volumes: volumes.length, sizeGiB: volumes.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0) },
      otherClusters: [...otherClusters].map(([other, tally]) => ({ name: other, ...tally })),
      notOfThisDriver: unmarked
    })),
    totals: totalsOf(findings),
    findings: findings.map(findingOf),
    notes
  }
  return JSON.stringify(report, undefined, 2)
}
