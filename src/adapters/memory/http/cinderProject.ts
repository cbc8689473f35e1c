import { Clock, Effect } from "effect"
import type { QuotaSet, QuotaUsage, VolumeTypeRecord } from "../worldTypes.ts"
import { policyForbids, type Refusal } from "./apiFaults.ts"
import { messageView } from "./cinderViews.ts"
import type { CinderSettings } from "./cinderVolumes.ts"
import { filtersOf } from "./filters.ts"
import type { Json, JsonObject } from "./json.ts"
import { jsonReply } from "./messages.ts"
import { lastValues, pageQueryOf } from "./paging.ts"
import { adminsOnly, type Call, type Handler, type Route } from "./service.ts"
import { storedTime } from "./times.ts"
import { pairsOf } from "./volumeFilters.ts"

/** Members see of the extra specs only what they need to choose a type. */
const extraSpecs = (call: Call, type: VolumeTypeRecord): JsonObject => ({
  multiattach: type.multiattach ? "<is> True" : undefined,
  volume_backend_name: call.isAdmin && type.name !== unnamedType ? type.backend : undefined
})

/** The type that every Cinder has from its installation on. */
const unnamedType = "__DEFAULT__"

const typeView = (call: Call, type: VolumeTypeRecord, withAccess: boolean): JsonObject => ({
  id: type.id,
  name: type.name,
  is_public: true,
  description: type.name === unnamedType ? "Default Volume Type" : null,
  extra_specs: extraSpecs(call, type),
  qos_specs_id: call.isAdmin ? null : undefined,
  "os-volume-type-access:is_public": withAccess ? true : undefined
})

const listTypes: Handler = (call) =>
  Effect.map(call.world.cinder.listVolumeTypes, (types) => {
    const wanted = lastValues(call.query).get("extra_specs")
    const specs = call.minor >= 52 && wanted !== undefined ? (pairsOf(wanted) ?? {}) : {}
    const fitting = types.filter((type) =>
      Object.entries(specs).every(([key, value]) => extraSpecs({ ...call, isAdmin: true }, type)[key] === value)
    )
    return jsonReply(200, { volume_types: fitting.map((type) => typeView(call, type, true)) })
  })

const showType: Handler = (call) => {
  const id = call.params.id ?? ""
  return Effect.map(call.world.cinder.showVolumeType(id), (type) =>
    jsonReply(200, { volume_type: typeView(call, type, id !== "default") })
  )
}

const listZones: Handler = (call) =>
  Effect.map(call.world.cinder.listVolumeZones, (zones) =>
    jsonReply(200, {
      availabilityZoneInfo: zones.map(({ name, available }) => ({ zoneName: name, zoneState: { available } }))
    })
  )

const showLimits: Handler = (call) =>
  Effect.map(call.world.cinder.quotaSet, (quotas) =>
    jsonReply(200, {
      limits: {
        rate: [],
        absolute: {
          maxTotalVolumes: quotas.volumes.limit,
          maxTotalSnapshots: quotas.snapshots.limit,
          maxTotalVolumeGigabytes: quotas.gigabytes.limit,
          maxTotalBackups: quotas.backups.limit,
          maxTotalBackupGigabytes: quotas.backupGigabytes.limit,
          totalVolumesUsed: quotas.volumes.inUse,
          totalGigabytesUsed: quotas.gigabytes.inUse,
          totalSnapshotsUsed: quotas.snapshots.inUse,
          totalBackupsUsed: quotas.backups.inUse,
          totalBackupGigabytesUsed: quotas.backupGigabytes.inUse
        }
      }
    })
  )

const usageView = ({ limit, inUse, reserved }: QuotaUsage): JsonObject => ({ limit, in_use: inUse, reserved })

const unlimited = (inUse: number): QuotaUsage => ({ limit: -1, inUse, reserved: 0 })

