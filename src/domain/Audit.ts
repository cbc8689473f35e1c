import { Clock, Effect } from "effect"
import type { Page, PageRequest } from "../ports/Cinder.ts"
import type { CloudInventory } from "../ports/CloudInventory.ts"
import type { ClusterView } from "../ports/ClusterView.ts"
import type { AuditRules, CloudReading, ClusterReading, Tally } from "./AuditFacts.ts"
import type { ClusterDenied, ClusterFailure } from "./clusterErrors.ts"
import { type AuditReport, decideAudit } from "./decisions/audit.ts"
import { isMadeFor } from "./decisions/auditSubjects.ts"
import { clusterKey } from "./decisions/plan.ts"
import { CloudFailure, type UnknownPageToken } from "./errors.ts"
import type { DescribedBackup, DescribedSnapshot, DescribedVolume } from "./Inventory.ts"
import type { Server, ServerId } from "./Server.ts"
import type { ZoneMap } from "./Topology.ts"
import type { VolumeId } from "./Volume.ts"

export interface AuditedCloud {
  /** Of its section in cloud.conf. */
  readonly name: string
  readonly zoneMap: ZoneMap
  readonly inventory: CloudInventory["Type"]
}

export interface Audited extends AuditReport {
  readonly at: number
  readonly clouds: ReadonlyArray<CloudReading>
}

export type AuditedCluster = Pick<
  ClusterView["Type"],
  "volumes" | "attachments" | "snapshots" | "plugins" | "storageClasses"
>

/** What Cinder and Nova give at most. */
const pageSize = 1000

/** How often a list is begun anew because the last row of a page vanished before the next page was asked for. */
const mostRestarts = 3

/** Servers that are looked at singly, at once. */
const mostLooks = 8

type Pages<A> = (page: PageRequest) => Effect.Effect<Page<A>, CloudFailure | UnknownPageToken>

/** Takes in every row of a list, of which no page is kept. */
const takeAll = <A, B>(service: "Cinder" | "Nova", things: string, pages: Pages<A>, begin: () => Taking<A, B>) =>
  Effect.gen(function* () {
    const { take, taken } = begin()
    let marker: string | undefined
    do {
      const page: Page<A> = yield* pages({ limit: pageSize, marker })
      for (const row of page.items) take(row)
      marker = page.next === marker ? undefined : page.next
    } while (marker !== undefined)
    return taken
  }).pipe(
    Effect.retry({ while: ({ _tag }) => _tag === "UnknownPageToken", times: mostRestarts }),
    Effect.catchTag("UnknownPageToken", () =>
      Effect.fail(
        new CloudFailure({
          service,
          operation: `list ${things}`,
          reason: "conflict",
          detail: "the list changed too fast to be read to its end; try again",
          requestId: undefined
        })
      )
    )
  )

interface Taking<A, B> {
  readonly take: (row: A) => void
  readonly taken: B
}

const keeping =
  <A>(wanted: (row: A) => boolean) =>
  (): Taking<A, Array<A>> => {
    const taken: Array<A> = []
    return { taken, take: (row) => void (wanted(row) && taken.push(row)) }
  }

const nothing: Tally = { volumes: 0, sizeGiB: 0 }
const plus = ({ volumes, sizeGiB }: Tally, volume: DescribedVolume): Tally => ({
  volumes: volumes + 1,
  sizeGiB: sizeGiB + volume.sizeGiB
})

interface TakenVolumes {
  readonly volumes: Array<DescribedVolume>
  readonly otherClusters: Map<string, Tally>
  unmarked: Tally
}

/** Keeps what matters to the cluster and counts the rest. */
const sorting = (rules: AuditRules, named: ReadonlySet<VolumeId>) => (): Taking<DescribedVolume, TakenVolumes> => {
  const taken: TakenVolumes = { volumes: [], otherClusters: new Map(), unmarked: nothing }
  const take = (volume: DescribedVolume) => {
    const { [clusterKey]: mark } = volume.metadata
    if (isMadeFor(rules, volume) || named.has(volume.id)) taken.volumes.push(volume)
    else if (mark === undefined || mark === rules.cluster) taken.unmarked = plus(taken.unmarked, volume)
    else taken.otherClusters.set(mark, plus(taken.otherClusters.get(mark) ?? nothing, volume))
  }
  return { taken, take }
}

