import type { ClaimRef } from "./Claim.ts"
import type { ServerId } from "./Server.ts"
import type { VolumeId } from "./Volume.ts"

/** A PersistentVolume whose volume is this driver's, also one that was made for the driver within Kubernetes before it. */
export interface ClusterVolume {
  readonly name: string
  readonly uid: string
  readonly volumeId: VolumeId
  /** What the record promises; undefined where it is unreadable. */
  readonly capacityBytes: bigint | undefined
  /** Kubernetes' word, such as Bound or Released. */
  readonly phase: string
  /** Milliseconds since the epoch; undefined where Kubernetes does not tell. */
  readonly phaseSince: number | undefined
  /** Why it is Failed, in Kubernetes' words. */
  readonly problem: string | undefined
  readonly reclaimPolicy: string
  readonly className: string | undefined
  /** Whose it is or was. */
  readonly claim: ClaimRef | undefined
  /** Labels of the zones that its pods may run in; empty where they may run anywhere. */
  readonly zones: ReadonlyArray<string>
  readonly createdAt: number
}

/** A VolumeAttachment of this driver: that a volume is wanted on a node. */
export interface ClusterAttachment {
  readonly name: string
  readonly uid: string
  readonly nodeName: string
  /** Of the PersistentVolume; undefined for a volume that a pod names itself. */
  readonly volumeName: string | undefined
  /** Of a volume that a pod names itself. */
  readonly volumeId: VolumeId | undefined
  /** What the driver's last answer was. */
  readonly attached: boolean
  readonly deleting: boolean
  readonly createdAt: number
}

/** A VolumeSnapshotContent of this driver. */
export interface ClusterSnapshot {
  readonly name: string
  /** Of a snapshot or a backup; undefined before there is one. */
  readonly handle: string | undefined
}

/** A node and the server that this driver's node service said it is. */
export interface ClusterServer {
  readonly nodeName: string
  readonly serverId: ServerId
}

/** A StorageClass of this driver. */
export interface ClusterClass {
  readonly name: string
  /** Volume type that it asks for, by name or id; undefined: the cloud's default. */
  readonly volumeType: string | undefined
}
