import { Schema } from "effect"
import { parse } from "yaml"

const Texts = Schema.Record({ key: Schema.String, value: Schema.String })

const Alert = Schema.Struct({ alert: Schema.String, expr: Schema.String, labels: Texts, annotations: Texts })

const Rules = Schema.Struct({ groups: Schema.Array(Schema.Struct({ rules: Schema.Array(Alert) })) })

/** The alerts of a file of rules. */
export const alertsIn = (text: string): ReadonlyArray<typeof Alert.Type> =>
  Schema.decodeUnknownSync(Rules)(parse(text)).groups.flatMap(({ rules }) => rules)

const Dashboard = Schema.Struct({
  panels: Schema.Array(
    Schema.Struct({ targets: Schema.optional(Schema.Array(Schema.Struct({ expr: Schema.String }))) })
  )
})

/** What the panels of a dashboard ask Prometheus. */
export const expressionsOf = (dashboard: unknown): ReadonlyArray<string> =>
  Schema.decodeUnknownSync(Dashboard)(dashboard).panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

/** The families of metrics that an expression names. */
export const familiesIn = (expression: string): ReadonlyArray<string> => [
  ...new Set(
    [...expression.matchAll(/\b(?:(?:cinder_csi|openstack|nodejs|process)_\w+|up(?=\{))/g)].map(([name]) =>
      name.replace(/_(?:bucket|count|sum)$/, "")
    )
  )
]
