import type { AttachmentSeen } from "../../../ports/CloudSurvey.ts"
import type { VolumeAttachmentSeen } from "../../ClusterObjects.ts"
import type { DomainError } from "../../errors.ts"
import type { Server, ServerId } from "../../Server.ts"
import type { ServerEvidence } from "../../ServerEvidence.ts"
import { isAttachedTo, type Volume } from "../../Volume.ts"
import { silence } from "../explanations.ts"
import { phaseOf } from "../phases.ts"
import { detachHindrance, hostRemedy, lockOf } from "../serverState.ts"
import { standingOf } from "../standing.ts"
import { type Finding, failed, ok, type Subject, subject, warning } from "./Finding.ts"
import { type Look, notSeen } from "./Look.ts"
import type { Replay } from "./Report.ts"

/** Nova attaches and detaches in seconds, and gives a dead host a minute. */
const stuckMillis = 5 * 60_000

export const cinderVolumeSubject = (id: string): Subject => subject("cinder.volume", `volume ${id} of Cinder`)

export interface VolumeFacts {
  readonly look: Look<Volume>
  /** Every row that Cinder has for it; undefined where it does not tell. */
  readonly rows: ReadonlyArray<AttachmentSeen> | undefined
  readonly explanation: string | undefined
  readonly now: number
}

const rowText = ({ id, serverId, status }: AttachmentSeen): string =>
  `${status} ${serverId === undefined ? "by something that is no server" : `for server ${serverId}`} (attachment ${id})`

export const judgeVolume = (about: Subject, { explanation, look, now, rows }: VolumeFacts): Finding => {
  if (look._tag === "Unseen") return notSeen(about, look)
  if (look._tag === "Absent") {
    const remedy =
      "it was deleted, or cloud.conf is of another project or region than the volume: nothing of Kubernetes brings it back"
    return failed(about, "Cinder has no such volume", remedy)
  }
  const volume = look.value
  const { encrypted, multiattach, sizeGiB, status, volumeType, zone } = volume
  const traits = [...(multiattach ? ["multiattach"] : []), ...(encrypted ? ["encrypted"] : [])]
  const evidence = [
    [status, `${sizeGiB} GiB`, `type ${volumeType ?? "none"}`, `zone ${zone || "untold"}`, ...traits].join(", "),
    ...(rows ?? []).map(rowText)
  ]
  const admin = "an administrator of the cloud has to look at it and reset its state"
  switch (phaseOf(status)) {
    case "free":
    case "used":
      return ok(about, evidence)
    case "held":
      return failed(about, evidence, "accept the transfer or cancel it")
    case "leaving":
      return warning(about, [...evidence, standingOf(volume)], undefined)
    case "broken":
      return failed(about, [...evidence, explanation ?? silence], admin)
    case "joining":
    case "parting":
      return volume.updatedAt !== undefined && now - volume.updatedAt > stuckMillis
        ? failed(about, [...evidence, standingOf(volume)], `Nova has lost it: ${admin}`)
        : warning(about, [...evidence, standingOf(volume)], undefined)
    case "making":
    case "busy":
    case "unknown":
      return warning(about, [...evidence, standingOf(volume)], undefined)
  }
}

export const serverSubjectOf = (id: string): Subject => subject("nova.server", `server ${id} of Nova`)

export interface ServerFacts {
  readonly look: Look<Server>
  readonly evidence: ServerEvidence | undefined
}

export const judgeServerState = (about: Subject, { evidence: seenOf, look }: ServerFacts): Finding => {
  if (look._tag === "Unseen") return notSeen(about, look)
  if (look._tag === "Absent") {
    const remedy =
      "its Node should go, too: delete it if the cloud controller manager does not; Nova parts its volumes itself"
    return failed(about, "Nova has no such server in this project", remedy)
  }
  const server = look.value
  const { name, status, task, volumeIds, zone } = server
  const host = seenOf?.hostStatus
  const evidence = [
    `${name}: ${status}${task === undefined ? "" : ` (${task})`}, zone ${zone || "untold"}, ${volumeIds?.length ?? "an untold number of"} volumes`,
    ...(host === undefined ? [] : [`its compute host is ${host || "not told"}`])
  ]
  const lock = lockOf(server)
  const hindrance = detachHindrance(server)
  if (host !== undefined && host !== "UP") return failed(about, evidence, hostRemedy)
  if (lock !== undefined) {
    return failed(about, [...evidence, `it is ${lock.state}: Nova refuses to attach and detach`], lock.remedy)
  }
  if (hindrance !== undefined) {
    const told = [...evidence, `it is ${hindrance.state}`]
    return hindrance.passes ? warning(about, told, undefined) : failed(about, told, hindrance.remedy)
  }
  if (status === "SHUTOFF") {
    const remedy =
      "start it, or taint its node node.kubernetes.io/out-of-service=nodeshutdown:NoExecute, so that its volumes go elsewhere"
    return failed(about, [...evidence, "it does not run: no volume can be mounted there"], remedy)
  }
  return status === "ACTIVE" ? ok(about, evidence) : warning(about, evidence, undefined)
}

