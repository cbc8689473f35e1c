import { Context, Effect, Layer } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { Telemetry } from "../ports/Telemetry.ts"
import type { VolumeCapability } from "./Capability.ts"
import { bytesOf, type CapacityRange } from "./Capacity.ts"
import { ControllerSettings } from "./ControllerSettings.ts"
import { checkCapabilities, unservedBy } from "./decisions/capabilities.ts"
import { boundsOf } from "./decisions/capacity.ts"
import { hintContext } from "./decisions/hints.ts"
import { planVolume } from "./decisions/plan.ts"
import { originOf } from "./decisions/source.ts"
import { topologyOf } from "./decisions/zone.ts"
import type { DomainError } from "./errors.ts"
import { OperationLocks } from "./OperationLocks.ts"
import { listPage } from "./pageTokens.ts"
import type { ServerId } from "./Server.ts"
import type { Segments, TopologyRequirement } from "./Topology.ts"
import type { Volume, VolumeId, VolumeSource } from "./Volume.ts"
import { createdEmptyKey, resizeRequiredKey } from "./volumeContext.ts"
import { makeCreateVolume } from "./volumeCreation.ts"
import { makeDeleteVolume } from "./volumeDeletion.ts"
import { makeExpandVolume } from "./volumeExpansion.ts"
import { makeVolumeTally } from "./volumeTally.ts"

/** A volume to make, known by its name. */
export interface ProvisionRequest {
  readonly name: string
  readonly capacity: CapacityRange
  /** Every one must be served by the volume. */
  readonly capabilities: ReadonlyArray<VolumeCapability>
  readonly parameters: Readonly<Record<string, string>>
  readonly source: VolumeSource | undefined
  readonly topology: TopologyRequirement | undefined
}

/** A volume as the orchestrator sees it. */
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

/** A page of the list. */
export interface VolumePage {
  readonly entries: ReadonlyArray<ListedVolume>
  /** Undefined when this is the last page. */
  readonly nextToken: string | undefined
}

/** The size a volume has now, and whether the node has something left to do. */
export interface ExpandedVolume {
  readonly sizeBytes: bigint
  readonly nodeExpansionRequired: boolean
}

/** Ways in which a volume might be used. */
export interface ValidationRequest {
  readonly volumeId: VolumeId
  readonly capabilities: ReadonlyArray<VolumeCapability>
}

/** Undefined `problem` confirms every capability. */
export interface Validation {
  readonly problem: string | undefined
}

/** Every server once: evacuations and live migrations may leave several attachments to one. */
const serversOf = (volume: Volume): ReadonlyArray<ServerId> => [
  ...new Set(volume.attachments.flatMap(({ serverId }) => (serverId === undefined ? [] : [serverId])))
]

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
>() {
  static readonly layer = Layer.effect(
    VolumeProvisioning,
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const settings = yield* ControllerSettings
      const exclusively = yield* OperationLocks
      const createVolume = yield* makeCreateVolume
      const deleteVolume = yield* makeDeleteVolume
      const expandVolume = yield* makeExpandVolume
      const { shows } = yield* Telemetry
      const tally = makeVolumeTally()
      shows({ _tag: "Volumes", read: Effect.sync(tally.complete) })

      const provisioned = (
        volume: Volume,
        source: VolumeSource | undefined,
        topology: TopologyRequirement | undefined,
        context: ProvisionedVolume["context"]
      ): ProvisionedVolume => ({
        id: volume.id,
        sizeBytes: bytesOf(volume.sizeGiB),
        context: {
          ...context,
          ...(source === undefined ? {} : { [resizeRequiredKey]: "true" }),
          ...hintContext(volume.metadata)
        },
        source,
        topology: topologyOf(volume.zone, topology, settings)
      })

      const listed = (volume: Volume): ListedVolume => ({
        volume: provisioned(volume, originOf(volume), undefined, {}),
        publishedOn: serversOf(volume)
      })

      const provision = Effect.fn("VolumeProvisioning.provision")(function* (request: ProvisionRequest) {
        const plan = yield* planVolume(request, settings)
        const volume = yield* exclusively([`volume named ${plan.name}`], createVolume(plan))
        const isEmpty = request.source === undefined && originOf(volume) === undefined
        const context = isEmpty ? { ...plan.context, [createdEmptyKey]: "true" } : plan.context
        return provisioned(volume, request.source, request.topology, context)
      })

      const remove = Effect.fn("VolumeProvisioning.remove")((id: VolumeId) =>
        exclusively([`volume ${id}`], deleteVolume(id))
      )

      const expand = Effect.fn("VolumeProvisioning.expand")(function* (id: VolumeId, capacity: CapacityRange) {
        const bounds = yield* boundsOf(capacity)
        const volume = yield* exclusively([`volume ${id}`], expandVolume(id, bounds))
        return { sizeBytes: bytesOf(volume.sizeGiB), nodeExpansionRequired: true }
      })

      const validate = Effect.fn("VolumeProvisioning.validate")(function* (request: ValidationRequest) {
        if (request.capabilities.length === 0) yield* checkCapabilities(request.capabilities, settings)
        const volume = yield* cinder.getVolume(request.volumeId)
        return { problem: unservedBy(volume, request.capabilities, settings) }
      })

      const get = Effect.fn("VolumeProvisioning.get")((id: VolumeId) => Effect.map(cinder.getVolume(id), listed))

      const list = Effect.fn("VolumeProvisioning.list")(function* (maxEntries: number, token: string) {
        const page = yield* listPage(cinder.listVolumes, () => true, maxEntries, token)
        tally.add({ token, volumes: page.entries, nextToken: page.nextToken })
        return { entries: page.entries.map(listed), nextToken: page.nextToken }
      })

      return { provision, remove, expand, validate, get, list }
    })
  ).pipe(Layer.provide(OperationLocks.layer))
}
