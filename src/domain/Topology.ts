/** A place a volume or node is in, as pairs of topology key and value. */
export type Segments = Readonly<Record<string, string>>

/** The one key that upstream's driver puts on nodes and persistent volumes; clusters depend on it. */
export const zoneKey = "topology.cinder.csi.openstack.org/zone"

/** Where a volume must be reachable from: `preferred` in order of preference, `requisite` in any. */
export interface TopologyRequirement {
  readonly requisite: ReadonlyArray<Segments>
  readonly preferred: ReadonlyArray<Segments>
}

/** The zone of Cinder that serves a zone of Nova, by Nova's name. A zone that is not in it has the same name in both. */
export type ZoneMap = ReadonlyMap<string, string>
