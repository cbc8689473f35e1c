import type { AuditFacts, CloudReading, ClusterReading } from "../AuditFacts.ts"
import type { Finding, Ref } from "../AuditFinding.ts"
import type { VolumeAttachmentSeen } from "../ClusterObjects.ts"
import type { DescribedVolume } from "../Inventory.ts"
import type { ServerId } from "../Server.ts"
import type { VolumeId } from "../Volume.ts"
import {
  aboutVolume,
  type Holder,
  holdersIn,
  isMadeFor,
  isOld,
  isSettled,
  namedVolumes,
  nodeServers,
  readingsOf,
  recordsOf,
  serverText
} from "./auditSubjects.ts"

const serverRef = (id: ServerId): Ref => ({ thing: "server", id })

const witnesses = ({ inCinder, inNova }: Holder): string => {
  if (!inCinder) return "Nova shows it, Cinder does not"
  if (inNova === false) return "Cinder shows it, Nova does not"
  return inNova === undefined ? "Cinder shows it, Nova does not tell" : "Cinder and Nova show it"
}

/** Records in Cinder of servers that Nova does not have any more: their volumes can be attached nowhere else. */
export const vanishedServers = (facts: AuditFacts): ReadonlyArray<Finding> => {
  const named = namedVolumes(facts)
  return facts.clouds.flatMap((cloud) =>
    cloud.volumes
      .filter((volume) => (named.has(volume.id) || isMadeFor(facts.rules, volume)) && isSettled(facts, volume))
      .flatMap((volume) =>
        volume.attachments.flatMap(({ serverId, attachmentId }) =>
          serverId !== undefined && cloud.missingServers.has(serverId)
            ? [
                aboutVolume(
                  "vanished-server",
                  cloud,
                  volume,
                  `${volume.status}: attachment ${attachmentId} is of server ${serverId}, which Nova does not have`
                )
              ]
            : []
        )
      )
  )
}

/** The volume that an attachment of the reading is about: a PersistentVolume is known by its name there. */
const volumeBehind = ({ volumes }: ClusterReading) => {
  const byName = new Map(volumes.map(({ name, volumeId }) => [name, volumeId] as const))
  return ({ volumeId, volumeName }: VolumeAttachmentSeen) => volumeId ?? byName.get(volumeName ?? "")
}

/** On which servers each volume is wanted; a node whose server is unknown may be any. */
const wantedServers = (facts: AuditFacts): ReadonlyMap<VolumeId, ReadonlySet<ServerId | "unknown">> => {
  const nodes = nodeServers(facts)
  const wanted = new Map<VolumeId, Set<ServerId | "unknown">>()
  for (const reading of readingsOf(facts)) {
    const volumeOf = volumeBehind(reading)
    for (const attachment of reading.attachments) {
      const volumeId = volumeOf(attachment)
      if (volumeId === undefined) continue
      const servers = wanted.get(volumeId) ?? new Set()
      wanted.set(volumeId, servers.add(nodes.get(attachment.nodeName) ?? "unknown"))
    }
  }
  return wanted
}

/** Volumes of the cluster on servers where nothing of the cluster wants them. */
export const unaskedAttachments = (facts: AuditFacts): ReadonlyArray<Finding> => {
  const records = recordsOf(facts)
  const wanted = wantedServers(facts)
  return facts.clouds.flatMap((cloud) => {
    const holders = holdersIn(cloud)
    return cloud.volumes.flatMap((volume) => {
      const record = records.get(volume.id)
      const servers = wanted.get(volume.id)
      if (record === undefined || servers?.has("unknown") === true || !isSettled(facts, volume)) return []
      return (holders.get(volume.id) ?? [])
        .filter(({ serverId }) => servers?.has(serverId) !== true && !cloud.missingServers.has(serverId))
        .map((holder) =>
          aboutVolume(
            "unasked-attachment",
            cloud,
            volume,
            `attached to ${serverText(cloud, holder.serverId)} without a VolumeAttachment (${witnesses(holder)})`,
            [serverRef(holder.serverId), { thing: "persistentvolume", id: record.name }]
          )
        )
    })
  })
}

/** Said to be attached by both readings, which are of the same object. */
const attachedThroughout = (first: ClusterReading, later: ClusterReading): ReadonlyArray<VolumeAttachmentSeen> => {
  const before = new Set(first.attachments.flatMap(({ uid, attached }) => (attached ? [uid] : [])))
  return later.attachments.filter(({ uid, attached, deleting }) => attached && !deleting && before.has(uid))
}

const aboutAttachment = (
  kind: "missing-attachment" | "unknown-node",
  cloud: CloudReading | undefined,
  volume: DescribedVolume | undefined,
  attachment: VolumeAttachmentSeen,
  detail: string,
  also: ReadonlyArray<Ref>
): Finding => ({
  kind,
  cloud: cloud?.name,
  about: { thing: "volumeattachment", id: attachment.name },
  also: [...(volume === undefined ? [] : [{ thing: "volume", id: volume.id } as const]), ...also],
  name: attachment.volumeName ?? "",
  sizeGiB: undefined,
  createdAt: attachment.createdAt,
  changedAt: volume?.updatedAt,
  detail
})

/** VolumeAttachments that say attached where the cloud, or one of its two services, does not. */
export const missingAttachments = (facts: AuditFacts): ReadonlyArray<Finding> => {
  if (facts.kubernetes === undefined) return []
  const { before, after } = facts.kubernetes
  const volumeOf = volumeBehind(after)
  const nodes = nodeServers(facts)
  const places = new Map(
    facts.clouds.flatMap((cloud) => {
      const holders = holdersIn(cloud)
      return cloud.volumes.map(
        (volume) => [volume.id, { cloud, volume, holders: holders.get(volume.id) ?? [] }] as const
      )
    })
  )
  return attachedThroughout(before, after)
    .filter(({ createdAt }) => isOld(facts, createdAt))
    .flatMap((attachment) => {
      const { nodeName } = attachment
      const server = nodes.get(nodeName)
      const volumeId = volumeOf(attachment)
      const place = volumeId === undefined ? undefined : places.get(volumeId)
      if (server === undefined) {
        const detail = `attached to node ${nodeName}, where this driver is not registered`
        return [aboutAttachment("unknown-node", place?.cloud, place?.volume, attachment, detail, [])]
      }
      if (place === undefined || !isSettled(facts, place.volume)) return []
      const holder = place.holders.find(({ serverId }) => serverId === server)
      if (place.cloud.missingServers.has(server) && holder?.inCinder === true) return []
      if (holder?.inCinder === true && holder.inNova !== false) return []
      const seen = holder === undefined ? "neither Cinder nor Nova shows it" : witnesses(holder)
      const detail = `attached to node ${nodeName}, ${serverText(place.cloud, server)}; ${seen}`
      return [aboutAttachment("missing-attachment", place.cloud, place.volume, attachment, detail, [serverRef(server)])]
    })
}
