import type { Duration } from "effect"
import type { ServerSpec } from "./worldRequests.ts"

/**
 * Work that goes on after a request was accepted; the key of latencies, faults and freezing. `create` makes empty volumes,
 * `clone` those from a snapshot or volume, `restore` those from a backup.
 */
export const workNames = [
  "create",
  "clone",
  "delete",
  "extend",
  "retype",
  "snapshot",
  "snapshotDelete",
  "backup",
  "backupDelete",
  "restore",
  "attach",
  "detach",
  "serverCreate",
  "serverDelete",
  "serverStop"
] as const

/** Kind of work that goes on after a request was accepted. */
export type WorkName = (typeof workNames)[number]

/** A volume type. */
export interface VolumeTypeSettings {
  readonly name: string
  readonly id?: string
  readonly multiattach?: boolean
  readonly encrypted?: boolean
  /** Undefined: every zone has a backend for it. */
  readonly zones?: ReadonlyArray<string>
  /** Types with the same word share a backend; default "default". */
  readonly backend?: string
}

/** A zone of Cinder. */
export interface VolumeZoneSettings {
  readonly name: string
  readonly available?: boolean
  /** Room of all backends of the zone together; undefined means endless. */
  readonly capacityGiB?: number
}

/** -1 means unlimited. */
export interface QuotaSettings {
  readonly volumes: number
  readonly gigabytes: number
  readonly perVolumeGigabytes: number
  readonly snapshots: number
  readonly backups: number
  readonly backupGigabytes: number
  /** By name of the type; a missing name means unlimited. */
  readonly types: Readonly<Record<string, { readonly volumes?: number; readonly gigabytes?: number }>>
}

/** How long accepted work takes. */
export interface Latencies extends Readonly<Record<WorkName, Duration.DurationInput>> {
  /** From the accepted create until the scheduler has placed the volume; until then a delete takes effect at once. */
  readonly schedule: Duration.DurationInput
  /** How long Nova still lists a volume after Cinder says it is available. */
  readonly bdmCleanup: Duration.DurationInput
  /** After which Nova gives up on a compute host that does not answer. */
  readonly rpcTimeout: Duration.DurationInput
}

/** What the project is like and how its cloud behaves. */
export interface WorldSettings {
  readonly projectId: string
  readonly userId: string
  readonly region: string
  /** Cinder's zones; the first is the default. */
  readonly volumeZones: ReadonlyArray<VolumeZoneSettings>
  /** True: a zone that Cinder does not know means its default (`allow_availability_zone_fallback`). */
  readonly availabilityZoneFallback: boolean
  /** Nova's zones; the first is the default. */
  readonly serverZones: ReadonlyArray<string>
  /** The first is the default type. */
  readonly volumeTypes: ReadonlyArray<VolumeTypeSettings>
  readonly quotas: QuotaSettings
  /** Disks of one server with its root disk (`max_disk_devices_to_attach`); -1 means unlimited. */
  readonly maxDisksPerServer: number
  /** False: Nova refuses to attach a volume of another zone's name. */
  readonly crossZoneAttach: boolean
  readonly latencies: Latencies
  /** True: an attach request waits for earlier work on the same server, as the API of real clouds does. */
  readonly attachWaitsForServer: boolean
  /** False: a detach from a server whose compute host is dead is accepted and stays unfinished, as with older releases. */
  readonly detachAsksForHost: boolean
  /** Ids are drawn from it: the same seed and requests give the same ids. */
  readonly seed: number
  /** Servers that are there from the start, ACTIVE. */
  readonly servers: ReadonlyArray<ServerSpec>
}

/** What is left out is as `worldSettings` says. */
export type WorldOptions = Partial<Omit<WorldSettings, "quotas" | "latencies">> & {
  readonly quotas?: Partial<QuotaSettings>
  readonly latencies?: Partial<Latencies>
}

const noLatency: Latencies = {
  create: 0,
  clone: 0,
  delete: 0,
  extend: 0,
  retype: 0,
  snapshot: 0,
  snapshotDelete: 0,
  backup: 0,
  backupDelete: 0,
  restore: 0,
  attach: 0,
  detach: 0,
  serverCreate: 0,
  serverDelete: 0,
  serverStop: 0,
  schedule: 0,
  bdmCleanup: 0,
  rpcTimeout: "60 seconds"
}

const unlimited: QuotaSettings = {
  volumes: -1,
  gigabytes: -1,
  perVolumeGigabytes: -1,
  snapshots: -1,
  backups: -1,
  backupGigabytes: -1,
  types: {}
}

/** One zone "nova" on both sides, one type "fast", no quotas, no latency, no servers. */
export const worldSettings = (options: WorldOptions): WorldSettings => ({
  projectId: options.projectId ?? "5d0c1f3aa4f94d7c8e2b6a9f10c3d7e4",
  userId: options.userId ?? "a7e5c3b19d2f4860b1c4e8f7d6a5b3c2",
  region: options.region ?? "RegionOne",
  volumeZones: options.volumeZones ?? [{ name: "nova" }],
  availabilityZoneFallback: options.availabilityZoneFallback ?? false,
  serverZones: options.serverZones ?? ["nova"],
  volumeTypes: options.volumeTypes ?? [{ name: "fast" }],
  quotas: { ...unlimited, ...options.quotas },
  maxDisksPerServer: options.maxDisksPerServer ?? -1,
  crossZoneAttach: options.crossZoneAttach ?? true,
  latencies: { ...noLatency, ...options.latencies },
  attachWaitsForServer: options.attachWaitsForServer ?? false,
  detachAsksForHost: options.detachAsksForHost ?? true,
  seed: options.seed ?? 1,
  servers: options.servers ?? []
})
