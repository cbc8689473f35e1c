import { ParseResult, Schema } from "effect"
import { type Backup, BackupId, backupStatus, type MarkedBackup } from "../../domain/Backup.ts"
import type { SchedulerHints } from "../../domain/SchedulerHints.ts"
import { ServerId } from "../../domain/Server.ts"
import { type Snapshot, SnapshotId, snapshotStatus } from "../../domain/Snapshot.ts"
import { type CopySource, type Volume, VolumeId, type VolumeSource, volumeStatus } from "../../domain/Volume.ts"
import type { NewBackup, NewSnapshot, NewVolume } from "../../ports/Cinder.ts"

/** Cinder's times are UTC and carry no zone; a proxy or a later release may add one. */
const Time = Schema.transformOrFail(Schema.String, Schema.Number, {
  strict: true,
  decode: (text, _, ast) => {
    const millis = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`)
    return Number.isNaN(millis) ? ParseResult.fail(new ParseResult.Type(ast, text)) : ParseResult.succeed(millis)
  },
  encode: (millis) => ParseResult.succeed(new Date(millis).toISOString())
})

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullOr(schema), { exact: true })

const TextMap = Schema.Record({ key: Schema.String, value: Schema.String })

const WireVolume = Schema.Struct({
  id: Schema.String,
  name: maybe(Schema.String),
  description: maybe(Schema.String),
  status: Schema.String,
  size: Schema.Int,
  availability_zone: maybe(Schema.String),
  volume_type: maybe(Schema.String),
  multiattach: maybe(Schema.Boolean),
  encrypted: maybe(Schema.Boolean),
  snapshot_id: maybe(Schema.String),
  source_volid: maybe(Schema.String),
  attachments: maybe(
    Schema.Array(
      Schema.Struct({
        attachment_id: Schema.String,
        server_id: maybe(Schema.String),
        device: maybe(Schema.String)
      })
    )
  ),
  metadata: maybe(TextMap),
  created_at: Time,
  updated_at: maybe(Time)
})

const WireSnapshot = Schema.Struct({
  id: Schema.String,
  name: maybe(Schema.String),
  description: maybe(Schema.String),
  status: Schema.String,
  volume_id: Schema.String,
  size: Schema.Int,
  metadata: maybe(TextMap),
  created_at: Time
})

const WireBackup = Schema.Struct({
  id: Schema.String,
  name: maybe(Schema.String),
  description: maybe(Schema.String),
  status: Schema.String,
  volume_id: Schema.String,
  snapshot_id: maybe(Schema.String),
  size: Schema.Int,
  fail_reason: maybe(Schema.String),
  metadata: maybe(TextMap),
  created_at: Time,
  data_timestamp: maybe(Time)
})

const Link = Schema.Struct({ rel: Schema.String })
const Links = maybe(Schema.Array(Link))

export const VolumeReply = Schema.Struct({ volume: WireVolume })
export const VolumesReply = Schema.Struct({ volumes: Schema.Array(WireVolume), volumes_links: Links })
export const SnapshotReply = Schema.Struct({ snapshot: WireSnapshot })
export const SnapshotsReply = Schema.Struct({ snapshots: Schema.Array(WireSnapshot), snapshots_links: Links })
export const BackupReply = Schema.Struct({ backup: WireBackup })
export const BackupsReply = Schema.Struct({ backups: Schema.Array(WireBackup), backups_links: Links })
/** The answer to a creation shows little else. */
export const NewBackupReply = Schema.Struct({ backup: Schema.Struct({ id: Schema.String }) })
export const MessagesReply = Schema.Struct({
  messages: Schema.Array(
    Schema.Struct({ resource_uuid: maybe(Schema.String), user_message: Schema.String, created_at: maybe(Time) })
  )
})

export const ZonesReply = Schema.Struct({
  availabilityZoneInfo: Schema.Array(Schema.Struct({ zoneName: Schema.String }))
})

/** Only the links tell whether a page follows: an operator may cap pages below the limit that was asked for. */
export const hasNext = (links: ReadonlyArray<typeof Link.Type> | null | undefined): boolean =>
  links?.some(({ rel }) => rel === "next") ?? false

const sourceOf = (wire: typeof WireVolume.Type): VolumeSource | undefined => {
  if (wire.snapshot_id) return { _tag: "snapshot", id: SnapshotId(wire.snapshot_id) }
  return wire.source_volid ? { _tag: "volume", id: VolumeId(wire.source_volid) } : undefined
}

export const toVolume = (wire: typeof WireVolume.Type): Volume => ({
  id: VolumeId(wire.id),
  name: wire.name ?? "",
  status: volumeStatus(wire.status),
  sizeGiB: wire.size,
  zone: wire.availability_zone ?? "",
  volumeType: wire.volume_type ?? undefined,
  multiattach: wire.multiattach ?? false,
  encrypted: wire.encrypted ?? false,
  source: sourceOf(wire),
  attachments: (wire.attachments ?? []).map(({ attachment_id, server_id, device }) => ({
    attachmentId: attachment_id,
    serverId: server_id ? ServerId(server_id) : undefined,
    device: device ?? ""
  })),
  metadata: wire.metadata ?? {},
  createdAt: wire.created_at,
  updatedAt: wire.updated_at ?? undefined
})

export const toSnapshot = (wire: typeof WireSnapshot.Type): Snapshot => ({
  id: SnapshotId(wire.id),
  name: wire.name ?? "",
  status: snapshotStatus(wire.status),
  volumeId: VolumeId(wire.volume_id),
  sizeGiB: wire.size,
  metadata: wire.metadata ?? {},
  createdAt: wire.created_at
})

export const toBackup = (wire: typeof WireBackup.Type): Backup => ({
  id: BackupId(wire.id),
  name: wire.name ?? "",
  status: backupStatus(wire.status),
  volumeId: VolumeId(wire.volume_id),
  snapshotId: wire.snapshot_id ? SnapshotId(wire.snapshot_id) : undefined,
  sizeGiB: wire.size,
  failReason: wire.fail_reason || undefined,
  createdAt: wire.created_at,
  cutAt: wire.data_timestamp ?? wire.created_at
})

export const toMarkedBackup = (wire: typeof WireBackup.Type): MarkedBackup => ({
  ...toBackup(wire),
  metadata: wire.metadata ?? {}
})

const sourceMember = (source: CopySource | undefined) => {
  switch (source?._tag) {
    case undefined:
      return {}
    case "snapshot":
      return { snapshot_id: source.id }
    case "volume":
      return { source_volid: source.id }
    case "backup":
      return { backup_id: source.id }
  }
}

/** Cinder takes hints beside the volume; a list in them must name each volume once. */
const hintsMember = ({ sameHost, differentHost }: SchedulerHints) => {
  if (sameHost.length + differentHost.length === 0) return {}
  return {
    "OS-SCH-HNT:scheduler_hints": {
      ...(sameHost.length === 0 ? {} : { same_host: sameHost }),
      ...(differentHost.length === 0 ? {} : { different_host: differentHost })
    }
  }
}

/** Body of `POST /volumes`. */
export const newVolumeBody = (spec: NewVolume) => ({
  volume: {
    name: spec.name,
    description: spec.description,
    size: spec.sizeGiB,
    ...(spec.zone === undefined ? {} : { availability_zone: spec.zone }),
    ...(spec.volumeType === undefined ? {} : { volume_type: spec.volumeType }),
    ...sourceMember(spec.source),
    metadata: spec.metadata
  },
  ...hintsMember(spec.hints)
})

/** Body of `POST /snapshots`. Below 3.66 a volume in use needs `force`; from 3.66 it does not. */
export const newSnapshotBody = (spec: NewSnapshot) => ({
  snapshot: {
    volume_id: spec.volumeId,
    name: spec.name,
    description: spec.description,
    force: true,
    metadata: spec.metadata
  }
})

/** Body of `POST /backups`. */
export const newBackupBody = (spec: NewBackup) => ({
  backup: {
    volume_id: spec.volumeId,
    snapshot_id: spec.snapshotId,
    name: spec.name,
    description: spec.description,
    force: true,
    ...(spec.zone === undefined ? {} : { availability_zone: spec.zone }),
    metadata: spec.metadata
  }
})
