import { Brand } from "effect"
import type { BackupId } from "./Backup.ts"
import type { ServerId } from "./Server.ts"
import type { SnapshotId } from "./Snapshot.ts"

/** Cinder's id of a volume, which is also its CSI volume handle. Opaque: nothing but Cinder decides whether it exists. */
export type VolumeId = string & Brand.Brand<"VolumeId">
/** Takes a text for the id of a volume. */
export const VolumeId = Brand.nominal<VolumeId>()

/** The states Cinder documents (https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes). */
export const volumeStatuses = [
  "creating",
  "downloading",
  "available",
  "reserved",
  "attaching",
  "in-use",
  "detaching",
  "extending",
  "retyping",
  "maintenance",
  "uploading",
  "backing-up",
  "restoring-backup",
  "awaiting-transfer",
  "reverting",
  "deleting",
  "error",
  "error_deleting",
  "error_extending",
  "error_restoring",
  "error_managing"
] as const

type DocumentedVolumeStatus = (typeof volumeStatuses)[number]

/** A state no release we know of documents: whatever it means, it is not an end. */
export type UnknownVolumeStatus = string & Brand.Brand<"UnknownVolumeStatus">

/** Cinder's state of a volume. */
export type VolumeStatus = DocumentedVolumeStatus | UnknownVolumeStatus

const unknownVolumeStatus = Brand.nominal<UnknownVolumeStatus>()

/** Cinder's text as a state; a text it does not document is kept, marked as unknown. */
export const volumeStatus = (text: string): VolumeStatus =>
  volumeStatuses.find((documented) => documented === text) ?? unknownVolumeStatus(text)

/** What a volume was made from. The source may be gone by now: Cinder keeps its id. */
export type VolumeSource =
  | { readonly _tag: "snapshot"; readonly id: SnapshotId }
  | { readonly _tag: "volume"; readonly id: VolumeId }

/** What Cinder can be told to copy. To CSI a backup is a snapshot, so a volume's source never says that it was a backup. */
export type CopySource = VolumeSource | { readonly _tag: "backup"; readonly id: BackupId }

/** One server that Cinder sees a volume attached to. */
export interface Attachment {
  readonly attachmentId: string
  /** Absent where Cinder does not tell (attached by something other than Nova). */
  readonly serverId: ServerId | undefined
  /** The name Nova guessed, such as /dev/vdb; the guest may use another, so it identifies nothing. */
  readonly device: string
}

/** A volume as its owner sees it. */
export interface Volume {
  readonly id: VolumeId
  /** Not unique in Cinder. */
  readonly name: string
  readonly status: VolumeStatus
  readonly sizeGiB: number
  readonly zone: string
  readonly volumeType: string | undefined
  readonly multiattach: boolean
  readonly encrypted: boolean
  readonly source: VolumeSource | undefined
  readonly attachments: ReadonlyArray<Attachment>
  readonly metadata: Readonly<Record<string, string>>
  /** Milliseconds since the epoch, by the clock of Cinder's API host. */
  readonly createdAt: number
  /** Likewise, of its newest change; undefined before the first. */
  readonly updatedAt: number | undefined
}

/** Whether Cinder sees the volume attached to the server. */
export const isAttachedTo = (volume: Volume, server: ServerId): boolean =>
  volume.attachments.some(({ serverId }) => serverId === server)