const quotaView = (
  projectId: string,
  quotas: QuotaSet,
  snapshotsByType: ReadonlyMap<string, number>,
  view: (usage: QuotaUsage) => Json
): JsonObject => ({
  volumes: view(quotas.volumes),
  per_volume_gigabytes: view(quotas.perVolumeGigabytes),
  snapshots: view(quotas.snapshots),
  gigabytes: view(quotas.gigabytes),
  backups: view(quotas.backups),
  backup_gigabytes: view(quotas.backupGigabytes),
  ...Object.fromEntries(
    Object.entries(quotas.types).flatMap(([type, { volumes, gigabytes }]) => [
      [`volumes_${type}`, view(volumes)],
      [`gigabytes_${type}`, view(gigabytes)],
      [`snapshots_${type}`, view(unlimited(snapshotsByType.get(type) ?? 0))]
    ])
  ),
  groups: view({ limit: 10, inUse: 0, reserved: 0 }),
  id: projectId
})

const ownProject = (call: Call): Effect.Effect<string, Refusal> => {
  const id = call.params.project ?? ""
  return id === call.project.id || call.isAdmin
    ? Effect.succeed(id)
    : Effect.fail(policyForbids("volume_extension:quotas:show"))
}

const showQuotas: Handler = (call) =>
  Effect.gen(function* () {
    const id = yield* ownProject(call)
    const quotas = yield* call.world.cinder.quotaSet
    const snapshots = yield* call.world.cinder.listSnapshots({})
    const byType = new Map<string, number>()
    for (const { type } of snapshots.rows) byType.set(type, (byType.get(type) ?? 0) + 1)
    const withUsage = /^true$/i.test(lastValues(call.query).get("usage") ?? "")
    return jsonReply(200, {
      quota_set: quotaView(id, quotas, byType, withUsage ? usageView : ({ limit }) => limit)
    })
  })

/** What Cinder is installed with: https://docs.openstack.org/cinder/latest/configuration/block-storage/config-options.html */
const installedQuotas = { volumes: 10, snapshots: 10, gigabytes: 1000, backups: 10, backupGigabytes: 1000 }

const showDefaultQuotas: Handler = (call) =>
  Effect.gen(function* () {
    const id = yield* ownProject(call)
    const { types } = yield* call.world.cinder.quotaSet
    const limit = (most: number): QuotaUsage => ({ limit: most, inUse: 0, reserved: 0 })
    const quotas: QuotaSet = {
      volumes: limit(installedQuotas.volumes),
      snapshots: limit(installedQuotas.snapshots),
      gigabytes: limit(installedQuotas.gigabytes),
      perVolumeGigabytes: limit(-1),
      backups: limit(installedQuotas.backups),
      backupGigabytes: limit(installedQuotas.backupGigabytes),
      types: Object.fromEntries(Object.keys(types).map((name) => [name, { volumes: limit(-1), gigabytes: limit(-1) }]))
    }
    return jsonReply(200, { quota_set: quotaView(id, quotas, new Map(), (usage) => usage.limit) })
  })

const listMessages =
  (settings: CinderSettings): Handler =>
  (call) =>
    Effect.gen(function* () {
      const filters = yield* filtersOf(call, "message", settings.filters)
      const { size, marker } = yield* pageQueryOf(call, settings.pageCap)
      const rows = yield* call.world.cinder.listMessages({ resourceId: filters.get("resource_uuid") })
      const fits = (name: string, value: string) => (filters.get(name) ?? value) === value
      const fitting = rows.filter(
        (row) =>
          fits("resource_type", row.resourceType) &&
          fits("event_id", row.eventId) &&
          fits("request_id", row.requestId) &&
          fits("message_level", row.level)
      )
      const start = fitting.findIndex(({ id }) => id === marker) + 1
      return jsonReply(200, {
        messages: fitting.slice(start, start + size).map((row) => messageView(call, row))
      })
    })

const listFilters =
  (settings: CinderSettings): Handler =>
  (call) => {
    const wanted = lastValues(call.query).get("resource")
    const shown = Object.entries(settings.filters).filter(([resource]) => resource === (wanted ?? resource))
    return Effect.succeed(
      jsonReply(200, { resource_filters: shown.map(([resource, filters]) => ({ resource, filters })) })
    )
  }

interface Pool {
  readonly backend: string
  readonly zone: string
  readonly capacityGiB: number | undefined
  readonly allocatedGiB: number
}

