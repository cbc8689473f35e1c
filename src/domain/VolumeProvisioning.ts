import { Context, type Effect } from "effect"
import type { VolumeCapability } from "./Capability.ts"
import type { CapacityRange } from "./Capacity.ts"
import type { DomainError } from "./errors.ts"
import type { ServerId } from "./Server.ts"
import type { Segments, TopologyRequirement } from "./Topology.ts"
import type { VolumeId, VolumeSource } from "./Volume.ts"

export interface ProvisionRequest {
  readonly name: string
  readonly capacity: CapacityRange
  /** Every one must be served by the volume. */
  readonly capabilities: ReadonlyArray<VolumeCapability>
  readonly parameters: Readonly<Record<string, string>>
  readonly source: VolumeSource | undefined
  readonly topology: TopologyRequirement | undefined
}

export interface ProvisionedVolume {
  readonly id: VolumeId
  readonly sizeBytes: bigint
  /** Handed to the node unchanged for the life of the volume. */
  readonly context: Readonly<Record<string, string>>
  readonly source: VolumeSource | undefined
  /** Empty when the volume is reachable from everywhere or topology is switched off. */
  readonly topology: ReadonlyArray<Segments>
}

/** A volume with the servers it is attached to. */
export interface ListedVolume {
  readonly volume: ProvisionedVolume
  readonly publishedOn: ReadonlyArray<ServerId>
}

export interface VolumePage {
  readonly entries: ReadonlyArray<ListedVolume>
  /** Undefined when this is the last page. */
  readonly nextToken: string | undefined
}

export interface ExpandedVolume {
  readonly sizeBytes: bigint
  readonly nodeExpansionRequired: boolean
}

export interface ValidationRequest {
  readonly volumeId: VolumeId
  readonly capabilities: ReadonlyArray<VolumeCapability>
}

/** Undefined `problem` confirms every capability. */
export interface Validation {
  readonly problem: string | undefined
}

/** Volumes from their creation to their deletion. Every method is idempotent and resumes what an earlier call began. */
export class VolumeProvisioning extends Context.Tag("cinder-csi/domain/VolumeProvisioning")<
  VolumeProvisioning,
  {
    /** Succeeds once the volume is `available`. Sizes: see `CapacityRange`. */
    readonly provision: (request: ProvisionRequest) => Effect.Effect<ProvisionedVolume, DomainError>
    /** Succeeds once the volume is gone, also if it never was. */
    readonly remove: (id: VolumeId) => Effect.Effect<void, DomainError>
    /** Succeeds once Cinder shows the new size. Never shrinks. */
    readonly expand: (
      id: VolumeId,
      capacity: CapacityRange,
      capability: VolumeCapability | undefined
    ) => Effect.Effect<ExpandedVolume, DomainError>
    readonly validate: (request: ValidationRequest) => Effect.Effect<Validation, DomainError>
    readonly get: (id: VolumeId) => Effect.Effect<ListedVolume, DomainError>
    /** `maxEntries` 0 means all that is left in one page. */
    readonly list: (maxEntries: number, token: string) => Effect.Effect<VolumePage, DomainError>
  }
>() {}
