import type { AttachmentStatus, HintsRecord } from "./worldTypes.ts"

/** What callers ask of the World; the names are those of the REST bodies in camel case. */
export interface VolumeSpec {
  readonly name?: string | undefined
  readonly description?: string | undefined
  /** GiB; may be left out when there is a source, whose size is taken then. */
  readonly sizeGiB?: number | undefined
  /** Name or id. */
  readonly type?: string | undefined
  readonly zone?: string | undefined
  readonly snapshotId?: string | undefined
  readonly sourceVolumeId?: string | undefined
  readonly backupId?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly hints?: HintsRecord | undefined
}

/** How a time is compared. */
export type TimeOperator = "gt" | "gte" | "eq" | "neq" | "lt" | "lte"

/** Compared in whole seconds, as Cinder on MariaDB does. */
export interface TimeBound {
  readonly operator: TimeOperator
  readonly millis: number
}

/** The order of a list. */
export interface Sort {
  readonly key: "created_at" | "updated_at" | "id" | "name" | "size" | "status" | "availability_zone"
  readonly direction: "asc" | "desc"
}

/** Filters, order and place in the list that most lists have. */
export interface ListRequest {
  readonly name?: string | undefined
  readonly status?: ReadonlyArray<string> | undefined
  /** Every pair must match. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Default: newest first. */
  readonly sort?: Sort | undefined
  /** Rows at most; undefined means all. 0 is an empty page. */
  readonly limit?: number | undefined
  /** Id of the last row of the page before. */
  readonly marker?: string | undefined
}

/** Which volumes to list. */
export interface ListVolumesRequest extends ListRequest {
  readonly zone?: ReadonlyArray<string> | undefined
  readonly sizeGiB?: number | undefined
  readonly bootable?: boolean | undefined
  /** Several bounds on one field are OR-ed, as Cinder does. A volume without `updatedAt` matches none. */
  readonly createdAt?: ReadonlyArray<TimeBound> | undefined
  readonly updatedAt?: ReadonlyArray<TimeBound> | undefined
}

/** Which snapshots to list. */
export interface ListSnapshotsRequest extends ListRequest {
  readonly volumeId?: string | undefined
  readonly zone?: ReadonlyArray<string> | undefined
}

/** Which backups to list. */
export interface ListBackupsRequest extends Omit<ListRequest, "metadata"> {
  readonly volumeId?: string | undefined
}

/** Which attachments to list. */
export interface ListAttachmentsRequest {
  readonly volumeId?: string | undefined
  readonly serverId?: string | undefined
  readonly status?: AttachmentStatus | undefined
  readonly limit?: number | undefined
  readonly marker?: string | undefined
}

/** Which servers to list. */
export interface ListServersRequest {
  /** A regular expression that matches anywhere in the name, as Nova's filter does. */
  readonly name?: string | undefined
  readonly status?: string | undefined
  readonly limit?: number | undefined
  readonly marker?: string | undefined
}

/** Which messages to list. */
export interface ListMessagesRequest {
  readonly resourceId?: string | undefined
  readonly limit?: number | undefined
}

/** A page of a list. */
export interface Page<A> {
  readonly rows: ReadonlyArray<A>
  /** True when the page is exactly as long as its limit; nothing may follow all the same. */
  readonly full: boolean
}

/** Undefined leaves the field as it is; `null` clears it. */
export interface RecordUpdate {
  readonly name?: string | null | undefined
  readonly description?: string | null | undefined
  /** Replaces the whole map. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

/** A snapshot to cut. */
export interface SnapshotSpec {
  readonly volumeId: string
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Without it a volume in use is refused. From microversion 3.66 on it is implied. */
  readonly force?: boolean | undefined
}

/** A backup to make. */
export interface BackupSpec {
  readonly volumeId: string
  readonly snapshotId?: string | undefined
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly incremental?: boolean | undefined
  readonly force?: boolean | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly container?: string | undefined
  readonly zone?: string | undefined
}

/** Where a backup is to be copied to. */
export interface RestoreSpec {
  /** Undefined: a new volume is made first, and the request waits for it. */
  readonly volumeId?: string | undefined
  readonly name?: string | undefined
}

/** The volume that a backup is copied to. */
export interface RestoreAnswer {
  readonly backupId: string
  readonly volumeId: string
  readonly volumeName: string | undefined
}

/** The type that a volume is to have. */
export interface RetypeSpec {
  /** Name or id. */
  readonly type: string
  /** `never` is the default: a type of another backend is then silently not taken. */
  readonly policy?: "never" | "on-demand" | undefined
}

/** A server to make. */
export interface ServerSpec {
  readonly name: string
  readonly zone?: string | undefined
  readonly id?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly rootVolumeId?: string | undefined
}

/** What an attach request can say. */
export interface AttachSpec {
  readonly device?: string | undefined
  readonly tag?: string | undefined
  readonly deleteOnTermination?: boolean | undefined
  /** False speaks for a microversion below 2.60, which refuses multiattach volumes. Default true. */
  readonly multiattachAllowed?: boolean | undefined
  /** The id under which the instance action is recorded; one is made when it is absent. */
  readonly requestId?: string | undefined
}

/** What a detach request can say. */
export interface DetachSpec {
  readonly requestId?: string | undefined
}
