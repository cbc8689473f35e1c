import { Context, type Effect } from "effect"
import type {
  ClaimSeen,
  NodePluginSeen,
  NodeSeen,
  PersistentVolumeSeen,
  PodSeen,
  StorageClassSeen,
  VolumeAttachmentSeen
} from "../domain/ClusterObjects.ts"
import type { ClusterDenied, ClusterFailure } from "../domain/clusterErrors.ts"
import type { EventSeen } from "../domain/decisions/doctor/Report.ts"

/** Undefined where Kubernetes has no such object. */
type Found<A> = Effect.Effect<A | undefined, ClusterFailure | ClusterDenied>
type Listed<A> = Effect.Effect<ReadonlyArray<A>, ClusterFailure | ClusterDenied>

/** What the doctor asks of Kubernetes. It changes nothing, and every call has a time limit. */
export class ClusterView extends Context.Tag("cinder-csi/ports/ClusterView")<
  ClusterView,
  {
    readonly claim: (namespace: string, name: string) => Found<ClaimSeen>
    readonly volume: (name: string) => Found<PersistentVolumeSeen>
    /** The volume of this driver with Cinder's id. */
    readonly volumeOf: (handle: string) => Found<PersistentVolumeSeen>
    readonly storageClass: (name: string) => Found<StorageClassSeen>
    readonly storageClasses: Listed<StorageClassSeen>
    /** Of this driver. */
    readonly attachments: Listed<VolumeAttachmentSeen>
    readonly pod: (namespace: string, name: string) => Found<PodSeen>
    readonly node: (name: string) => Found<NodeSeen>
    /** Undefined where the driver is not registered with the node's kubelet. */
    readonly plugin: (nodeName: string) => Found<NodePluginSeen>
    /** Warnings about one object, the newest first; objects without a namespace have theirs in `default`. */
    readonly warnings: (kind: string, namespace: string, name: string) => Listed<EventSeen>
  }
>() {}