/** A pool for each backend in each zone that it serves. */
const poolsOf = (call: Call): Effect.Effect<ReadonlyArray<Pool>, Refusal> =>
  Effect.gen(function* () {
    const types = yield* call.world.cinder.listVolumeTypes
    const { rows } = yield* call.world.cinder.listVolumes({})
    const pools = new Map<string, Pool>()
    for (const zone of call.world.settings.volumeZones) {
      for (const { backend, zones } of types) {
        if (zones !== undefined && !zones.includes(zone.name)) continue
        const served = new Set(types.filter((type) => type.backend === backend).map(({ id }) => id))
        const volumes = rows.filter((row) => row.zone === zone.name && row.host !== undefined && served.has(row.typeId))
        pools.set(`${backend}@${zone.name}`, {
          backend,
          zone: zone.name,
          capacityGiB: zone.capacityGiB,
          allocatedGiB: volumes.reduce((sum, row) => sum + row.sizeGiB, 0)
        })
      }
    }
    return [...pools.values()]
  })

const hostOf = ({ backend, zone }: Pool): string => `memory@${backend}-${zone}`

const listPools: Handler = (call) =>
  Effect.gen(function* () {
    if (!call.isAdmin) return yield* policyForbids("scheduler_extension:scheduler_stats:get_pools")
    const now = yield* Clock.currentTimeMillis
    const pools = yield* poolsOf(call)
    const detail = /^true$/i.test(lastValues(call.query).get("detail") ?? "")
    return jsonReply(200, {
      pools: pools.map((pool) => ({
        name: `${hostOf(pool)}#${pool.backend}`,
        capabilities: detail
          ? {
              volume_backend_name: pool.backend,
              vendor_name: "Memory",
              driver_version: "1.0.0",
              storage_protocol: "local",
              total_capacity_gb: pool.capacityGiB ?? "infinite",
              free_capacity_gb: pool.capacityGiB === undefined ? "infinite" : pool.capacityGiB - pool.allocatedGiB,
              provisioned_capacity_gb: pool.allocatedGiB,
              allocated_capacity_gb: pool.allocatedGiB,
              reserved_percentage: 0,
              max_over_subscription_ratio: 1,
              thin_provisioning_support: true,
              thick_provisioning_support: false,
              multiattach: true,
              online_extend_support: true,
              sparse_copy_volume: true,
              consistent_group_snapshot_enabled: false,
              QoS_support: false,
              filter_function: null,
              goodness_function: null,
              timestamp: storedTime(now)
            }
          : undefined
      }))
    })
  })

const listServices: Handler = (call) =>
  Effect.gen(function* () {
    if (!call.isAdmin) return yield* policyForbids("volume_extension:services:index")
    const now = yield* Clock.currentTimeMillis
    const pools = yield* poolsOf(call)
    const zone = call.world.settings.volumeZones[0]?.name ?? ""
    const service = (binary: string, host: string, where: string): JsonObject => ({
      binary,
      host,
      zone: where,
      status: "enabled",
      state: "up",
      updated_at: storedTime(now),
      disabled_reason: null
    })
    return jsonReply(200, {
      services: [
        service("cinder-backup", "memory", zone),
        service("cinder-scheduler", "memory", zone),
        ...pools.map((pool) => ({
          ...service("cinder-volume", hostOf(pool), pool.zone),
          replication_status: "disabled",
          active_backend_id: null,
          frozen: false
        }))
      ]
    })
  })

/** What Cinder tells about the project and about itself. */
export const projectRoutes = (settings: CinderSettings): ReadonlyArray<Route> => [
  { method: "GET", template: "/types", handle: listTypes },
  { method: "POST", template: "/types", handle: adminsOnly("volume_extension:type_create") },
  { method: "GET", template: "/types/{id}", handle: showType },
  { method: "GET", template: "/os-availability-zone", handle: listZones },
  { method: "GET", template: "/limits", handle: showLimits },
  { method: "GET", template: "/os-quota-sets/{project}", handle: showQuotas },
  { method: "GET", template: "/os-quota-sets/{project}/defaults", handle: showDefaultQuotas },
  { method: "GET", template: "/messages", since: 3, handle: listMessages(settings) },
  { method: "GET", template: "/resource_filters", since: 33, handle: listFilters(settings) },
  { method: "GET", template: "/scheduler-stats/get_pools", handle: listPools },
  { method: "GET", template: "/os-services", handle: listServices },
  { method: "GET", template: "/capabilities/{host}", handle: adminsOnly("volume_extension:capabilities") }
]
