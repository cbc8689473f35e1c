import { Clock, Effect } from "effect"
import { HostReading } from "../ports/HostReading.ts"
import { walkAttachment, walkServer } from "./attachmentWalk.ts"
import type { ClaimSeen, PersistentVolumeSeen, VolumeAttachmentSeen } from "./ClusterObjects.ts"
import { boundsOf } from "./decisions/capacity.ts"
import { cinderVolumeSubject, judgeReplay, judgeStrays, judgeVolume } from "./decisions/doctor/cloudLinks.ts"
import { type Finding, ok, subject } from "./decisions/doctor/Finding.ts"
import { type Look, notSeen, valueIn } from "./decisions/doctor/Look.ts"
import type { Replay, Report } from "./decisions/doctor/Report.ts"
import { phaseOf } from "./decisions/phases.ts"
import { deviceElsewhere, walkDevice } from "./deviceWalk.ts"
import { type Answering, joined, lookAtCloud, lookAtCluster, replayed, reportOf } from "./looking.ts"
import { replayDelete, replayExpand } from "./replaying.ts"
import type { ServerId } from "./Server.ts"
import { type Volume, VolumeId } from "./Volume.ts"

export interface VolumeInQuestion {
  readonly handle: string
  /** Undefined where Kubernetes has none, or does not show it. */
  readonly pv: PersistentVolumeSeen | undefined
  readonly claim: ClaimSeen | undefined
}

const attachmentsSubject = subject("kubernetes.attachments", "where Kubernetes wants the volume")

const wishesFor = (answering: Answering, pv: PersistentVolumeSeen | undefined) =>
  pv === undefined
    ? Effect.succeed<Look<ReadonlyArray<VolumeAttachmentSeen>>>({
        _tag: "Unseen",
        why: "no persistent volume of this cluster is known to be this volume",
        remedy: undefined
      })
    : lookAtCluster(answering, ({ attachments }) =>
        Effect.map(attachments, (all) => all.filter(({ volumeName }) => volumeName === pv.name))
      )

const judgeWishes = (look: Look<ReadonlyArray<VolumeAttachmentSeen>>): Finding | undefined => {
  if (look._tag === "Unseen") return notSeen(attachmentsSubject, look)
  const wishes = valueIn(look) ?? []
  return wishes.length === 0
    ? ok(attachmentsSubject, "on no node: there is no VolumeAttachment, and so nothing to attach it for")
    : undefined
}

/** A claim that asks for more than it has, with the driver's answer. */
const walkExpansion = (answering: Answering, claim: ClaimSeen | undefined, volume: Volume | undefined) =>
  Effect.gen(function* () {
    const { cloud } = answering
    const requested = claim?.requestedBytes
    const isGrowing = requested !== undefined && claim?.capacityBytes !== undefined && requested > claim.capacityBytes
    if (cloud === undefined || volume === undefined || !isGrowing) return undefined
    const bounds = yield* Effect.option(boundsOf({ requiredBytes: requested, limitBytes: undefined }))
    if (bounds._tag === "None") return undefined
    return yield* replayed(answering, replayExpand(cloud, volume, bounds.value))
  })

const isToBeDeleted = ({ deleting, phase, reclaimPolicy }: PersistentVolumeSeen): boolean =>
  reclaimPolicy === "Delete" && (phase === "Released" || phase === "Failed" || deleting)

const walkDeletion = (answering: Answering, { handle, pv }: VolumeInQuestion, look: Look<Volume>) => {
  const { cloud } = answering
  return cloud === undefined || pv === undefined || !isToBeDeleted(pv) || look._tag === "Unseen"
    ? Effect.succeed(undefined)
    : replayed(answering, replayDelete(cloud, VolumeId(handle), valueIn(look)))
}

const explanationOf = (answering: Answering, look: Look<Volume>) =>
  look._tag === "Seen" && phaseOf(look.value.status) === "broken"
    ? Effect.map(
        lookAtCloud(answering, "list messages", ({ cinder }) => cinder.explain(look.value.id)),
        valueIn
      )
    : Effect.succeed(undefined)

const walkHere = (
  { host, options }: Answering,
  { handle, pv }: VolumeInQuestion,
  wishes: ReadonlyArray<VolumeAttachmentSeen>,
  volume: Volume | undefined
): Effect.Effect<Report> => {
  const isHere = options.lookHere || wishes.some(({ nodeName }) => nodeName === options.nodeName)
  if (isHere && host !== undefined) {
    return Effect.provideService(walkDevice(options, handle, pv, volume), HostReading, host)
  }
  const [first] = wishes
  return Effect.succeed(reportOf(first === undefined ? [] : [deviceElsewhere(first.nodeName, handle)]))
}

const finding = (id: string, title: string, replay: Replay | undefined): Finding | undefined =>
  replay === undefined ? undefined : judgeReplay(subject(id, title), replay)

/** Everything from the volume of Cinder on: attachments, servers and, on its node, disk and mounts. */
export const walkVolume = (answering: Answering, question: VolumeInQuestion): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const { claim, handle, pv } = question
    const id = VolumeId(handle)
    const [look, rows, wanted] = yield* Effect.all(
      [
        lookAtCloud(answering, "show volume", ({ cinder }) => cinder.getVolume(id)),
        lookAtCloud(answering, "list the attachments", ({ survey }) => survey.attachmentsOf(id)),
        wishesFor(answering, pv)
      ],
      { concurrency: "unbounded" }
    )
    const volume = valueIn(look)
    const wishes = valueIn(wanted) ?? []
    const [explanation, walked, growth, deletion, here] = yield* Effect.all(
      [
        explanationOf(answering, look),
        Effect.forEach(
          wishes,
          (wish) => walkAttachment(answering, wish, { handle, accessModes: pv?.accessModes ?? [] }, look),
          {
            concurrency: 4
          }
        ),
        walkExpansion(answering, claim, volume),
        walkDeletion(answering, question, look),
        walkHere(answering, question, wishes, volume)
      ],
      { concurrency: "unbounded" }
    )
    const now = yield* Clock.currentTimeMillis
    const servers = walked.flatMap(
      ({ serverId }): ReadonlyArray<ServerId> => (serverId === undefined ? [] : [serverId])
    )
    const holders = [...(volume?.attachments ?? []), ...(valueIn(rows) ?? [])]
    const others = new Set(
      holders.flatMap(({ serverId }) => (serverId === undefined || servers.includes(serverId) ? [] : [serverId]))
    )
    const elsewhere = yield* Effect.forEach(others, (server) => walkServer(answering, server), { concurrency: 4 })
    const strays = volume !== undefined && wanted._tag === "Seen" ? judgeStrays(volume, servers) : []
    return joined([
      reportOf([
        judgeVolume(cinderVolumeSubject(handle), { look, rows: valueIn(rows), explanation, now }),
        judgeWishes(wanted)
      ]),
      ...walked.map(({ report }) => report),
      reportOf(strays),
      ...elsewhere.map(({ report }) => report),
      reportOf(
        [
          finding("driver.expand", "the claim's new size", growth),
          finding("driver.delete", "the volume's deletion", deletion)
        ],
        [growth, deletion]
      ),
      here
    ])
  })