const messageOf = (error: DomainError): string => error.message

/** What the driver's answer makes of a link; what it would do next is no trouble, since somebody asks again and again. */
export const judgeReplay = (
  about: Subject,
  { answer, call }: Replay,
  evidence: ReadonlyArray<string> = []
): Finding => {
  switch (answer._tag) {
    case "Done":
      return ok(about, evidence.length > 0 ? evidence : `${call} has nothing left to do`)
    case "Acts":
      return warning(about, [...evidence, `with the next call the driver would ${answer.deed}`], undefined)
    case "Waits":
      return warning(about, [...evidence, `the driver would wait: ${answer.state}`], undefined)
    case "Refuses":
      return failed(about, [...evidence, messageOf(answer.error)], undefined)
  }
}

export const attachmentSubject = (nodeName: string): Subject =>
  subject("kubernetes.attachment", `attachment to node ${nodeName}`)

export interface AttachmentFacts {
  readonly wish: VolumeAttachmentSeen
  readonly serverId: ServerId | undefined
  readonly volume: Volume | undefined
  readonly server: Server | undefined
  readonly replay: Replay | undefined
}

/** Where Kubernetes, Cinder and Nova stand about one volume and one node. */
export const judgeAttachment = (facts: AttachmentFacts): Finding => {
  const { replay, server, serverId, volume, wish } = facts
  const about = attachmentSubject(wish.nodeName)
  const inCinder = volume === undefined || serverId === undefined ? undefined : isAttachedTo(volume, serverId)
  const inNova =
    volume === undefined || server?.volumeIds === undefined ? undefined : server.volumeIds.includes(volume.id)
  const yes = (known: boolean | undefined) => (known === undefined ? "untold" : known ? "attached" : "not attached")
  const kubernetes = `${wish.attached ? "attached" : "not attached yet"}${wish.deleting ? ", to be detached" : ""}`
  const evidence = [
    `Kubernetes (${wish.name}): ${kubernetes}; Cinder: ${yes(inCinder)}; Nova: ${yes(inNova)}`,
    ...(wish.error === undefined ? [] : [`the attacher's last error: ${wish.error}`])
  ]
  if (serverId === undefined) {
    return failed(
      about,
      [...evidence, "no server of that node is known"],
      "the node plugin has to be registered there: doctor node"
    )
  }
  if (replay === undefined) return { ...about, status: "skipped", evidence, remedy: undefined }
  if (!wish.deleting && wish.attached && inCinder === false && replay.answer._tag !== "Refuses") {
    const remedy =
      "external-attacher attaches it again within some minutes; if it does not, restart it, or delete the pods of the volume on that node"
    return failed(about, [...evidence, "Kubernetes takes it for attached, and it is not"], remedy)
  }
  return judgeReplay(about, replay, evidence)
}

/** Servers that have the volume although nobody in Kubernetes asks for it. */
export const judgeStrays = (volume: Volume, wanted: ReadonlyArray<ServerId>): ReadonlyArray<Finding> =>
  volume.attachments.flatMap(({ attachmentId, serverId }) => {
    if (serverId !== undefined && wanted.includes(serverId)) return []
    const about = subject("cinder.stray", `attachment ${attachmentId} of Cinder`)
    if (serverId === undefined) {
      return [failed(about, "it was made by something that is no server", "remove it with what made it")]
    }
    const remedy = `if no other cluster uses it there: openstack server remove volume ${serverId} ${volume.id}`
    return [
      failed(about, `server ${serverId} has the volume, and no VolumeAttachment of this cluster asks for it`, remedy)
    ]
  })