const byId = (servers: ReadonlyArray<Server>) => new Map(servers.map((server) => [server.id, server]))

/** A server that is in no list may be in a part of the cloud that does not answer: only Nova's word that it is gone counts. */
const lookAtUnlisted = (
  { inventory }: AuditedCloud,
  servers: Map<ServerId, Server>,
  volumes: ReadonlyArray<DescribedVolume>
) =>
  Effect.gen(function* () {
    const holding = volumes.flatMap(({ attachments }) => attachments.flatMap(({ serverId }) => serverId ?? []))
    const unlisted = [...new Set(holding)].filter((id) => !servers.has(id))
    const missing = new Set<ServerId>()
    let unseen = 0
    yield* Effect.forEach(
      unlisted,
      (id) =>
        Effect.matchEffect(inventory.server(id), {
          onSuccess: (server) => Effect.sync(() => void servers.set(id, server)),
          onFailure: ({ _tag }) =>
            Effect.sync(() => {
              if (_tag === "ServerNotFound") missing.add(id)
              else unseen += 1
            })
        }),
      { concurrency: mostLooks, discard: true }
    )
    return { missing, unseen }
  })

const readCloud = (rules: AuditRules, named: ReadonlySet<VolumeId>) => (cloud: AuditedCloud) =>
  Effect.gen(function* () {
    const { name, zoneMap, inventory } = cloud
    const isOurs = (row: DescribedSnapshot | DescribedBackup) => isMadeFor(rules, row)
    const lists = yield* Effect.all(
      {
        sorted: takeAll("Cinder", "volumes", inventory.volumes, sorting(rules, named)),
        snapshots: takeAll("Cinder", "snapshots", inventory.snapshots, keeping<DescribedSnapshot>(isOurs)),
        backups: takeAll("Cinder", "backups", inventory.backups, keeping<DescribedBackup>(isOurs)).pipe(
          Effect.catchIf(
            ({ reason }) => reason === "unsupported",
            () => Effect.succeed(undefined)
          )
        ),
        listed: takeAll(
          "Nova",
          "servers",
          inventory.servers,
          keeping<Server>(() => true)
        )
      },
      { concurrency: "unbounded" }
    )
    const servers = byId(lists.listed)
    const { missing, unseen } = yield* lookAtUnlisted(cloud, servers, lists.sorted.volumes)
    const { snapshots, backups } = lists
    const reading: CloudReading = {
      name,
      zoneMap,
      ...lists.sorted,
      snapshots,
      backups,
      servers,
      missingServers: missing,
      unseenServers: unseen
    }
    return reading
  })

const readCluster = ({
  volumes,
  attachments,
  snapshots,
  plugins: servers,
  storageClasses: classes
}: AuditedCluster): Effect.Effect<ClusterReading, ClusterFailure | ClusterDenied> =>
  Effect.all({ volumes, attachments, snapshots, servers, classes }, { concurrency: "unbounded" })

/**
 * Reads Kubernetes, then the clouds, then Kubernetes once more, and says what does not belong together. Reads alone: there
 * is nothing in its reach that could change anything.
 */
export const audit = Effect.fn("audit")(function* (
  rules: AuditRules,
  clouds: ReadonlyArray<AuditedCloud>,
  cluster: AuditedCluster | undefined
) {
  const before = cluster === undefined ? undefined : yield* readCluster(cluster)
  const named = new Set((before?.volumes ?? []).map(({ volumeId }) => volumeId))
  const readings = yield* Effect.forEach(clouds, readCloud(rules, named), { concurrency: "unbounded" })
  const after = cluster === undefined ? undefined : yield* readCluster(cluster)
  const at = yield* Clock.currentTimeMillis
  const kubernetes = before === undefined || after === undefined ? undefined : { before, after }
  const audited: Audited = { at, clouds: readings, ...decideAudit({ rules, now: at, clouds: readings, kubernetes }) }
  return audited
})
