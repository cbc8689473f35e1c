import { Context, type Effect } from "effect"
import type { VolumeCapability } from "./Capability.ts"
import type { CapacityRange } from "./Capacity.ts"
import type { DomainError } from "./errors.ts"
import type { ServerId } from "./Server.ts"
import type { Segments } from "./Topology.ts"
import type { VolumeId } from "./Volume.ts"

export type VolumeUsage =
  /** A raw device has a size and nothing else that can be known. */
  | { readonly _tag: "block"; readonly totalBytes: bigint }
  | {
      readonly _tag: "mount"
      readonly totalBytes: bigint
      readonly usedBytes: bigint
      readonly availableBytes: bigint
      readonly totalInodes: bigint
      readonly usedInodes: bigint
      readonly availableInodes: bigint
    }

export interface NodeExpandRequest {
  readonly volumeId: VolumeId
  readonly volumePath: string
  readonly stagingPath: string
  readonly capacity: CapacityRange
  /** Undefined: what the path holds decides between block and mount. */
  readonly capability: VolumeCapability | undefined
}

export interface NodeInfo {
  readonly serverId: ServerId
  /** 0 leaves it open. */
  readonly maxVolumes: number
  /** Undefined when topology is switched off. */
  readonly topology: Segments | undefined
}

/** Volumes in use on this node, and the node itself. */
export class NodeVolumes extends Context.Tag("cinder-csi/domain/NodeVolumes")<
  NodeVolumes,
  {
    readonly usage: (volumeId: VolumeId, path: string) => Effect.Effect<VolumeUsage, DomainError>
    /** Answers with the size in bytes. Idempotent; succeeds only once disk and file system have the asked size. */
    readonly expand: (request: NodeExpandRequest) => Effect.Effect<bigint, DomainError>
    readonly info: Effect.Effect<NodeInfo, DomainError>
  }
>() {}
