import { Context, type Effect } from "effect"
import type { VolumeCapability } from "./Capability.ts"
import type { DomainError } from "./errors.ts"
import type { VolumeId } from "./Volume.ts"

export interface NodePublishRequest {
  readonly volumeId: VolumeId
  readonly stagingPath: string
  readonly targetPath: string
  readonly capability: VolumeCapability
  readonly readOnly: boolean
  readonly volumeContext: Readonly<Record<string, string>>
}

/** A staged volume, shown to one pod. */
export class NodePublishing extends Context.Tag("cinder-csi/domain/NodePublishing")<
  NodePublishing,
  {
    /** Idempotent. Creates the target. */
    readonly publish: (request: NodePublishRequest) => Effect.Effect<void, DomainError>
    /** Idempotent. Removes the target, never anything in it. */
    readonly unpublish: (volumeId: VolumeId, targetPath: string) => Effect.Effect<void, DomainError>
  }
>() {}
