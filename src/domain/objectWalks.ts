import { Clock, Effect } from "effect"
import { lookAtNode, serverOf, walkAttachment, walkServer } from "./attachmentWalk.ts"
import { walkClaim, walkPersistentVolume } from "./claimWalk.ts"
import { cinderVolumeSubject, judgeVolume } from "./decisions/doctor/cloudLinks.ts"
import {
  claimSubject,
  judgeNode,
  judgeNodePlugin,
  judgePersistentVolume,
  judgePod,
  nodeSubjectOf,
  pluginSubjectOf,
  podSubject,
  volumeSubject
} from "./decisions/doctor/clusterLinks.ts"
import { failed, ok, subject, warning } from "./decisions/doctor/Finding.ts"
import { type Look, notSeen, valueIn } from "./decisions/doctor/Look.ts"
import type { Report } from "./decisions/doctor/Report.ts"
import { type Answering, joined, lookAtCloud, lookAtCluster, reportOf, warningsOf, whoAnswers } from "./looking.ts"
import { VolumeId } from "./Volume.ts"
import { walkVolume } from "./volumeWalk.ts"

export interface Walked {
  readonly report: Report
  /** The object that was asked for is there, as far as anybody could say. */
  readonly found: boolean
}

const found = (report: Report): Walked => ({ report, found: true })

/** Goes on from an object that was asked for by name, or says why not. */
const from = <A>(
  look: Look<A>,
  about: Parameters<typeof notSeen>[0],
  walk: (value: A) => Effect.Effect<Report>
): Effect.Effect<Walked> => {
  switch (look._tag) {
    case "Seen":
      return Effect.map(walk(look.value), found)
    case "Absent":
      return Effect.succeed({
        report: reportOf([failed(about, "there is no such object", "see how it is spelled")]),
        found: false
      })
    case "Unseen":
      return Effect.succeed({ report: reportOf([notSeen(about, look)]), found: false })
  }
}

export const lookAtClaim = Effect.fnUntraced(function* (namespace: string, name: string) {
  const answering = yield* whoAnswers
  const look = yield* lookAtCluster(answering, ({ claim }) => claim(namespace, name))
  return yield* from(look, claimSubject(namespace, name), (claim) => walkClaim(answering, claim))
})

export const lookAtPersistentVolume = Effect.fnUntraced(function* (name: string) {
  const answering = yield* whoAnswers
  const look = yield* lookAtCluster(answering, ({ volume }) => volume(name))
  return yield* from(look, volumeSubject(name), (pv) =>
    Effect.gen(function* () {
      const owner = pv.claim
      const claim =
        owner === undefined || pv.phase !== "Bound"
          ? undefined
          : valueIn(yield* lookAtCluster(answering, (cluster) => cluster.claim(owner.namespace, owner.name)))
      return yield* walkPersistentVolume(answering, pv, claim)
    })
  )
})

/** A volume of Cinder, which a cluster need not know of; on a node it is looked for whoever else can be asked. */
export const lookAtVolume = Effect.fnUntraced(function* (id: string) {
  const answering = yield* whoAnswers
  const pv = yield* lookAtCluster(answering, ({ volumes }) =>
    Effect.map(volumes, (all) => all.find(({ volumeId }) => volumeId === id))
  )
  if (pv._tag === "Seen") return found(yield* walkPersistentVolume(answering, pv.value, undefined))
  const volume = yield* lookAtCloud(answering, "show volume", ({ cinder }) => cinder.getVolume(VolumeId(id)))
  const about = volumeSubject(`of volume ${id}`)
  const missing =
    pv._tag === "Unseen" ? notSeen(about, pv) : warning(about, "no persistent volume of this cluster has it", undefined)
  const walk = walkVolume(answering, { handle: id, pv: undefined, claim: undefined })
  const isOnNode = answering.options.lookHere && answering.host !== undefined
  const walked = isOnNode ? found(yield* walk) : yield* from(volume, cinderVolumeSubject(id), () => walk)
  return { ...walked, report: joined([reportOf([missing]), walked.report]) }
})

