import type { AttachmentRecord, BackupRecord, MessageRecord, SnapshotRecord, VolumeRecord } from "../worldTypes.ts"
import { idFrom } from "./catalog.ts"
import type { Json, JsonObject } from "./json.ts"
import type { Call } from "./service.ts"
import { freshTime, storedTime } from "./times.ts"

/** Ids that are there to be there: of services, keys and the like. */
export const uuidFrom = (...parts: ReadonlyArray<string>): string => {
  const id = idFrom(...parts)
  return [id.slice(0, 8), id.slice(8, 12), `4${id.slice(13, 16)}`, `8${id.slice(17, 20)}`, id.slice(20)].join("-")
}

export const volumeBase = ({ endpoints, project }: Call): string => `${endpoints.volume}/${project.id}`

export const linksOf = (call: Call, collection: string, id: string): Json => [
  { rel: "self", href: `${volumeBase(call)}/${collection}/${id}` },
  { rel: "bookmark", href: `${call.endpoints.volume.replace(/\/v3$/, "")}/${call.project.id}/${collection}/${id}` }
]

/**
 * `fresh`: the answer to a create, before the database has rounded its times. `extended`: with what extensions add to a GET.
 * `brief`: a row of a listing without details.
 */
export interface ViewOptions {
  readonly fresh?: boolean
  readonly extended?: boolean
  readonly brief?: boolean
}

const nullable = (time: number | undefined): string | null => (time === undefined ? null : storedTime(time))

const volumeAttachment = ({ id, volumeId, serverId, device, attachedAt }: AttachmentRecord): JsonObject => ({
  id: volumeId,
  attachment_id: id,
  volume_id: volumeId,
  server_id: serverId,
  host_name: null,
  device,
  attached_at: nullable(attachedAt)
})

/** Which microversion brought which field: https://docs.openstack.org/cinder/latest/contributor/api_microversion_history.html */
export const volumeView = (call: Call, row: VolumeRecord, options: ViewOptions): JsonObject => {
  const { minor, isAdmin, project, world } = call
  const since = (microversion: number, value: Json): Json | undefined => (minor >= microversion ? value : undefined)
  const forAdmin = (value: Json, microversion = 0): Json | undefined =>
    isAdmin ? since(microversion, value) : undefined
  const extended = (value: Json): Json | undefined => (options.extended === true ? value : undefined)
  const extendedForAdmin = (value: Json): Json | undefined => (isAdmin ? extended(value) : undefined)
  return {
    id: row.id,
    status: row.status === "error_managing" ? "error" : row.status,
    size: row.sizeGiB,
    availability_zone: row.zone,
    created_at: options.fresh === true ? freshTime(row.createdAt) : storedTime(row.createdAt),
    updated_at: nullable(row.updatedAt),
    name: row.name ?? null,
    description: row.description ?? null,
    volume_type: row.type,
    snapshot_id: row.snapshotId ?? null,
    source_volid: row.sourceVolumeId ?? null,
    metadata: row.metadata,
    links: linksOf(call, "volumes", row.id),
    user_id: world.settings.userId,
    bootable: `${row.bootable}`,
    encrypted: row.encrypted,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: row.multiattach,
    attachments: row.attachments.map(volumeAttachment),
    migration_status: forAdmin(null),
    group_id: since(13, null),
    provider_id: forAdmin(null, 21),
    shared_targets: since(48, row.host === undefined),
    service_uuid: since(48, row.host === undefined ? null : uuidFrom("service", row.host)),
    cluster_name: forAdmin(null, 61),
    volume_type_id: since(63, row.typeId),
    encryption_key_id: row.encrypted ? since(64, uuidFrom("key", row.id)) : undefined,
    consumes_quota: since(65, true),
    "os-vol-tenant-attr:tenant_id": extended(project.id),
    "os-vol-mig-status-attr:migstat": extendedForAdmin(null),
    "os-vol-mig-status-attr:name_id": extendedForAdmin(null),
    "os-vol-host-attr:host": extendedForAdmin(row.host ?? null)
  }
}

export const volumeSummary = (call: Call, row: VolumeRecord): JsonObject => ({
  id: row.id,
  name: row.name ?? null,
  links: linksOf(call, "volumes", row.id)
})

export const snapshotView = (call: Call, row: SnapshotRecord, options: ViewOptions): JsonObject => {
  const since = (microversion: number, value: Json): Json | undefined =>
    options.brief !== true && call.minor >= microversion ? value : undefined
  return {
    id: row.id,
    created_at: options.fresh === true ? freshTime(row.createdAt) : storedTime(row.createdAt),
    updated_at: nullable(row.updatedAt),
    name: row.name ?? null,
    description: row.description ?? null,
    volume_id: row.volumeId,
    status: row.status,
    size: row.sizeGiB,
    metadata: row.metadata,
    group_snapshot_id: since(14, null),
    user_id: since(41, call.world.settings.userId),
    consumes_quota: since(65, true),
    "os-extended-snapshot-attributes:project_id": options.extended === true ? call.project.id : undefined,
    "os-extended-snapshot-attributes:progress": options.extended === true ? `${row.progressPercent}%` : undefined
  }
}

export const backupSummary = (call: Call, row: BackupRecord): JsonObject => ({
  id: row.id,
  name: row.name ?? null,
  links: linksOf(call, "backups", row.id)
})

export const backupView = (call: Call, row: BackupRecord): JsonObject => ({
  id: row.id,
  status: row.status,
  size: row.sizeGiB,
  object_count: row.objectCount,
  availability_zone: row.zone ?? null,
  container: row.container ?? null,
  created_at: storedTime(row.createdAt),
  updated_at: storedTime(row.updatedAt ?? row.createdAt),
  name: row.name ?? null,
  description: row.description ?? null,
  fail_reason: row.failReason ?? null,
  volume_id: row.volumeId,
  links: linksOf(call, "backups", row.id),
  is_incremental: row.isIncremental,
  has_dependent_backups: row.hasDependentBackups,
  snapshot_id: row.snapshotId ?? null,
  data_timestamp: storedTime(row.dataTimestamp),
  metadata: call.minor >= 43 ? row.metadata : undefined,
  user_id: call.isAdmin && call.minor >= 56 ? call.world.settings.userId : undefined,
  "os-backup-project-attr:project_id": call.isAdmin ? call.project.id : undefined
})

export const attachmentSummary = (row: AttachmentRecord): JsonObject => ({
  id: row.id,
  status: row.status,
  instance: row.serverId,
  volume_id: row.volumeId
})

export const attachmentView = (row: AttachmentRecord): JsonObject => ({
  ...attachmentSummary(row),
  attached_at: row.attachedAt === undefined ? "" : storedTime(row.attachedAt),
  detached_at: "",
  attach_mode: row.attachedAt === undefined ? "null" : row.mode,
  connection_info:
    row.attachedAt === undefined
      ? {}
      : {
          device_path: `/dev/memory/volume-${row.volumeId}`,
          volume_id: row.volumeId,
          qos_specs: null,
          access_mode: row.mode,
          encrypted: false,
          cacheable: false,
          driver_volume_type: "local",
          attachment_id: row.id
        }
})

export const messageView = (call: Call, row: MessageRecord): JsonObject => ({
  id: row.id,
  event_id: row.eventId,
  user_message: row.userMessage,
  message_level: row.level,
  created_at: storedTime(row.createdAt),
  guaranteed_until: storedTime(row.guaranteedUntil),
  request_id: row.requestId,
  links: linksOf(call, "messages", row.id),
  resource_type: row.resourceType,
  resource_uuid: row.resourceId
})
