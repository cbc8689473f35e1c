import type { ClaimRef } from "./Claim.ts"
import type { ServerId } from "./Server.ts"
import type { VolumeId } from "./Volume.ts"

/** How Kubernetes calls the ways to use a volume (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes). */
export type ClusterAccessMode = string

/** A PersistentVolumeClaim, as far as it matters to a volume. */
export interface ClaimSeen extends ClaimRef {
  readonly uid: string
  /** Pending, Bound or Lost. */
  readonly phase: string
  /** Undefined where it names none: the default class, or none at all. */
  readonly className: string | undefined
  /** Undefined before it is bound. */
  readonly volumeName: string | undefined
  readonly requestedBytes: bigint | undefined
  /** What it has, once it is bound. */
  readonly capacityBytes: bigint | undefined
  readonly accessModes: ReadonlyArray<ClusterAccessMode>
  readonly isBlock: boolean
  /** Chosen by the scheduler, where the class waits for a pod. */
  readonly selectedNode: string | undefined
  /** What it is to be filled from, such as `VolumeSnapshot/monday`. */
  readonly source: string | undefined
  readonly deleting: boolean
  /** Such as `Resizing`, with what Kubernetes says of it. */
  readonly conditions: ReadonlyArray<string>
}

/** A PersistentVolume. */
export interface PersistentVolumeSeen {
  readonly name: string
  readonly uid: string
  /** Available, Bound, Released or Failed. */
  readonly phase: string
  /** Milliseconds since the epoch; undefined where Kubernetes does not tell. */
  readonly phaseSince: number | undefined
  /** Why it is Failed, in Kubernetes' words. */
  readonly problem: string | undefined
  /** Undefined where the record names no CSI driver. */
  readonly driver: string | undefined
  /** Of this driver's, also of one that was made within Kubernetes before there was a driver; undefined for all others. */
  readonly volumeId: VolumeId | undefined
  readonly fsType: string
  readonly attributes: Readonly<Record<string, string>>
  readonly mountOptions: ReadonlyArray<string>
  /** Whose it is or was. */
  readonly claim: ClaimRef | undefined
  /** Delete or Retain. */
  readonly reclaimPolicy: string
  readonly className: string | undefined
  /** What the record promises; undefined where it is unreadable. */
  readonly capacityBytes: bigint | undefined
  readonly accessModes: ReadonlyArray<ClusterAccessMode>
  readonly isBlock: boolean
  /** Labels of the zones that its pods may run in; empty where they may run anywhere. */
  readonly zones: ReadonlyArray<string>
  readonly deleting: boolean
  readonly createdAt: number
}

/** A PersistentVolume of this driver. */
export interface OwnVolumeSeen extends PersistentVolumeSeen {
  readonly volumeId: VolumeId
}

export interface StorageClassSeen {
  readonly name: string
  readonly provisioner: string
  readonly parameters: Readonly<Record<string, string>>
  readonly waitsForPod: boolean
  readonly expandable: boolean
  readonly isDefault: boolean
}

/** Kubernetes' wish to have a volume attached to a node, and what became of it. */
export interface VolumeAttachmentSeen {
  readonly name: string
  readonly uid: string
  /** Of the PersistentVolume; undefined for a volume that a pod names itself. */
  readonly volumeName: string | undefined
  /** Of a volume that a pod names itself. */
  readonly volumeId: VolumeId | undefined
  readonly nodeName: string
  /** What the driver's last answer was. */
  readonly attached: boolean
  readonly deleting: boolean
  /** What the attacher wrote down last. */
  readonly error: string | undefined
  readonly createdAt: number
}

/** A VolumeSnapshotContent. */
export interface SnapshotContentSeen {
  readonly name: string
  /** Of a snapshot or a backup; undefined before there is one. */
  readonly handle: string | undefined
}

export interface PodSeen {
  readonly namespace: string
  readonly name: string
  readonly phase: string
  /** Undefined before it is scheduled. */
  readonly nodeName: string | undefined
  readonly claims: ReadonlyArray<string>
  /** Why containers wait, such as ContainerCreating. */
  readonly waiting: ReadonlyArray<string>
  readonly deleting: boolean
}

export interface NodeSeen {
  readonly name: string
  readonly ready: string
  readonly taints: ReadonlyArray<string>
  readonly unschedulable: boolean
  /** Of the label that this driver's topology puts on nodes. */
  readonly zoneLabel: string | undefined
  /** What the cloud controller manager says that it is. */
  readonly providerServer: ServerId | undefined
}

/** What kubelet registered of this driver's plugin on a node. */
export interface NodePluginSeen {
  readonly nodeName: string
  readonly serverId: ServerId
  /** How many volumes the scheduler sends there; undefined for no limit. */
  readonly allocatable: number | undefined
}
