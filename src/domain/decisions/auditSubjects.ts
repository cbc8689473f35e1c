import type { AuditFacts, AuditRules, CloudReading, ClusterReading } from "../AuditFacts.ts"
import type { Finding, FindingKind } from "../AuditFinding.ts"
import type { OwnVolumeSeen } from "../ClusterObjects.ts"
import type { DescribedVolume } from "../Inventory.ts"
import type { ServerId } from "../Server.ts"
import type { VolumeId } from "../Volume.ts"
import { phaseOf } from "./phases.ts"
import { clusterKey, description } from "./plan.ts"

interface Marked {
  readonly metadata: Readonly<Record<string, string>>
  readonly description: string
}

/** Both marks, since what people copy or restore by hand bears the one and not the other. */
export const isMadeFor = ({ cluster }: Pick<AuditRules, "cluster">, row: Marked): boolean =>
  row.metadata[clusterKey] === cluster && row.description === description

type Clock = Pick<AuditFacts, "now" | "rules">

export const isOld = ({ now, rules }: Clock, time: number): boolean => now - time >= rules.graceMillis

export interface Stamped {
  readonly createdAt: number
  readonly updatedAt: number | undefined
}

export const isUnchanged = (clock: Clock, { createdAt, updatedAt }: Stamped): boolean =>
  isOld(clock, Math.max(createdAt, updatedAt ?? createdAt))

/** At rest and for some time, so that nothing is under way that would explain a difference. */
export const isSettled = (clock: Clock, volume: DescribedVolume): boolean =>
  ["free", "used"].includes(phaseOf(volume.status)) && isUnchanged(clock, volume)

export const readingsOf = ({ kubernetes }: AuditFacts): ReadonlyArray<ClusterReading> =>
  kubernetes === undefined ? [] : [kubernetes.before, kubernetes.after]

/** Records of the cluster by the volume that they are about; the later reading counts. */
export const recordsOf = (facts: AuditFacts): ReadonlyMap<VolumeId, OwnVolumeSeen> =>
  new Map(readingsOf(facts).flatMap(({ volumes }) => volumes.map((record) => [record.volumeId, record] as const)))

/** Everything that Kubernetes names: by a PersistentVolume, or by a pod itself. */
export const namedVolumes = (facts: AuditFacts): ReadonlySet<VolumeId> =>
  new Set(
    readingsOf(facts).flatMap(({ volumes, attachments }) => [
      ...volumes.map(({ volumeId }) => volumeId),
      ...attachments.flatMap(({ volumeId }) => (volumeId === undefined ? [] : [volumeId]))
    ])
  )

export const nodeServers = (facts: AuditFacts): ReadonlyMap<string, ServerId> =>
  new Map(
    readingsOf(facts).flatMap(({ servers }) => servers.map(({ nodeName, serverId }) => [nodeName, serverId] as const))
  )

/** A server that has a volume, as two witnesses see it. */
export interface Holder {
  readonly serverId: ServerId
  readonly inCinder: boolean
  /** Undefined where Nova does not tell. */
  readonly inNova: boolean | undefined
}

/** Who has which volume. */
export const holdersIn = ({ volumes, servers }: CloudReading): ReadonlyMap<VolumeId, ReadonlyArray<Holder>> => {
  const inNova = new Map<VolumeId, Array<ServerId>>()
  for (const { id, volumeIds } of servers.values()) {
    for (const volumeId of volumeIds ?? []) inNova.set(volumeId, [...(inNova.get(volumeId) ?? []), id])
  }
  return new Map(
    volumes.map(({ id, attachments }) => {
      const cinder = attachments.flatMap(({ serverId }) => (serverId === undefined ? [] : [serverId]))
      const nova = inNova.get(id) ?? []
      const holders = [...new Set([...cinder, ...nova])].map((serverId): Holder => {
        const told = servers.get(serverId)?.volumeIds !== undefined
        return {
          serverId,
          inCinder: cinder.includes(serverId),
          inNova: told ? nova.includes(serverId) : undefined
        }
      })
      return [id, holders]
    })
  )
}

/** A finding about a volume of Cinder. */
export const aboutVolume = (
  kind: FindingKind,
  cloud: CloudReading,
  volume: DescribedVolume,
  detail: string,
  also: Finding["also"] = []
): Finding => ({
  kind,
  cloud: cloud.name,
  about: { thing: "volume", id: volume.id },
  also,
  name: volume.name,
  sizeGiB: volume.sizeGiB,
  createdAt: volume.createdAt,
  changedAt: volume.updatedAt,
  detail
})

export const serverText = ({ servers }: CloudReading, id: ServerId): string => {
  const name = servers.get(id)?.name ?? ""
  return name === "" ? `server ${id}` : `server ${id} (${name})`
}
