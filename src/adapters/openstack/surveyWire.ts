import { Schema } from "effect"
import type { QuotaUse } from "../../ports/CloudSurvey.ts"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullOr(schema), { exact: true })

const Version = Schema.Struct({ id: Schema.String, version: maybe(Schema.String), min_version: maybe(Schema.String) })

/** Cinder's root lists its one version, Nova's shows it. */
export const VersionsReply = Schema.Union(
  Schema.Struct({ versions: Schema.Array(Version) }),
  Schema.Struct({ version: Version })
)

export const TypesReply = Schema.Struct({
  volume_types: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      name: Schema.String,
      extra_specs: maybe(Schema.Record({ key: Schema.String, value: Schema.String }))
    })
  )
})

export const DefaultTypeReply = Schema.Struct({ volume_type: Schema.Struct({ id: Schema.String }) })

export const ZonesSeenReply = Schema.Struct({
  availabilityZoneInfo: Schema.Array(
    Schema.Struct({ zoneName: Schema.String, zoneState: maybe(Schema.Struct({ available: Schema.Boolean })) })
  )
})

export const AttachmentsReply = Schema.Struct({
  attachments: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      status: Schema.String,
      volume_id: maybe(Schema.String),
      instance: maybe(Schema.String)
    })
  )
})

/** Members of the set other than its quotas, such as its id, are of other kinds. */
const Usage = Schema.Struct({ limit: Schema.Number, in_use: Schema.Number, reserved: maybe(Schema.Number) })
const isUsage = Schema.is(Usage)

export const QuotaReply = Schema.Struct({ quota_set: Schema.Record({ key: Schema.String, value: Schema.Unknown }) })

export const toQuotas = ({ quota_set }: typeof QuotaReply.Type): ReadonlyArray<QuotaUse> =>
  Object.entries(quota_set).flatMap(([name, value]) =>
    isUsage(value) ? [{ name, limit: value.limit, used: value.in_use + (value.reserved ?? 0) }] : []
  )

export const LimitsReply = Schema.Struct({
  limits: Schema.Struct({ absolute: Schema.Record({ key: Schema.String, value: Schema.Number }) })
})

/** Cinder's older spelling of the same quotas, without those of types. */
const limitNames = [
  ["volumes", "maxTotalVolumes", "totalVolumesUsed"],
  ["gigabytes", "maxTotalVolumeGigabytes", "totalGigabytesUsed"],
  ["snapshots", "maxTotalSnapshots", "totalSnapshotsUsed"],
  ["backups", "maxTotalBackups", "totalBackupsUsed"],
  ["backup_gigabytes", "maxTotalBackupGigabytes", "totalBackupGigabytesUsed"]
] as const

export const limitsToQuotas = ({ limits }: typeof LimitsReply.Type): ReadonlyArray<QuotaUse> =>
  limitNames.flatMap(([name, most, used]) => {
    const limit = limits.absolute[most]
    return limit === undefined ? [] : [{ name, limit, used: limits.absolute[used] ?? 0 }]
  })

/** Any listing, of which only the number of rows matters. */
export const RowsReply = Schema.Record({ key: Schema.String, value: Schema.Unknown })
