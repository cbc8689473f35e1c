/** Statuses that Cinder documents for volumes: https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes */
export type VolumeStatus =
  | "creating"
  | "downloading"
  | "available"
  | "reserved"
  | "attaching"
  | "in-use"
  | "detaching"
  | "extending"
  | "retyping"
  | "maintenance"
  | "uploading"
  | "backing-up"
  | "restoring-backup"
  | "awaiting-transfer"
  | "reverting"
  | "deleting"
  | "error"
  | "error_deleting"
  | "error_extending"
  | "error_restoring"
  | "error_managing"

/** States of a snapshot. */
export type SnapshotStatus = "creating" | "available" | "deleting" | "error" | "error_deleting" | "backing-up"
/** States of a backup. */
export type BackupStatus = "creating" | "available" | "restoring" | "deleting" | "error" | "error_deleting"
/** State of a row of Cinder's attachments API. */
export type AttachmentStatus = "reserved" | "attaching" | "attached" | "detaching"

/** Times are milliseconds since the epoch; `updatedAt` is undefined until the first update. */
interface Stamped {
  readonly createdAt: number
  readonly updatedAt: number | undefined
}

/** Ids of volumes whose backend a new volume was to share or to avoid. */
export interface HintsRecord {
  readonly sameHost: ReadonlyArray<string>
  readonly differentHost: ReadonlyArray<string>
}

/** A volume as Cinder keeps it. */
export interface VolumeRecord extends Stamped {
  readonly id: string
  readonly name: string | undefined
  readonly description: string | undefined
  readonly status: VolumeStatus
  readonly sizeGiB: number
  readonly zone: string
  /** Name of the type; `typeId` is its id. */
  readonly type: string
  readonly typeId: string
  readonly multiattach: boolean
  readonly encrypted: boolean
  readonly bootable: boolean
  /** The source's id stays when the source is gone. */
  readonly snapshotId: string | undefined
  readonly sourceVolumeId: string | undefined
  readonly metadata: Readonly<Record<string, string>>
  /** The scheduler hints of its creation, which Cinder never shows. They are remembered and place nothing. */
  readonly hints: HintsRecord | undefined
  /** Rows with status `attached` alone, as the volume's own representation shows them. */
  readonly attachments: ReadonlyArray<AttachmentRecord>
  /** Undefined until the scheduler has placed the volume, and for good when it could not. */
  readonly host: string | undefined
}

/** A row of Cinder's attachments API. */
export interface AttachmentRecord {
  readonly id: string
  readonly volumeId: string
  readonly serverId: string
  readonly status: AttachmentStatus
  readonly device: string
  readonly attachedAt: number | undefined
  readonly mode: "rw"
}

/** A snapshot as Cinder keeps it. */
export interface SnapshotRecord extends Stamped {
  readonly id: string
  readonly name: string | undefined
  readonly description: string | undefined
  readonly volumeId: string
  readonly status: SnapshotStatus
  readonly sizeGiB: number
  readonly zone: string
  readonly metadata: Readonly<Record<string, string>>
  /** The volume's type when it was cut, whose quota it counts into. */
  readonly type: string
  /** 0 or 100. */
  readonly progressPercent: number
}

/** A backup as Cinder keeps it. */
export interface BackupRecord extends Stamped {
  readonly id: string
  readonly name: string | undefined
  readonly description: string | undefined
  readonly volumeId: string
  readonly snapshotId: string | undefined
  readonly status: BackupStatus
  readonly sizeGiB: number
  readonly zone: string | undefined
  readonly container: string | undefined
  readonly objectCount: number
  readonly failReason: string | undefined
  readonly isIncremental: boolean
  readonly hasDependentBackups: boolean
  /** When the copied content was as it is in the backup. */
  readonly dataTimestamp: number
  readonly metadata: Readonly<Record<string, string>>
}

/** Nova's state of a server, of which `status` is a summary. */
export type VmState =
  | "building"
  | "active"
  | "stopped"
  | "paused"
  | "suspended"
  | "rescued"
  | "resized"
  | "shelved"
  | "shelved_offloaded"
  | "soft-delete"
  | "error"

/** A server as Nova keeps it. */
export interface ServerRecord {
  readonly id: string
  readonly name: string
  /** Nova's summary of `vmState` and `taskState`. */
  readonly status: string
  readonly vmState: VmState
  readonly taskState: string | undefined
  /** 0 none, 1 running, 3 paused, 4 shut down, 7 suspended. */
  readonly powerState: number
  readonly locked: boolean
  readonly zone: string
  /** The compute host it is on. */
  readonly host: string
  readonly launchedAt: number | undefined
  readonly createdAt: number
  readonly updatedAt: number
  readonly metadata: Readonly<Record<string, string>>
  /** Undefined where the server boots from an image. */
  readonly rootVolumeId: string | undefined
  /** False: its compute host does not answer, so what Nova asks of it waits. */
  readonly computeUp: boolean
  /** Nova's block-device mappings, early and late ones included, oldest first. */
  readonly volumes: ReadonlyArray<ServerVolumeRecord>
}

/** A block-device mapping of Nova: there as soon as an attach is accepted, gone a little after Cinder says available. */
export interface ServerVolumeRecord {
  readonly bdmId: string
  readonly serverId: string
  readonly volumeId: string
  readonly attachmentId: string
  readonly device: string
  readonly tag: string | undefined
  readonly deleteOnTermination: boolean
}

/** What Nova did with a server, by request. */
export interface InstanceActionRecord {
  readonly action: "create" | "attach_volume" | "detach_volume" | "extend_volume"
  readonly serverId: string
  readonly requestId: string
  readonly startTime: number
  readonly updatedAt: number
  readonly message: "Error" | undefined
  readonly events: ReadonlyArray<InstanceActionEvent>
}

/** A step of an instance action. */
export interface InstanceActionEvent {
  readonly event: string
  readonly startTime: number
  readonly finishTime: number | undefined
  readonly result: "Success" | "Error" | undefined
}

/** What Cinder tells a user about work that failed after it was accepted. */
export interface MessageRecord {
  readonly id: string
  /** Such as VOLUME_VOLUME_001_003: https://docs.openstack.org/cinder/latest/contributor/user_messages.html */
  readonly eventId: string
  readonly userMessage: string
  readonly level: "ERROR"
  readonly resourceType: "VOLUME" | "VOLUME_SNAPSHOT" | "VOLUME_BACKUP"
  readonly resourceId: string
  readonly requestId: string
  readonly createdAt: number
  readonly guaranteedUntil: number
}

/** A volume type as Cinder keeps it. */
export interface VolumeTypeRecord {
  readonly id: string
  readonly name: string
  readonly multiattach: boolean
  readonly encrypted: boolean
  /** Zones that have a backend for the type; undefined means all. */
  readonly zones: ReadonlyArray<string> | undefined
  /** Types of one backend can be exchanged without moving data. */
  readonly backend: string
  readonly isDefault: boolean
}

/** An availability zone. */
export interface ZoneRecord {
  readonly name: string
  readonly available: boolean
}

/** One quota and what counts against it. */
export interface QuotaUsage {
  /** -1 means unlimited. */
  readonly limit: number
  readonly inUse: number
  readonly reserved: number
}

/** Quotas of the project and what counts against them. */
export type QuotaSet = Readonly<
  Record<"volumes" | "gigabytes" | "perVolumeGigabytes" | "snapshots" | "backups" | "backupGigabytes", QuotaUsage>
> & {
  /** By name of the type. */
  readonly types: Readonly<Record<string, { readonly volumes: QuotaUsage; readonly gigabytes: QuotaUsage }>>
}
