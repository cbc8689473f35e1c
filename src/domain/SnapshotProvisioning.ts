import { Context, type Effect } from "effect"
import type { DomainError } from "./errors.ts"
import type { SnapshotId } from "./Snapshot.ts"
import type { VolumeId } from "./Volume.ts"

export interface SnapshotRequest {
  readonly volumeId: VolumeId
  readonly name: string
  readonly parameters: Readonly<Record<string, string>>
}

export interface ProvisionedSnapshot {
  readonly id: SnapshotId
  readonly volumeId: VolumeId
  /** Least size of a volume made from it. */
  readonly sizeBytes: bigint
  /** Milliseconds since the epoch; the same at each repetition. */
  readonly createdAt: number
  readonly ready: boolean
}

export interface SnapshotFilter {
  readonly snapshotId: SnapshotId | undefined
  readonly volumeId: VolumeId | undefined
}

export interface SnapshotPage {
  readonly entries: ReadonlyArray<ProvisionedSnapshot>
  readonly nextToken: string | undefined
}

/** Snapshots from their creation to their deletion. Every method is idempotent. */
export class SnapshotProvisioning extends Context.Tag("cinder-csi/domain/SnapshotProvisioning")<
  SnapshotProvisioning,
  {
    /** Succeeds once the snapshot is `available`: before that the application may not go on writing. */
    readonly create: (request: SnapshotRequest) => Effect.Effect<ProvisionedSnapshot, DomainError>
    /** Succeeds once the snapshot is gone, also if it never was. */
    readonly remove: (id: SnapshotId) => Effect.Effect<void, DomainError>
    /** Filters are ANDed; what matches nothing gives an empty page. `maxEntries` 0 means all that is left. */
    readonly list: (
      filter: SnapshotFilter,
      maxEntries: number,
      token: string
    ) => Effect.Effect<SnapshotPage, DomainError>
  }
>() {}
