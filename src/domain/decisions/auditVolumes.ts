import type { AuditFacts, CloudReading } from "../AuditFacts.ts"
import type { Finding } from "../AuditFinding.ts"
import type { DescribedVolume } from "../Inventory.ts"
import type { VolumeId } from "../Volume.ts"
import {
  aboutVolume,
  type Holder,
  holdersIn,
  isMadeFor,
  isOld,
  isUnchanged,
  namedVolumes,
  nodeServers,
  recordsOf,
  serverText
} from "./auditSubjects.ts"
import { adoptedAmong } from "./create.ts"
import { claimIn } from "./parameters.ts"
import { phaseOf } from "./phases.ts"

const holderText = (cloud: CloudReading, nodes: ReadonlySet<string>, { serverId }: Holder): string => {
  const where = `attached to ${serverText(cloud, serverId)}`
  return nodes.has(serverId) ? where : `${where}, which is no node of this cluster: another may have the same name`
}

const claimText = ({ metadata }: DescribedVolume): string => {
  const claim = claimIn(metadata)
  return claim === undefined ? "" : `, made for claim ${claim.namespace}/${claim.name}`
}

/** Volumes that the driver made for the cluster and that nothing of the cluster names any more. */
export const orphanVolumes = (facts: AuditFacts): ReadonlyArray<Finding> => {
  if (facts.kubernetes === undefined) return []
  const named = namedVolumes(facts)
  const nodes = new Set<string>(nodeServers(facts).values())
  return facts.clouds.flatMap((cloud) => {
    const holders = holdersIn(cloud)
    const isOrphan = (volume: DescribedVolume) =>
      isMadeFor(facts.rules, volume) &&
      !named.has(volume.id) &&
      isOld(facts, volume.createdAt) &&
      !["making", "leaving"].includes(phaseOf(volume.status))
    return cloud.volumes.filter(isOrphan).map((volume) => {
      const having = holders.get(volume.id) ?? []
      const where =
        having.length === 0 ? "attached to nothing" : having.map((one) => holderText(cloud, nodes, one)).join("; ")
      return aboutVolume(
        "orphan-volume",
        cloud,
        volume,
        `${volume.status}, ${where}${claimText(volume)}`,
        having.map(({ serverId }) => ({ thing: "server", id: serverId }))
      )
    })
  })
}

const standing = (volume: DescribedVolume, records: ReturnType<typeof recordsOf>): string => {
  const record = records.get(volume.id)
  return `${volume.id} (${volume.status}${record === undefined ? "" : `, PersistentVolume ${record.name}`})`
}

const namesakesOf = (volumes: ReadonlyArray<DescribedVolume>): ReadonlyArray<ReadonlyArray<DescribedVolume>> => {
  const byName = new Map<string, Array<DescribedVolume>>()
  for (const volume of volumes) {
    const namesakes = byName.get(volume.name)
    if (namesakes === undefined) byName.set(volume.name, [volume])
    else namesakes.push(volume)
  }
  return [...byName.values()].filter((namesakes) => namesakes.length > 1)
}

/** Several volumes of one name, as two processes make that do not see each other's. */
export const duplicateNames = (facts: AuditFacts): ReadonlyArray<Finding> => {
  const records = recordsOf(facts)
  return facts.clouds.flatMap((cloud) => {
    const counted = cloud.volumes.filter(
      (volume) => volume.name !== "" && isMadeFor(facts.rules, volume) && phaseOf(volume.status) !== "leaving"
    )
    return namesakesOf(counted).flatMap((namesakes) => {
      const adopted = adoptedAmong(namesakes, facts.rules.cluster)
      const [first, second] = namesakes
      if (first === undefined || second === undefined || !isOld(facts, second.createdAt)) return []
      const taken =
        adopted === undefined
          ? "no claim of this name would take any of them"
          : `a claim of this name would take ${adopted.id}, the oldest that serves, if it is what is asked for`
      const others = namesakes.filter((volume) => volume !== first)
      return [
        aboutVolume(
          "duplicate-name",
          cloud,
          first,
          `${namesakes.length} volumes: ${namesakes.map((volume) => standing(volume, records)).join(", ")}; ${taken}`,
          others.map(({ id }) => ({ thing: "volume", id }))
        )
      ]
    })
  })
}

/** Whose state matters to the cluster: a volume that it owns, or one that it was given. */
const isOurs = (facts: AuditFacts, named: ReadonlySet<VolumeId>, volume: DescribedVolume): boolean =>
  named.has(volume.id) || isMadeFor(facts.rules, volume)

/** Volumes in a state that somebody has to look at: one of error, or one that should have passed by now. */
export const volumeStates = (facts: AuditFacts): ReadonlyArray<Finding> => {
  const named = namedVolumes(facts)
  return facts.clouds.flatMap((cloud) =>
    cloud.volumes
      .filter((volume) => isOurs(facts, named, volume) && isUnchanged(facts, volume))
      .flatMap((volume) => {
        switch (phaseOf(volume.status)) {
          case "free":
          case "used":
            return []
          case "broken":
            return [aboutVolume("broken", cloud, volume, volume.status)]
          case "making":
          case "joining":
          case "parting":
          case "busy":
          case "held":
          case "leaving":
          case "unknown":
            return [aboutVolume("stuck", cloud, volume, volume.status)]
        }
      })
  )
}
