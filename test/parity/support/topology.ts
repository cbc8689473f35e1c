export const zoneKey = "topology.cinder.csi.openstack.org/zone"
export const regionKey = "topology.kubernetes.io/region"

type Pairs = Readonly<Record<string, string>>

/** A topology as CSI writes it. */
export const term = (segments: Pairs) => ({ segments: new Map(Object.entries(segments)) })

export const inZone = (zone: string, more: Pairs = {}) => term({ [zoneKey]: zone, ...more })

export const pairsOf = (places: ReadonlyArray<{ readonly segments: ReadonlyMap<string, string> }> = []) =>
  places.map(({ segments }) => Object.fromEntries(segments))
