import { type CloudFailure, NotReady } from "../errors.ts"
import type { Server, ServerId } from "../Server.ts"
import { isAttachedTo, type Volume, type VolumeId } from "../Volume.ts"
import { phaseOf, staleReadMillis } from "./phases.ts"
import { afterConflict, detachHindrance, isShelvedAway, requestText, serverNotReady } from "./serverState.ts"
import { standingOf } from "./standing.ts"
import { act, done, refuse, type Verdict, wait, waitForServer } from "./Verdict.ts"

/** What became of a request to detach. */
export type DetachRequest =
  | { readonly _tag: "Accepted"; readonly requestId: string | undefined }
  | { readonly _tag: "NotAttached" }
  | { readonly _tag: "Refused"; readonly failure: CloudFailure }

export interface UnpublishFacts {
  readonly id: VolumeId
  readonly serverId: ServerId
  /** Undefined: gone. */
  readonly volume: Volume | undefined
  /** Undefined until Nova was asked, or when what it said is out of date. */
  readonly server: Server | "gone" | undefined
  /** How often Nova was asked about the server since the volume changed last. */
  readonly looks: number
  /** What became of our newest request to detach; undefined before there is one. */
  readonly request: DetachRequest | undefined
  /** Since the request or the newest question about the server. */
  readonly waitedMillis: number
  /** How often Nova was asked to detach in this call. */
  readonly asked: number
  /** How long the server was watched since Nova refused; undefined before it was. */
  readonly watchedMillis: number | undefined
  /** Between the first and the newest time that Nova had no such server while Cinder showed the attachment. */
  readonly goneMillis: number
  /** Whether such an attachment is to be removed, and what Cinder said to that. */
  readonly removesStale: boolean
  readonly removal: "accepted" | { readonly refused: CloudFailure } | undefined
  /** For how long yet an attachment that we asked for, and had no answer about, may appear. */
  readonly landingMillis: number
}

export type UnpublishAction =
  | { readonly _tag: "Detach" }
  /** Ask Nova about the server, after a pause if it is not the first time. */
  | { readonly _tag: "LookAtServer" }
  /** Of a server that Nova does not have. */
  | { readonly _tag: "RemoveAttachment"; readonly attachmentId: string }
  /** Answer with what Cinder says about the volume's state. */
  | { readonly _tag: "Explain"; readonly volume: Volume }

type UnpublishVerdict = Verdict<UnpublishAction, void>

/** Nova drops its record a moment after Cinder drops the attachment; that often it is asked whether it has. */
const mostLooks = 5

/** Nova itself parts the volumes of a server that is deleted. Only what it leaves for so long is left for good. */
const cleanUpMillis = 60_000

const notReady = (subject: string, state: string, remedy: string | undefined) =>
  refuse(new NotReady({ subject, state, remedy }))

const attachmentOf = ({ serverId }: UnpublishFacts, volume: Volume): string | undefined =>
  volume.attachments.find((candidate) => candidate.serverId === serverId)?.attachmentId

/**
 * Cinder shows an attachment that Nova does not know. Nobody may remove it unasked: the guest may still write
 * (https://security.openstack.org/ossa/OSSA-2023-003.html).
 */
const stale = (facts: UnpublishFacts, volume: Volume, because: string): NotReady => {
  const { id, serverId } = facts
  const attachment = attachmentOf(facts, volume)
  return new NotReady({
    subject: `volume ${id}`,
    state: `attached to server ${serverId} in Cinder although ${because}`,
    remedy: `if it stays so, an administrator of the cloud has to make sure that the server does not run and to remove attachment ${attachment}`
  })
}

/** Once is not enough: Nova may be about to part the volume, or may not have answered for all of itself. */
const vanished = (facts: UnpublishFacts, volume: Volume): UnpublishVerdict => {
  const { goneMillis, removesStale, removal } = facts
  const refusal = typeof removal === "object" ? ` and Cinder does not remove it: ${requestText(removal.refused)}` : ""
  const error = stale(facts, volume, `Nova has no such server${refusal}`)
  if (goneMillis >= cleanUpMillis) {
    const attachmentId = attachmentOf(facts, volume)
    if (removesStale && removal === undefined && attachmentId !== undefined) {
      return act({ _tag: "RemoveAttachment", attachmentId })
    }
    return removal === "accepted" && facts.waitedMillis < staleReadMillis
      ? wait(standingOf(volume), "itself", error)
      : refuse(error)
  }
  return facts.waitedMillis < cleanUpMillis - goneMillis
    ? wait(volume.status, "itself", error)
    : act({ _tag: "LookAtServer" })
}

const acceptedAs = ({ request }: UnpublishFacts): string | undefined =>
  request?._tag === "Accepted" ? request.requestId : undefined

const working = (facts: UnpublishFacts, volume: Volume): UnpublishVerdict => wait(standingOf(volume, acceptedAs(facts)))

