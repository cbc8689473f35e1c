import { Either } from "effect"
import type { ControllerOptions } from "../ControllerSettings.ts"
import { InvalidInput } from "../errors.ts"
import { zoneLabel } from "../nodeTopology.ts"
import { type Segments, type TopologyRequirement, zoneKey } from "../Topology.ts"

export interface ZonePlan {
  /** Zones to try, best first; undefined leaves the choice to Cinder. Never empty. */
  readonly candidates: ReadonlyArray<string | undefined>
  /** Zones the volume may end up in; undefined: in any. */
  readonly allowed: ReadonlyArray<string> | undefined
  /** The field that named the zones, for error messages. */
  readonly field: string
}

type TopologyOptions = Pick<ControllerOptions, "withTopology" | "ignoreVolumeZone">

const anywhere: ZonePlan = { candidates: [undefined], allowed: undefined, field: "accessibility_requirements" }

/** Topology keys are compared without regard to case, as the CSI specification has it. */
const zoneOf = (segments: Segments): string | undefined =>
  Object.entries(segments).find(([key]) => key.toLowerCase() === zoneKey)?.[1]

const distinct = <A>(values: ReadonlyArray<A>): ReadonlyArray<A> => [...new Set(values)]
const isZone = (zone: string | undefined): zone is string => zone !== undefined

/**
 * Where a new volume may go. The `availability` parameter rules; else preferred terms in their order, then requisite
 * ones. A term without our key says nothing about zones, so with one in `requisite`, or without `requisite`, every zone
 * will do in the end. `ignoreVolumeZone` still asks for a zone and takes what Cinder gives.
 */
export const planZones = (
  availability: string | undefined,
  topology: TopologyRequirement | undefined,
  options: TopologyOptions
): Either.Either<ZonePlan, InvalidInput> => {
  if (availability !== undefined) {
    return Either.right({
      candidates: [availability],
      allowed: options.ignoreVolumeZone ? undefined : [availability],
      field: `parameters["availability"]`
    })
  }
  if (!options.withTopology || topology === undefined) return Either.right(anywhere)
  const preferred = topology.preferred.map(zoneOf)
  const requisite = topology.requisite.map(zoneOf)
  const zones = distinct([...preferred, ...requisite].filter(isZone))
  if (zones.includes("")) {
    return Either.left(new InvalidInput({ field: anywhere.field, problem: `has an empty value for ${zoneKey}` }))
  }
  const boundless = requisite.length === 0 || requisite.includes(undefined)
  return Either.right({
    candidates: boundless ? [...zones, undefined] : zones,
    allowed: boundless || options.ignoreVolumeZone ? undefined : zones,
    field: anywhere.field
  })
}

/** Whether a volume in this zone of Cinder satisfies the plan; nodes carry zones as label values. */
export const isAllowedIn = (plan: ZonePlan, zone: string): boolean =>
  plan.allowed === undefined || plan.allowed.includes(zone) || plan.allowed.includes(zoneLabel(zone))

/** Where a volume is reachable from, for the answer to the call that made it. */
export const topologyOf = (
  zone: string,
  topology: TopologyRequirement | undefined,
  options: TopologyOptions
): ReadonlyArray<Segments> => {
  if (!options.withTopology) return []
  return options.ignoreVolumeZone ? (topology?.preferred ?? []) : [{ [zoneKey]: zoneLabel(zone) }]
}
