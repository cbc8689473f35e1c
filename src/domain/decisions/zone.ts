import { Either } from "effect"
import type { ControllerOptions } from "../ControllerSettings.ts"
import { InvalidInput } from "../errors.ts"
import { zoneLabel } from "../nodeTopology.ts"
import { type Segments, type TopologyRequirement, type ZoneMap, zoneKey } from "../Topology.ts"

/**
 * A place that was asked for. `zone` is a zone of Cinder by its own name; `label` is what nodes carry, behind which Cinder
 * may have a zone whose name is no legal label.
 */
export type ZoneWish =
  | { readonly _tag: "Any" }
  | { readonly _tag: "Zone"; readonly zone: string }
  | { readonly _tag: "Label"; readonly label: string }

export interface ZonePlan {
  /** What to try, best first. Never empty. */
  readonly candidates: ReadonlyArray<ZoneWish>
  /** The volume must be where one of them says; undefined: it may be anywhere. */
  readonly allowed: ReadonlyArray<ZoneWish> | undefined
  /** The field that named the zones, for error messages. */
  readonly field: string
}

type TopologyOptions = Pick<ControllerOptions, "withTopology" | "ignoreVolumeZone" | "zoneMap">

const any: ZoneWish = { _tag: "Any" }
const anywhere: ZonePlan = { candidates: [any], allowed: undefined, field: "accessibility_requirements" }

/** Topology keys are compared without regard to case, as the CSI specification has it. */
const labelIn = (segments: Segments): string | undefined =>
  Object.entries(segments).find(([key]) => key.toLowerCase() === zoneKey)?.[1]

const distinct = <A>(values: ReadonlyArray<A>): ReadonlyArray<A> => [...new Set(values)]
const isLabel = (label: string | undefined): label is string => label !== undefined

const noMap: ZoneMap = new Map()

/** The map's left sides are Nova's names, which nodes carry as labels. */
const wishFor = (label: string, map: ZoneMap): ZoneWish => {
  const mapped = [...map].find(([nova]) => zoneLabel(nova) === zoneLabel(label))
  return mapped === undefined ? { _tag: "Label", label } : { _tag: "Zone", zone: mapped[1] }
}

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
    const wish: ZoneWish = { _tag: "Zone", zone: availability }
    return Either.right({
      candidates: [wish],
      allowed: options.ignoreVolumeZone ? undefined : [wish],
      field: `parameters["availability"]`
    })
  }
  if (!options.withTopology || topology === undefined) return Either.right(anywhere)
  const preferred = topology.preferred.map(labelIn)
  const requisite = topology.requisite.map(labelIn)
  const labels = distinct([...preferred, ...requisite].filter(isLabel))
  if (labels.includes("")) {
    return Either.left(new InvalidInput({ field: anywhere.field, problem: `has an empty value for ${zoneKey}` }))
  }
  const wishes = labels.map((label) => wishFor(label, options.zoneMap ?? noMap))
  const boundless = requisite.length === 0 || requisite.includes(undefined)
  return Either.right({
    candidates: boundless ? [...wishes, any] : wishes,
    allowed: boundless || options.ignoreVolumeZone ? undefined : wishes,
    field: anywhere.field
  })
}

/**
 * The zones to ask Cinder for, best first; undefined leaves the choice to it. A label that is no zone among the `known`
 * ones stands for those that nodes show by it; where there are none it is asked for as it is, so that Cinder decides.
 */
const zonesBehind = (wish: ZoneWish, known: ReadonlyArray<string>): ReadonlyArray<string | undefined> => {
  switch (wish._tag) {
    case "Any":
      return [undefined]
    case "Zone":
      return [wish.zone]
    case "Label": {
      const { label } = wish
      const others = known.filter((zone) => zone !== label && zoneLabel(zone) === label)
      return known.includes(label) || others.length === 0 ? [label, ...others] : others
    }
  }
}

/** Every zone to try, best first. Never empty. */
export const zonesToTry = (plan: ZonePlan, known: ReadonlyArray<string>): ReadonlyArray<string | undefined> =>
  distinct(plan.candidates.flatMap((wish) => zonesBehind(wish, known)))

const isServedBy = (wish: ZoneWish, zone: string): boolean => {
  switch (wish._tag) {
    case "Any":
      return true
    case "Zone":
      return wish.zone === zone
    case "Label":
      return wish.label === zone || wish.label === zoneLabel(zone)
  }
}

/** Whether a volume in this zone of Cinder satisfies the plan. */
export const isAllowedIn = (plan: ZonePlan, zone: string): boolean =>
  plan.allowed === undefined || plan.allowed.some((wish) => isServedBy(wish, zone))

/** What the plan allows, for people. */
export const allowedText = ({ allowed = [any] }: ZonePlan): string =>
  distinct(
    allowed.map((wish) => {
      switch (wish._tag) {
        case "Any":
          return "any"
        case "Zone":
          return wish.zone
        case "Label":
          return wish.label
      }
    })
  ).join(" or ")

/**
 * Labels of the nodes that reach a zone of Cinder: of every zone of Nova that is mapped to it, and of those that were asked
 * for and are served by it under its own name; of the zone's own name where no map speaks of it.
 */
const labelsOf = (zone: string, topology: TopologyRequirement | undefined, map: ZoneMap): ReadonlyArray<string> => {
  const mapped = [...map].filter(([, cinder]) => cinder === zone).map(([nova]) => nova)
  if (mapped.length === 0) return [zoneLabel(zone)]
  const asked = [...(topology?.preferred ?? []), ...(topology?.requisite ?? [])].map(labelIn).filter(isLabel)
  return distinct([...mapped, ...asked.filter((label) => isServedBy(wishFor(label, map), zone))].map(zoneLabel))
}

/** Where a volume is reachable from, for the answer to the call that made it. Any one of the places will do. */
export const topologyOf = (
  zone: string,
  topology: TopologyRequirement | undefined,
  { ignoreVolumeZone, withTopology, zoneMap = noMap }: TopologyOptions
): ReadonlyArray<Segments> => {
  if (!withTopology) return []
  if (ignoreVolumeZone) return topology?.preferred ?? []
  return zone === "" ? [] : labelsOf(zone, topology, zoneMap).map((label) => ({ [zoneKey]: label }))
}
