import { Context, type Effect } from "effect"
import type { WorldFault } from "./worldErrors.ts"
import type {
  AttachSpec,
  BackupSpec,
  DetachSpec,
  ListAttachmentsRequest,
  ListBackupsRequest,
  ListMessagesRequest,
  ListServersRequest,
  ListSnapshotsRequest,
  ListVolumesRequest,
  Page,
  RecordUpdate,
  RestoreAnswer,
  RestoreSpec,
  RetypeSpec,
  ServerSpec,
  SnapshotSpec,
  VolumeSpec
} from "./worldRequests.ts"
import type { WorkName, WorldSettings } from "./worldSettings.ts"
import type {
  AttachmentRecord,
  BackupRecord,
  InstanceActionRecord,
  MessageRecord,
  QuotaSet,
  ServerRecord,
  ServerVolumeRecord,
  SnapshotRecord,
  VolumeRecord,
  VolumeStatus,
  VolumeTypeRecord,
  ZoneRecord
} from "./worldTypes.ts"

type Answer<A> = Effect.Effect<A, WorldFault>

/** Block storage as a member of the project sees it. */
export interface WorldCinder {
  /** The answer shows the volume `creating`; it becomes `available` or `error` later. */
  readonly createVolume: (spec: VolumeSpec) => Answer<VolumeRecord>
  readonly showVolume: (id: string) => Answer<VolumeRecord>
  readonly listVolumes: (request: ListVolumesRequest) => Answer<Page<VolumeRecord>>
  readonly updateVolume: (id: string, update: RecordUpdate) => Answer<VolumeRecord>
  readonly mergeVolumeMetadata: (
    id: string,
    metadata: Readonly<Record<string, string>>
  ) => Answer<Readonly<Record<string, string>>>
  readonly replaceVolumeMetadata: (
    id: string,
    metadata: Readonly<Record<string, string>>
  ) => Answer<Readonly<Record<string, string>>>
  readonly removeVolumeMetadata: (id: string, key: string) => Answer<void>
  readonly deleteVolume: (id: string, options: { readonly cascade: boolean }) => Answer<void>
  /** `allowInUse` speaks for microversion 3.42 and later. */
  readonly extendVolume: (id: string, newSizeGiB: number, options: { readonly allowInUse: boolean }) => Answer<void>
  readonly retypeVolume: (id: string, spec: RetypeSpec) => Answer<void>

  readonly createSnapshot: (spec: SnapshotSpec) => Answer<SnapshotRecord>
  readonly showSnapshot: (id: string) => Answer<SnapshotRecord>
  readonly listSnapshots: (request: ListSnapshotsRequest) => Answer<Page<SnapshotRecord>>
  readonly updateSnapshot: (id: string, update: RecordUpdate) => Answer<SnapshotRecord>
  readonly deleteSnapshot: (id: string) => Answer<void>

  readonly createBackup: (spec: BackupSpec) => Answer<BackupRecord>
  readonly showBackup: (id: string) => Answer<BackupRecord>
  readonly listBackups: (request: ListBackupsRequest) => Answer<Page<BackupRecord>>
  readonly deleteBackup: (id: string) => Answer<void>
  readonly restoreBackup: (id: string, spec: RestoreSpec) => Answer<RestoreAnswer>

  readonly listVolumeTypes: Answer<ReadonlyArray<VolumeTypeRecord>>
  /** By id, or `default`; a name is not found, as with Cinder. */
  readonly showVolumeType: (id: string) => Answer<VolumeTypeRecord>
  readonly listVolumeZones: Answer<ReadonlyArray<ZoneRecord>>
  readonly quotaSet: Answer<QuotaSet>
  /** Newest first. */
  readonly listMessages: (request: ListMessagesRequest) => Answer<ReadonlyArray<MessageRecord>>
  readonly listAttachments: (request: ListAttachmentsRequest) => Answer<Page<AttachmentRecord>>
  readonly showAttachment: (id: string) => Answer<AttachmentRecord>
  /** Refused with 409 while Nova knows the attachment. */
  readonly deleteAttachment: (id: string) => Answer<void>
}