/** A pod with each of its claims. */
export const lookAtPod = Effect.fnUntraced(function* (namespace: string, name: string) {
  const answering = yield* whoAnswers
  const look = yield* lookAtCluster(answering, ({ pod }) => pod(namespace, name))
  const about = podSubject(namespace, name)
  return yield* from(look, about, (pod) =>
    Effect.gen(function* () {
      const [events, claims] = yield* Effect.all(
        [
          warningsOf(answering, "Pod", namespace, name),
          Effect.forEach(
            pod.claims,
            (claimName) =>
              Effect.gen(function* () {
                const claim = yield* lookAtCluster(answering, (cluster) => cluster.claim(namespace, claimName))
                return (yield* from(claim, claimSubject(namespace, claimName), (seen) => walkClaim(answering, seen)))
                  .report
              }),
            { concurrency: 4 }
          )
        ],
        { concurrency: 2 }
      )
      return joined([reportOf([judgePod(about, pod)], [], events), ...claims])
    })
  )
})

const volumesSubject = subject("kubernetes.attachments", "what Kubernetes wants on the node")

/** The volumes that Kubernetes wants on a node, each with where it stands. */
const walkWishes = (answering: Answering, nodeName: string): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const look = yield* lookAtCluster(answering, ({ attachments }) =>
      Effect.map(attachments, (all) => all.filter((wish) => wish.nodeName === nodeName))
    )
    if (look._tag === "Unseen") return reportOf([notSeen(volumesSubject, look)])
    const wishes = valueIn(look) ?? []
    const reports = yield* Effect.forEach(
      wishes,
      (wish) =>
        Effect.gen(function* () {
          const { volumeName = "" } = wish
          const about = volumeSubject(volumeName)
          const pv = yield* lookAtCluster(answering, ({ volume }) => volume(volumeName))
          if (pv._tag === "Unseen") return reportOf([notSeen(about, pv)])
          if (pv._tag === "Absent") {
            return reportOf([
              failed(about, `${wish.name} wants it on the node, and it is gone from Kubernetes`, undefined)
            ])
          }
          const { accessModes, volumeId: handle } = pv.value
          if (handle === undefined) {
            return reportOf([judgePersistentVolume({ name: answering.options.driver }, about, pv.value)])
          }
          const volume = yield* lookAtCloud(answering, "show volume", ({ cinder }) => cinder.getVolume(handle))
          const now = yield* Clock.currentTimeMillis
          const { report } = yield* walkAttachment(answering, wish, { accessModes, handle }, volume)
          const judged = judgeVolume(cinderVolumeSubject(handle), {
            look: volume,
            rows: undefined,
            explanation: undefined,
            now
          })
          const titled = report.findings.map((finding) =>
            finding.id === "kubernetes.attachment"
              ? { ...finding, title: `${finding.title} of volume ${handle}` }
              : finding
          )
          return joined([reportOf([judged]), { ...report, findings: titled }])
        }),
      { concurrency: 4 }
    )
    return joined([reportOf([ok(volumesSubject, `${wishes.length} volumes of this driver`)]), ...reports])
  })

/** A node with its server and its volumes. */
export const lookAtOneNode = Effect.fnUntraced(function* (name: string) {
  const answering = yield* whoAnswers
  const [look, plugin] = yield* lookAtNode(answering, name)
  return yield* from(look, nodeSubjectOf(name), (node) =>
    Effect.gen(function* () {
      const id = serverOf(plugin, look)
      const [events, server, wishes] = yield* Effect.all(
        [
          warningsOf(answering, "Node", "", name),
          id === undefined ? Effect.succeed(undefined) : walkServer(answering, id),
          walkWishes(answering, name)
        ],
        { concurrency: "unbounded" }
      )
      return joined([
        reportOf(
          [judgeNode(nodeSubjectOf(name), node), judgeNodePlugin(pluginSubjectOf(name), plugin, node)],
          [],
          events
        ),
        ...(server === undefined ? [] : [server.report]),
        wishes
      ])
    })
  )
})
