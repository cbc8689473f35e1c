import { Either } from "effect"
import type { ClaimRef } from "../Claim.ts"
import type { ControllerOptions } from "../ControllerSettings.ts"
import type { InvalidInput, OutOfRange } from "../errors.ts"
import type { Volume, VolumeSource } from "../Volume.ts"
import type { ProvisionRequest } from "../VolumeProvisioning.ts"
import { asksForSeveralNodes, checkCapabilities } from "./capabilities.ts"
import { boundsOf, fitsBounds, type SizeBounds } from "./capacity.ts"
import { checkName } from "./names.ts"
import { readVolumeParameters } from "./parameters.ts"
import { isMadeFrom, originOf } from "./source.ts"
import { allowedText, isAllowedIn, planZones, type ZonePlan } from "./zone.ts"

/** On everything the driver makes; its value is the operator's name for the cluster. */
export const clusterKey = "cinder.csi.openstack.org/cluster"

export const description = "Created by OpenStack Cinder CSI driver"

/** A request that can be fulfilled, as far as can be told without asking the cloud. */
export interface VolumePlan {
  readonly name: string
  readonly bounds: SizeBounds
  readonly volumeType: string | undefined
  readonly zones: ZonePlan
  readonly source: VolumeSource | undefined
  readonly severalNodes: boolean
  readonly metadata: Readonly<Record<string, string>>
  /** What the node has to know of the class. */
  readonly context: Readonly<Record<string, string>>
  /** Whose annotations may hold hints for the scheduler; undefined when Kubernetes does not tell. */
  readonly claim: ClaimRef | undefined
  /** Parameters that mean nothing here. */
  readonly unknown: ReadonlyArray<string>
}

export const planVolume = (
  request: ProvisionRequest,
  options: ControllerOptions
): Either.Either<VolumePlan, InvalidInput | OutOfRange> =>
  Either.gen(function* () {
    const name = yield* checkName("name", request.name)
    const capabilities = yield* checkCapabilities(request.capabilities, options)
    const parameters = yield* readVolumeParameters(request.parameters, capabilities)
    return {
      name,
      bounds: yield* boundsOf(request.capacity),
      volumeType: parameters.volumeType,
      zones: yield* planZones(parameters.availability, request.topology, options),
      source: request.source,
      severalNodes: asksForSeveralNodes(capabilities),
      metadata: { ...parameters.metadata, [clusterKey]: options.cluster },
      context: parameters.context,
      claim: parameters.claim,
      unknown: parameters.unknown
    }
  })

const uuid = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

/**
 * Cinder shows a volume's type by name, whatever it was asked by, and its database may compare names without regard to
 * case; so an id proves no difference, nor does the case.
 */
export const isOfType = (asked: string | undefined, shown: string | undefined): boolean =>
  asked === undefined || uuid.test(asked) || asked.toLowerCase() === shown?.toLowerCase()

const sourceText = (source: VolumeSource | undefined): string =>
  source === undefined ? "no source" : `${source._tag} ${source.id} as its source`

/** Why a volume of the plan's name is not the one that the plan makes; undefined if it is. */
export const differenceOf = (plan: VolumePlan, volume: Volume): string | undefined => {
  const { leastGiB, mostGiB } = plan.bounds
  if (!fitsBounds(plan.bounds, plan.source !== undefined, volume.sizeGiB)) {
    const asked = leastGiB ?? (mostGiB === undefined ? "the default size" : `at most ${mostGiB}`)
    return `has ${volume.sizeGiB} GiB, not ${asked}${typeof asked === "number" ? " GiB" : ""}`
  }
  if (!isOfType(plan.volumeType, volume.volumeType)) {
    return `is of type ${volume.volumeType ?? "none"}, not ${plan.volumeType}`
  }
  if (!isAllowedIn(plan.zones, volume.zone)) {
    return `is in zone ${volume.zone}, not in ${allowedText(plan.zones)}`
  }
  if (!isMadeFrom(plan.source, volume)) {
    return `has ${sourceText(originOf(volume))}, not ${sourceText(plan.source)}`
  }
  return plan.severalNodes && !volume.multiattach ? "is of a type without multiattach" : undefined
}
