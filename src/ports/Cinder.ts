import { Context, type Effect } from "effect"
import type { Backup, BackupId, MarkedBackup } from "../domain/Backup.ts"
import type {
  BackupNotFound,
  CloudFailure,
  QuotaExceeded,
  SnapshotNotFound,
  UnknownPageToken,
  VolumeNotFound
} from "../domain/errors.ts"
import type { SchedulerHints } from "../domain/SchedulerHints.ts"
import type { Snapshot, SnapshotId } from "../domain/Snapshot.ts"
import type { CopySource, Volume, VolumeId } from "../domain/Volume.ts"

/** A volume to ask Cinder for. */
export interface NewVolume {
  readonly name: string
  readonly description: string
  readonly sizeGiB: number
  /** Undefined leaves the choice to Cinder. */
  readonly zone: string | undefined
  /** Name or id; undefined means the cloud's default type. */
  readonly volumeType: string | undefined
  readonly source: CopySource | undefined
  readonly hints: SchedulerHints
  /** Keys and values of 1 to 255 characters. */
  readonly metadata: Readonly<Record<string, string>>
}

/** A snapshot to ask Cinder for. */
export interface NewSnapshot {
  readonly volumeId: VolumeId
  readonly name: string
  readonly description: string
  readonly metadata: Readonly<Record<string, string>>
}

/** A backup to ask Cinder for. */
export interface NewBackup {
  readonly volumeId: VolumeId
  /** What is copied; it must be `available`. */
  readonly snapshotId: SnapshotId
  readonly name: string
  readonly description: string
  /** Undefined leaves the choice to Cinder. */
  readonly zone: string | undefined
  readonly metadata: Readonly<Record<string, string>>
}

/** Which page of a list. */
export interface PageRequest {
  /** Most rows wanted; the answer may hold fewer and still have a `next`. */
  readonly limit: number | undefined
  /** Id of the last row of the page before; undefined starts at the oldest. */
  readonly marker: string | undefined
}

/** A page of a list. */
export interface Page<A> {
  /** Oldest first. */
  readonly items: ReadonlyArray<A>
  /** Marker of the page that follows; undefined when this is the last. */
  readonly next: string | undefined
}

/**
 * What the domain needs from block storage. Reads and deletions are repeated by the adapter when the cloud did not
 * answer; creations never are: after a `CloudFailure` with reason `unanswered` look for the result by name first.
 */
export class Cinder extends Context.Tag("cinder-csi/ports/Cinder")<
  Cinder,
  {
    /** Every volume of exactly this name, oldest first; names are not unique. */
    readonly findVolumes: (name: string) => Effect.Effect<ReadonlyArray<Volume>, CloudFailure>
    readonly getVolume: (id: VolumeId) => Effect.Effect<Volume, CloudFailure | VolumeNotFound>
    /** All volumes of the project. Fails with `UnknownPageToken` when the marker's volume is gone. */
    readonly listVolumes: (page: PageRequest) => Effect.Effect<Page<Volume>, CloudFailure | UnknownPageToken>
    /** Accepted, not yet usable: the volume comes back `creating`. Not idempotent, never repeated. */
    readonly createVolume: (spec: NewVolume) => Effect.Effect<Volume, CloudFailure | QuotaExceeded>
    /** Accepted, not yet gone. Succeeds when there is no such volume. `invalid`: its state forbids deletion. */
    readonly deleteVolume: (id: VolumeId) => Effect.Effect<void, CloudFailure>
    /** Accepted, not yet done. `attached` chooses the request that may grow a volume in use. Not repeated. */
    readonly extendVolume: (
      id: VolumeId,
      sizeGiB: number,
      attached: boolean
    ) => Effect.Effect<void, CloudFailure | VolumeNotFound | QuotaExceeded>
    /** Every snapshot of exactly this name, oldest first; names are not unique. */
    readonly findSnapshots: (name: string) => Effect.Effect<ReadonlyArray<Snapshot>, CloudFailure>
    readonly getSnapshot: (id: SnapshotId) => Effect.Effect<Snapshot, CloudFailure | SnapshotNotFound>
    /** All snapshots of the project, or of one volume. */
    readonly listSnapshots: (
      page: PageRequest,
      volumeId: VolumeId | undefined
    ) => Effect.Effect<Page<Snapshot>, CloudFailure | UnknownPageToken>
    /** Accepted, not yet cut; works on a volume in use. Not idempotent, never repeated. */
    readonly createSnapshot: (
      spec: NewSnapshot
    ) => Effect.Effect<Snapshot, CloudFailure | VolumeNotFound | QuotaExceeded>
    /** `accepted`, not yet gone; `absent` when there is no such snapshot. */
    readonly deleteSnapshot: (id: SnapshotId) => Effect.Effect<"accepted" | "absent", CloudFailure>
    /** Every backup of exactly this name, oldest first; names are not unique. `unsupported` by clouds before Pike. */
    readonly findBackups: (name: string) => Effect.Effect<ReadonlyArray<MarkedBackup>, CloudFailure>
    readonly getBackup: (id: BackupId) => Effect.Effect<Backup, CloudFailure | BackupNotFound>
    /** All backups of the project, or of one volume. */
    readonly listBackups: (
      page: PageRequest,
      volumeId: VolumeId | undefined
    ) => Effect.Effect<Page<Backup>, CloudFailure | UnknownPageToken>
    /** Accepted, not yet copied. Not idempotent, never repeated. */
    readonly createBackup: (spec: NewBackup) => Effect.Effect<BackupId, CloudFailure | QuotaExceeded>
    /** Accepted, not yet gone. Succeeds when there is no such backup. */
    readonly deleteBackup: (id: BackupId) => Effect.Effect<void, CloudFailure>
    /**
     * Removes what a server that Nova does not have any more left attached. `conflict`: Nova knows the attachment, as Cinder
     * finds out by asking it. Succeeds when there is no such attachment.
     */
    readonly removeAttachment: (attachmentId: string) => Effect.Effect<void, CloudFailure>
    /** Names of Cinder's zones, which need not be those of Nova. */
    readonly listZones: Effect.Effect<ReadonlyArray<string>, CloudFailure>
    /** The newest message Cinder left for users about an object; best effort, hence no error. */
    readonly explain: (id: VolumeId | SnapshotId | BackupId) => Effect.Effect<string | undefined>
  }
>() {}
