import type { Audited } from "../../domain/Audit.ts"
import type { AuditRules, CloudReading, Tally } from "../../domain/AuditFacts.ts"
import { type Finding, type FindingKind, findingKinds, type Ref } from "../../domain/AuditFinding.ts"
import { totalsOf } from "../../domain/decisions/audit.ts"
import { kindTexts, lookAtAny } from "./kinds.ts"

const units = [
  { millis: 86_400_000, name: "day" },
  { millis: 3_600_000, name: "hour" },
  { millis: 60_000, name: "minute" }
] as const

/** Such as "12 days ago". */
export const agoText = (millis: number): string => {
  const unit = units.find(({ millis: one }) => millis >= one)
  if (unit === undefined) return "just now"
  const count = Math.floor(millis / unit.millis)
  return `${count} ${unit.name}${count === 1 ? "" : "s"} ago`
}

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`

const thingNames: Readonly<Record<Ref["thing"], string>> = {
  volume: "volume",
  snapshot: "snapshot",
  backup: "backup",
  server: "server",
  persistentvolume: "PersistentVolume",
  volumeattachment: "VolumeAttachment"
}

/** Names are written by people: a line break would make two lines of one, and a control character might do worse. */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")

const aboutText = ({ about, name, cloud }: Finding, several: boolean): string => {
  const called = name === "" || name === about.id ? "" : ` (${name})`
  const where = several && cloud !== undefined && cloud !== "" ? ` in cloud ${cloud}` : ""
  return `${thingNames[about.thing]} ${about.id}${called}${where}`
}

const factsText = (at: number, { sizeGiB, createdAt, changedAt }: Finding): string =>
  [
    sizeGiB === undefined ? undefined : `${sizeGiB} GiB`,
    createdAt === undefined ? undefined : `made ${agoText(at - createdAt)}`,
    changedAt === undefined ? undefined : `changed ${agoText(at - changedAt)}`
  ]
    .filter((part) => part !== undefined)
    .join(", ")

const rowsOf = (at: number, several: boolean) => (finding: Finding) => [
  `  ${plain(aboutText(finding, several))}`,
  `      ${factsText(at, finding)}`,
  `      ${plain(finding.detail)}`
]

const lookLines = (findings: ReadonlyArray<Finding>): ReadonlyArray<string> => {
  const things = new Set(findings.flatMap(({ about, also }) => [about.thing, ...also.map(({ thing }) => thing)]))
  return [...things].map((thing) => `  Look: ${lookAtAny(thing)}`)
}

const tallyText = ({ volumes, sizeGiB }: Tally): string => `${plural(volumes, "volume")}, ${sizeGiB} GiB`

const tallyOf = (volumes: CloudReading["volumes"]): Tally => ({
  volumes: volumes.length,
  sizeGiB: volumes.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0)
})

const cloudLines =
  ({ cluster }: AuditRules) =>
  (cloud: CloudReading) => [
    cloud.name === "" ? "In the project:" : `In the project of cloud ${cloud.name}:`,
    `  this cluster (${JSON.stringify(cluster)}): ${tallyText(tallyOf(cloud.volumes))}`,
    ...[...cloud.otherClusters].map(([name, tally]) => `  cluster ${JSON.stringify(name)}: ${tallyText(tally)}`),
    `  not made by this driver: ${tallyText(cloud.unmarked)}`
  ]

export interface Look {
  readonly colour: boolean
}

/** What people read: findings by kind, each kind with what it means, then sums and what was not looked for. */
export const auditText = ({ at, clouds, findings, notes }: Audited, rules: AuditRules, { colour }: Look): string => {
  const bold = (text: string) => (colour ? `\u001b[1m${text}\u001b[0m` : text)
  const several = clouds.length > 1
  const totals = new Map(totalsOf(findings).map((total) => [total.kind, total]))

  const groupOf = (kind: FindingKind): ReadonlyArray<string> => {
    const total = totals.get(kind)
    if (total === undefined) return []
    const { title, advice, costs } = kindTexts[kind]
    const own = findings.filter((finding) => finding.kind === kind)
    return [
      bold(`${title}: ${total.count}${costs ? `, ${total.sizeGiB} GiB` : ""}`),
      ...advice.map((line) => `  ${line}`),
      ...lookLines(own),
      "",
      ...own.flatMap(rowsOf(at, several)),
      ""
    ]
  }

  const costing = [...totals.values()].filter(({ kind }) => kindTexts[kind].costs)
  const costs = costing.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0)
  return [
    ...findingKinds.flatMap(groupOf),
    ...clouds.flatMap(cloudLines(rules)),
    ...notes.map((note) => `Note: ${note}.`),
    bold(
      findings.length === 0
        ? "Nothing found."
        : `${plural(findings.length, "finding")}; ${costs} GiB that no claim uses. Nothing was changed.`
    )
  ].join("\n")
}
