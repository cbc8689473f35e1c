import { Either } from "effect"
import type { AuditFacts, CloudReading } from "../AuditFacts.ts"
import type { Finding, FindingKind } from "../AuditFinding.ts"
import { gibCeil } from "../Capacity.ts"
import type { OwnVolumeSeen } from "../ClusterObjects.ts"
import type { DescribedVolume } from "../Inventory.ts"
import { zoneKey } from "../Topology.ts"
import type { VolumeId } from "../Volume.ts"
import { aboutVolume, isOld, isSettled, isUnchanged } from "./auditSubjects.ts"
import { clusterKey, isOfType } from "./plan.ts"
import { isAllowedIn, planZones } from "./zone.ts"

/** Records that were there before and after, as they are now, and that are not just being made. */
const lastingRecords = (facts: AuditFacts): ReadonlyArray<OwnVolumeSeen> => {
  if (facts.kubernetes === undefined) return []
  const before = new Set(facts.kubernetes.before.volumes.map(({ uid }) => uid))
  return facts.kubernetes.after.volumes.filter(({ uid, createdAt }) => before.has(uid) && isOld(facts, createdAt))
}

interface Place {
  readonly cloud: CloudReading
  readonly volume: DescribedVolume
}

const placesIn = ({ clouds }: AuditFacts): ReadonlyMap<VolumeId, Place> =>
  new Map(clouds.flatMap((cloud) => cloud.volumes.map((volume) => [volume.id, { cloud, volume }] as const)))

const claimText = ({ claim }: OwnVolumeSeen): ReadonlyArray<string> =>
  claim === undefined ? [] : [`claim ${claim.namespace}/${claim.name}`]

const aboutRecord = (kind: FindingKind, record: OwnVolumeSeen, place: Place | undefined, detail: string): Finding => ({
  kind,
  cloud: place?.cloud.name,
  about: { thing: "persistentvolume", id: record.name },
  also: place === undefined ? [] : [{ thing: "volume", id: record.volumeId }],
  name: place?.volume.name ?? "",
  sizeGiB: place?.volume.sizeGiB,
  createdAt: record.createdAt,
  changedAt: record.phaseSince,
  detail
})

/** Records whose volume no cloud has. Of a cloud that was not asked nothing can be said. */
export const missingVolumes = (facts: AuditFacts): ReadonlyArray<Finding> => {
  if (!facts.rules.everyCloud) return []
  const places = placesIn(facts)
  return lastingRecords(facts)
    .filter(({ volumeId }) => !places.has(volumeId))
    .map((record) => {
      const detail = [`Cinder has no volume ${record.volumeId}`, record.phase, ...claimText(record)]
      return aboutRecord("missing-volume", record, undefined, detail.filter((part) => part !== "").join(", "))
    })
}

/** What people keep, or what Kubernetes could not delete. */
export const releasedVolumes = (facts: AuditFacts): ReadonlyArray<Finding> => {
  const places = placesIn(facts)
  return lastingRecords(facts)
    .filter(({ phase, phaseSince, createdAt }) => {
      return (phase === "Released" || phase === "Failed") && isOld(facts, phaseSince ?? createdAt)
    })
    .map((record) => {
      const { phase, reclaimPolicy, problem } = record
      const why = problem === undefined ? "" : `: ${problem}`
      const detail = [phase, `policy ${reclaimPolicy}`, ...claimText(record)].join(", ")
      return aboutRecord("released-volume", record, places.get(record.volumeId), `${detail}${why}`)
    })
}

const isInZones = (facts: AuditFacts, { zones }: OwnVolumeSeen, { cloud, volume }: Place): boolean => {
  const { ignoreVolumeZone } = facts.rules
  if (zones.length === 0 || volume.zone === "") return true
  const requisite = zones.map((zone) => ({ [zoneKey]: zone }))
  const plan = planZones(
    undefined,
    { requisite, preferred: [] },
    { withTopology: true, ignoreVolumeZone, zoneMap: cloud.zoneMap }
  )
  return Either.isLeft(plan) || isAllowedIn(plan.right, volume.zone)
}

const driftsOf = (facts: AuditFacts, typeOf: ReadonlyMap<string, string | undefined>) => {
  return (record: OwnVolumeSeen, place: Place): ReadonlyArray<Finding> => {
    const { cloud, volume } = place
    const about = (kind: FindingKind, detail: string) =>
      aboutVolume(kind, cloud, volume, detail, [{ thing: "persistentvolume", id: record.name }])
    const { capacityBytes, className = "", zones } = record
    const { [clusterKey]: mark } = volume.metadata
    const asked = typeOf.get(className)
    const pv = `PersistentVolume ${record.name}`
    const promised = capacityBytes === undefined ? undefined : gibCeil(capacityBytes)
    const sizeDiffers = promised !== undefined && promised !== BigInt(volume.sizeGiB) && isSettled(facts, volume)
    return [
      ...(mark !== undefined && mark !== facts.rules.cluster
        ? [about("other-cluster", `${pv} is of this cluster; the volume bears the mark of ${JSON.stringify(mark)}`)]
        : []),
      ...(sizeDiffers ? [about("size-drift", `${pv} says ${promised} GiB, Cinder ${volume.sizeGiB}`)] : []),
      ...(isInZones(facts, record, place)
        ? []
        : [about("zone-drift", `${pv} lets pods run in ${zones.join(" or ")}; the volume is in ${volume.zone}`)]),
      ...(volume.volumeType !== undefined && !isOfType(asked, volume.volumeType) && isUnchanged(facts, volume)
        ? [
            about(
              "type-drift",
              `StorageClass ${className} asks for ${asked}; the volume is of type ${volume.volumeType}`
            )
          ]
        : [])
    ]
  }
}

/** Differences between what Kubernetes has on record and the volume as it is. */
export const drifts = (facts: AuditFacts): ReadonlyArray<Finding> => {
  const places = placesIn(facts)
  const classes = facts.kubernetes?.after.classes ?? []
  const driftOf = driftsOf(
    facts,
    new Map(classes.map(({ name, parameters }) => [name, parameters["type"] || undefined]))
  )
  return lastingRecords(facts).flatMap((record) => {
    const place = places.get(record.volumeId)
    return place === undefined ? [] : driftOf(record, place)
  })
}
