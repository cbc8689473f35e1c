import { Context, type Effect } from "effect"
import type {
  ClaimSeen,
  NodePluginSeen,
  NodeSeen,
  OwnVolumeSeen,
  PersistentVolumeSeen,
  PodSeen,
  SnapshotContentSeen,
  StorageClassSeen,
  VolumeAttachmentSeen
} from "../domain/ClusterObjects.ts"
import type { ClusterDenied, ClusterFailure } from "../domain/clusterErrors.ts"
import type { EventSeen } from "../domain/decisions/doctor/Report.ts"

type Asked<A> = Effect.Effect<A, ClusterFailure | ClusterDenied>
/** Undefined where Kubernetes has no such object. */
type Found<A> = Asked<A | undefined>
type Listed<A> = Asked<ReadonlyArray<A>>

/**
 * What the doctor and the audit ask of Kubernetes, as it is now. Who holds this port can change nothing. Every call has a
 * time limit, and lists are read page by page.
 */
export class ClusterView extends Context.Tag("cinder-csi/ports/ClusterView")<
  ClusterView,
  {
    readonly claim: (namespace: string, name: string) => Found<ClaimSeen>
    readonly volume: (name: string) => Found<PersistentVolumeSeen>
    readonly storageClass: (name: string) => Found<StorageClassSeen>
    readonly pod: (namespace: string, name: string) => Found<PodSeen>
    readonly node: (name: string) => Found<NodeSeen>
    /** Undefined where the driver is not registered with the node's kubelet. */
    readonly plugin: (nodeName: string) => Found<NodePluginSeen>
    /** Of this driver alone, as are all lists of objects. */
    readonly volumes: Listed<OwnVolumeSeen>
    readonly storageClasses: Listed<StorageClassSeen>
    readonly attachments: Listed<VolumeAttachmentSeen>
    /** Undefined where the cluster knows no such thing as a VolumeSnapshotContent. */
    readonly snapshots: Found<ReadonlyArray<SnapshotContentSeen>>
    readonly plugins: Listed<NodePluginSeen>
    /** Warnings about one object, the newest first; objects without a namespace have theirs in `default`. */
    readonly warnings: (kind: string, namespace: string, name: string) => Listed<EventSeen>
  }
>() {}
