import { Context, type Effect } from "effect"
import type { ClusterFailure, NodeChanged } from "../domain/clusterErrors.ts"
import type { OwnNode } from "../domain/OwnNode.ts"
import type { ServerId } from "../domain/Server.ts"

/** What a node plugin may ask of Kubernetes about the node that it runs on; only where an operator wants it. */
export class OwnNodes extends Context.Tag("cinder-csi/ports/OwnNodes")<
  OwnNodes,
  {
    /** Undefined when Kubernetes has no such node. */
    readonly look: Effect.Effect<OwnNode | undefined, ClusterFailure>
    /** The id under which the node's kubelet, and no earlier node's of its name, has registered this driver; undefined before it has. */
    readonly registered: (node: OwnNode) => Effect.Effect<ServerId | undefined, ClusterFailure>
    /** Takes the startup taint away and leaves all others; only if the node still is as given. */
    readonly removeStartupTaint: (node: OwnNode) => Effect.Effect<void, ClusterFailure | NodeChanged>
    /** Volumes of this driver that have a VolumeAttachment to the node. */
    readonly attachments: Effect.Effect<ReadonlyArray<string>, ClusterFailure>
  }
>() {}