const conflicting = (
  { serverId, server, watchedMillis, asked }: UnpublishFacts,
  failure: CloudFailure
): UnpublishVerdict => {
  const seen = server === "gone" ? undefined : server
  const refusal = { id: serverId, server: seen, failure, watchedMillis, asked }
  return afterConflict<UnpublishAction>(refusal, detachHindrance, { _tag: "Detach" })
}

/** Cinder shows the attachment and the volume is at rest. */
const attached = (facts: UnpublishFacts, volume: Volume): UnpublishVerdict => {
  const { serverId, server, request, waitedMillis } = facts
  if (server === "gone") return vanished(facts, volume)
  if (request === undefined && server === undefined) return act({ _tag: "Detach" })
  const isAccepted = request?._tag === "Accepted"
  if (isAccepted && server === undefined && waitedMillis < staleReadMillis) return working(facts, volume)
  if (request?._tag === "Refused" && request.failure.reason === "conflict") return conflicting(facts, request.failure)
  if (server === undefined) return act({ _tag: "LookAtServer" })
  if (request?._tag === "NotAttached") return refuse(stale(facts, volume, "Nova knows of no attachment"))
  const hindrance = detachHindrance(server)
  if (hindrance !== undefined) {
    const error = serverNotReady(serverId, hindrance)
    return hindrance.passes && request === undefined ? waitForServer(hindrance, error) : refuse(error)
  }
  if (request === undefined) return act({ _tag: "Detach" })
  const subject = `volume ${volume.id}`
  const state = `still attached to server ${serverId}`
  if (request._tag === "Refused") return notReady(subject, `${state}: ${requestText(request.failure)}`, undefined)
  const asked = request.requestId === undefined ? "" : ` (${request.requestId})`
  return notReady(
    subject,
    `${state} (${server.status}): Nova accepted the detachment and gave it up${asked}`,
    "the guest may hold on to the disk"
  )
}

/** Cinder shows no attachment, for the server is shelved: Nova has nothing but a reservation to give up. */
const reserved = (facts: UnpublishFacts, volume: Volume): UnpublishVerdict => {
  const { request } = facts
  if (request === undefined) return act({ _tag: "Detach" })
  if (request._tag !== "Refused") return working(facts, volume)
  const { failure } = request
  if (failure.reason === "conflict") return conflicting(facts, failure)
  return notReady(`volume ${volume.id}`, `still reserved: ${requestText(failure)}`, undefined)
}

/** Cinder shows no attachment to the server: Nova has to say the same. */
const detachedInCinder = (facts: UnpublishFacts, volume: Volume): UnpublishVerdict => {
  const { id, serverId, server, looks, landingMillis } = facts
  if (server === "gone") return done(undefined)
  if (landingMillis > 0) {
    const state = `${volume.status}, but an attachment to server ${serverId} that Nova did not answer for may still appear`
    return wait(volume.status, "itself", new NotReady({ subject: `volume ${id}`, state, remedy: undefined }))
  }
  if (server === undefined) return act({ _tag: "LookAtServer" })
  if (server.volumeIds === undefined) {
    const unseen = { state: `${server.status}, and Nova does not tell which volumes it has`, remedy: undefined }
    return refuse(serverNotReady(serverId, detachHindrance(server) ?? unseen))
  }
  if (!server.volumeIds.includes(id)) return done(undefined)
  if (phaseOf(volume.status) === "joining") {
    if (isShelvedAway(server)) return reserved(facts, volume)
    const hindrance = detachHindrance(server)
    return hindrance?.passes === true
      ? waitForServer(hindrance, serverNotReady(serverId, hindrance))
      : working(facts, volume)
  }
  return looks < mostLooks
    ? act({ _tag: "LookAtServer" })
    : notReady(
        `server ${serverId}`,
        `still listed with volume ${id} in Nova, though Cinder shows no attachment`,
        undefined
      )
}

/** The answer about a volume whose state keeps Nova from parting it. */
export const brokenHere = ({ id, status }: Volume, serverId: ServerId, explanation: string): NotReady =>
  new NotReady({
    subject: `volume ${id}`,
    state: `${status} and attached to server ${serverId}: ${explanation}`,
    remedy: "an administrator of the cloud has to look at it and reset its state"
  })

/**
 * What to do so that a volume is not attached to a server. It is not only when Nova and Cinder agree that it is not;
 * nothing is ever reset or forced, since a writer that was not stopped would destroy data.
 */
export const decideUnpublish = (facts: UnpublishFacts): UnpublishVerdict => {
  const { volume, serverId } = facts
  if (volume === undefined) return done(undefined)
  const phase = phaseOf(volume.status)
  if (phase === "parting") return working(facts, volume)
  if (!isAttachedTo(volume, serverId)) return detachedInCinder(facts, volume)
  switch (phase) {
    case "used":
    case "free":
    case "held":
      return attached(facts, volume)
    case "making":
    case "joining":
    case "busy":
    case "leaving":
    case "unknown":
      return working(facts, volume)
    case "broken":
      return act({ _tag: "Explain", volume })
  }
}
