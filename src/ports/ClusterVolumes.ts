import { Context, type Effect } from "effect"
import type {
  ClusterAttachment,
  ClusterClass,
  ClusterServer,
  ClusterSnapshot,
  ClusterVolume
} from "../domain/ClusterVolume.ts"
import type { ClusterFailure } from "../domain/clusterErrors.ts"

/**
 * What Kubernetes has on record about this driver's volumes, as it is now. It can only be read: who holds this port can
 * change nothing. Every call has a time limit, and lists are read page by page.
 */
export class ClusterVolumes extends Context.Tag("cinder-csi/ports/ClusterVolumes")<
  ClusterVolumes,
  {
    readonly volumes: Effect.Effect<ReadonlyArray<ClusterVolume>, ClusterFailure>
    readonly attachments: Effect.Effect<ReadonlyArray<ClusterAttachment>, ClusterFailure>
    /** Undefined where the cluster knows no such thing as a VolumeSnapshotContent. */
    readonly snapshots: Effect.Effect<ReadonlyArray<ClusterSnapshot> | undefined, ClusterFailure>
    /** Nodes where the driver is registered. */
    readonly servers: Effect.Effect<ReadonlyArray<ClusterServer>, ClusterFailure>
    readonly classes: Effect.Effect<ReadonlyArray<ClusterClass>, ClusterFailure>
  }
>() {}
