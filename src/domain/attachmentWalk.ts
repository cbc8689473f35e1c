import { Effect } from "effect"
import type { NodePluginSeen, NodeSeen, PersistentVolumeSeen, VolumeAttachmentSeen } from "./ClusterObjects.ts"
import { modeOf } from "./decisions/doctor/claimRequest.ts"
import { judgeAttachment, judgeServerState, serverSubjectOf } from "./decisions/doctor/cloudLinks.ts"
import { type Look, valueIn } from "./decisions/doctor/Look.ts"
import type { Report } from "./decisions/doctor/Report.ts"
import { type Answering, lookAtCloud, lookAtCluster, replayed, reportOf } from "./looking.ts"
import { replayPublish, replayUnpublish } from "./replaying.ts"
import type { Server, ServerId } from "./Server.ts"
import { type Volume, VolumeId } from "./Volume.ts"

export interface ServerSeen {
  readonly look: Look<Server>
  readonly report: Report
}

/** A server, as Nova shows it. */
export const walkServer = (answering: Answering, id: ServerId): Effect.Effect<ServerSeen> =>
  Effect.gen(function* () {
    const [look, evidence] = yield* Effect.all(
      [
        lookAtCloud(answering, "show server", ({ nova }) => nova.getServer(id)),
        lookAtCloud(answering, "show server", ({ survey }) => survey.evidence(id))
      ],
      { concurrency: 2 }
    )
    const finding = judgeServerState(serverSubjectOf(id), { look, evidence: valueIn(evidence) })
    return { look, report: reportOf([finding]) }
  })

/** The server of a node: what its plugin told kubelet, else what the cloud controller manager says. */
export const serverOf = (plugin: Look<NodePluginSeen>, node: Look<NodeSeen>): ServerId | undefined =>
  valueIn(plugin)?.serverId ?? valueIn(node)?.providerServer

export const lookAtNode = (answering: Answering, name: string) =>
  Effect.all(
    [
      lookAtCluster(answering, (cluster) => cluster.node(name)),
      lookAtCluster(answering, (cluster) => cluster.plugin(name))
    ],
    { concurrency: 2 }
  )

export interface WalkedAttachment {
  readonly serverId: ServerId | undefined
  readonly report: Report
}

/** One wish of Kubernetes to have a volume on a node, with what Cinder and Nova say to it. */
export const walkAttachment = (
  answering: Answering,
  wish: VolumeAttachmentSeen,
  { accessModes, handle }: Pick<PersistentVolumeSeen, "accessModes"> & { readonly handle: string },
  volume: Look<Volume>
): Effect.Effect<WalkedAttachment> =>
  Effect.gen(function* () {
    const { cloud, options } = answering
    const [node, plugin] = yield* lookAtNode(answering, wish.nodeName)
    const serverId = serverOf(plugin, node)
    if (serverId === undefined) {
      const finding = judgeAttachment({ wish, serverId, volume: valueIn(volume), server: undefined, replay: undefined })
      return { serverId, report: reportOf([finding]) }
    }
    const { look, report } = yield* walkServer(answering, serverId)
    const known = look._tag !== "Unseen" && volume._tag !== "Unseen"
    const pair = {
      id: VolumeId(handle),
      volume: valueIn(volume),
      serverId,
      server: valueIn(look) ?? ("gone" as const)
    }
    const question =
      cloud === undefined || !known
        ? Effect.succeed(undefined)
        : replayed(
            answering,
            wish.deleting
              ? replayUnpublish(cloud, pair, options.removeStaleAttachments ?? false)
              : replayPublish(cloud, pair, modeOf(accessModes))
          )
    const replay = yield* question
    const finding = judgeAttachment({ wish, serverId, volume: valueIn(volume), server: valueIn(look), replay })
    return { serverId, report: reportOf([finding, ...report.findings], [replay]) }
  })
