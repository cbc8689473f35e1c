import { Brand } from "effect"
import type { VolumeId } from "./Volume.ts"

/** Cinder's id of a snapshot, which is also its CSI snapshot handle. */
export type SnapshotId = string & Brand.Brand<"SnapshotId">
/** Takes a text for the id of a snapshot. */
export const SnapshotId = Brand.nominal<SnapshotId>()

/** The states Cinder documents (https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots). */
export const snapshotStatuses = [
  "creating",
  "available",
  "deleting",
  "error",
  "error_deleting",
  "updating",
  "unmanaging",
  "backing-up",
  "restoring"
] as const

type DocumentedSnapshotStatus = (typeof snapshotStatuses)[number]
/** A state no release we know of documents. */
export type UnknownSnapshotStatus = string & Brand.Brand<"UnknownSnapshotStatus">
/** Cinder's state of a snapshot. */
export type SnapshotStatus = DocumentedSnapshotStatus | UnknownSnapshotStatus

const unknownSnapshotStatus = Brand.nominal<UnknownSnapshotStatus>()

/** Cinder's text as a state; a text it does not document is kept, marked as unknown. */
export const snapshotStatus = (text: string): SnapshotStatus =>
  snapshotStatuses.find((documented) => documented === text) ?? unknownSnapshotStatus(text)

/** A snapshot as its owner sees it. */
export interface Snapshot {
  readonly id: SnapshotId
  /** Not unique in Cinder. */
  readonly name: string
  readonly status: SnapshotStatus
  readonly volumeId: VolumeId
  /** Size of the volume when the snapshot was cut: the least size of a volume made from it. */
  readonly sizeGiB: number
  readonly metadata: Readonly<Record<string, string>>
  /** Milliseconds since the epoch, by the clock of Cinder's API host. */
  readonly createdAt: number
}
