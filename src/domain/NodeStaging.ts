import { Context, type Effect } from "effect"
import type { VolumeCapability } from "./Capability.ts"
import type { DomainError } from "./errors.ts"
import type { VolumeId } from "./Volume.ts"

export interface StageRequest {
  readonly volumeId: VolumeId
  readonly stagingPath: string
  readonly capability: VolumeCapability
  readonly publishContext: Readonly<Record<string, string>>
  readonly volumeContext: Readonly<Record<string, string>>
}

/** One volume on this node, made ready for every pod that will use it. */
export class NodeStaging extends Context.Tag("cinder-csi/domain/NodeStaging")<
  NodeStaging,
  {
    /** Idempotent. A file system is made only on a disk that is proved to be this volume and proved to be blank. */
    readonly stage: (request: StageRequest) => Effect.Effect<void, DomainError>
    /** Idempotent; works with the disk gone. Leaves the directory, empty. */
    readonly unstage: (volumeId: VolumeId, stagingPath: string) => Effect.Effect<void, DomainError>
  }
>() {}
