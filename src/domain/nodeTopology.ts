import type { Segments } from "./Topology.ts"
import { zoneKey } from "./Topology.ts"

const longestLabel = 63

/** A zone as the value of a Kubernetes label; upstream's spelling, since nodes carry it already. */
export const zoneLabel = (zone: string): string =>
  zone
    .replace(/[^-A-Za-z0-9_.]+/g, "-")
    .replace(/^[-_.]+|[-_.]+$/g, "")
    .slice(0, longestLabel)

/** Where a node is; undefined if its zone is neither known nor configured. */
export const nodeSegments = (zone: string | undefined, additional: Segments): Segments | undefined => {
  if (zone === undefined) return additional[zoneKey] === undefined ? undefined : additional
  return { [zoneKey]: zoneLabel(zone), ...additional }
}