/** Compute as the owner of the servers sees it. */
export interface WorldNova {
  readonly createServer: (spec: ServerSpec) => Answer<ServerRecord>
  readonly showServer: (id: string) => Answer<ServerRecord>
  /** Newest first. */
  readonly listServers: (request: ListServersRequest) => Answer<Page<ServerRecord>>
  readonly deleteServer: (id: string) => Answer<void>
  /** Accepted; the task is `powering-off` now and the server `stopped` later, which takes a compute host that answers. */
  readonly stopServer: (id: string) => Answer<void>
  readonly listServerZones: Answer<ReadonlyArray<ZoneRecord>>
  /** Accepted; the volume is `reserved` now and `in-use` or `available` later. */
  readonly attachVolume: (serverId: string, volumeId: string, spec?: AttachSpec) => Answer<ServerVolumeRecord>
  /** Accepted; the volume is `detaching` now and `available` or `in-use` later. */
  readonly detachVolume: (serverId: string, volumeId: string, spec?: DetachSpec) => Answer<void>
  readonly listServerVolumes: (serverId: string) => Answer<ReadonlyArray<ServerVolumeRecord>>
  readonly showServerVolume: (serverId: string, volumeId: string) => Answer<ServerVolumeRecord>
  /** Newest first. */
  readonly listInstanceActions: (serverId: string) => Answer<ReadonlyArray<InstanceActionRecord>>
  readonly showInstanceAction: (serverId: string, requestId: string) => Answer<InstanceActionRecord>
}

/** A request to Cinder. */
export type CinderCall = keyof WorldCinder
/** A request to Nova. */
export type NovaCall = keyof WorldNova
/** A request to Cinder or Nova. */
export type CallName = CinderCall | NovaCall

/**
 * How accepted work ends otherwise than well:
 * - `fails`: create and clone in `error`, delete in `error_deleting`, extend in `error_extending`, restore in
 *   `error_restoring`, snapshot and backup in `error`; retype keeps the old type, attach falls back to `available`, detach
 *   to `in-use`
 * - `reverts`: as if it had never been asked for: delete (backend busy) and extend (no room) end in the former status;
 *   for other work the same as `fails`
 * - `noBackend`: create alone: the scheduler finds no backend, the volume ends in `error` without a host
 */
export type WorkOutcome = "fails" | "reverts" | "noBackend"

/** Work that was accepted and ends badly. */
export interface WorkFault {
  readonly work: WorkName
  readonly outcome: WorkOutcome
  /** How often; default once. */
  readonly times?: number
  /** A part of the id or name of the volume, snapshot, backup or server; default any. */
  readonly matching?: string
}

/** A request that is refused, or whose answer is lost. */
export interface CallFault {
  readonly call: CallName
  readonly fault: WorldFault
  /** True: the request is carried out and only its answer is this fault, as with a gateway that gave up. */
  readonly afterwards?: boolean
  /** How often; default once. */
  readonly times?: number
}

/** Trouble on demand, for tests and demonstrations. */
export interface WorldFaults {
  readonly failWork: (fault: WorkFault) => Effect.Effect<void>
  readonly failCall: (fault: CallFault) => Effect.Effect<void>
  /** Work of this kind, begun or not, does not end before it is released. */
  readonly freeze: (work: WorkName) => Effect.Effect<void>
  readonly release: (work: WorkName) => Effect.Effect<void>
  /** Forgets all faults and releases everything. */
  readonly clear: Effect.Effect<void>
}

/** How often each request was made, refused ones included. */
export interface WorldCalls {
  readonly counts: Effect.Effect<Readonly<Partial<Record<CallName, number>>>>
  readonly total: Effect.Effect<number>
  readonly reset: Effect.Effect<void>
}

/** What an administrator or an accident does to the objects; unknown ids fail with 404. Counted as no call. */
export interface WorldControl {
  /** By id, else the oldest of that name. */
  readonly lookUpServer: (idOrName: string) => Effect.Effect<ServerRecord | undefined>
  /** As `os-reset_status`: sets the status and nothing else. */
  readonly resetVolumeStatus: (id: string, status: VolumeStatus) => Answer<void>
  readonly setServer: (
    id: string,
    change: Partial<
      Pick<ServerRecord, "vmState" | "taskState" | "locked" | "zone" | "host" | "launchedAt" | "computeUp" | "metadata">
    >
  ) => Answer<ServerRecord>
  /** The server is gone from Nova at once and its Cinder attachments stay behind. */
  readonly loseServer: (id: string) => Answer<void>
}

/** The project: its two APIs as a member uses them, and the strings behind them. */
export interface WorldService {
  readonly settings: WorldSettings
  readonly cinder: WorldCinder
  readonly nova: WorldNova
  readonly faults: WorldFaults
  readonly calls: WorldCalls
  readonly control: WorldControl
}

/**
 * An OpenStack project in memory. Every request is carried out at once and as a whole; work that takes time in OpenStack
 * goes on in fibers of the World's scope, on Effect's Clock. Without latency and disks it is over before the next request.
 * `layerWorld` in worldLayer.ts makes one.
 */
export class World extends Context.Tag("cinder-csi/memory/World")<World, WorldService>() {}
