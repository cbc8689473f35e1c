import { Context, type Effect } from "effect"
import type { ClusterNode, FailoverMark } from "../domain/ClusterNode.ts"
import type { ClusterFailure, NodeChanged, NodeNotFound } from "../domain/clusterErrors.ts"
import type { ServerId } from "../domain/Server.ts"

/** What is said about a node, for people who look at it with kubectl. */
export interface NodeEvent {
  readonly type: "Normal" | "Warning"
  /** One word, such as ServerRuns. */
  readonly reason: string
  readonly note: string
}

/** What the failover assistant needs from Kubernetes. Every call has a time limit. */
export class ClusterNodes extends Context.Tag("cinder-csi/ports/ClusterNodes")<
  ClusterNodes,
  {
    /** All nodes, from a copy that follows the cluster and may be behind it: to choose by, not to act on. */
    readonly list: Effect.Effect<ReadonlyArray<ClusterNode>, ClusterFailure>
    /** The node as it is right now. */
    readonly get: (name: string) => Effect.Effect<ClusterNode, ClusterFailure | NodeNotFound>
    /** The id that this driver's node service told the node's kubelet, and no earlier node's of its name; undefined where it is not registered. */
    readonly serverOf: (node: ClusterNode) => Effect.Effect<ServerId | undefined, ClusterFailure>
    /** Puts the assistant's out-of-service taint on the node, with the mark; only if it still is as given. */
    readonly taint: (node: ClusterNode, mark: FailoverMark) => Effect.Effect<void, ClusterFailure | NodeChanged>
    /** Takes taint and mark away again; only if the node still is as given. */
    readonly removeTaint: (node: ClusterNode) => Effect.Effect<void, ClusterFailure | NodeChanged>
    /** What was said in these words before is counted once more instead. */
    readonly report: (node: ClusterNode, event: NodeEvent) => Effect.Effect<void, ClusterFailure>
  }
>() {}
