import { type AccessMode, spansNodes } from "../Capability.ts"
import { bytesOf } from "../Capacity.ts"
import { NodeFull, NotReady, Refused, ServerNotFound, VolumeNotFound } from "../errors.ts"
import { encryptedKey, sizeBytesKey } from "../publishContext.ts"
import type { Server, ServerId } from "../Server.ts"
import { isAttachedTo, type Volume, type VolumeId } from "../Volume.ts"
import { fallBacksText, tooManyFallBacks } from "./attachLimit.ts"
import { type AttachRequest, mayLandMillis } from "./attachRequest.ts"
import { attachedElsewhere, type OtherServer } from "./elsewhere.ts"
import { phaseOf, staleReadMillis } from "./phases.ts"
import {
  afterConflict,
  attachHindrance,
  hostRemedy,
  requestText,
  saysHostIsSilent,
  serverNotReady
} from "./serverState.ts"
import { standingOf } from "./standing.ts"
import { act, done, refuse, type Verdict, wait, waitForServer } from "./Verdict.ts"

/** Publish-context key with the device name that Nova guessed; kept for clusters that were made with it. */
export const devicePathKey = "DevicePath"

export interface PublishFacts {
  readonly id: VolumeId
  readonly serverId: ServerId
  readonly volume: Volume | undefined
  /** As it was seen last. */
  readonly server: Server | "gone"
  readonly mode: AccessMode
  /** The newest, of this call or, with its answer lost, of an earlier one; undefined before there is one. */
  readonly request: AttachRequest | undefined
  /** Since the request. */
  readonly waitedMillis: number
  /** How often Nova was asked in this call. */
  readonly asked: number
  /** How long the server was watched since Nova refused; undefined before it was. */
  readonly watchedMillis: number | undefined
  /** What Nova said when it last found the server full, as far as that still holds. */
  readonly full: string | undefined
  /** How often in a row Nova gave up an attachment to the server, with ours; undefined before ours was counted. */
  readonly fallBacks: number | undefined
  /** Undefined before Nova was asked who has the volume. */
  readonly other: OtherServer | undefined
}

export type PublishAction =
  | { readonly _tag: "Attach"; readonly multiattach: boolean }
  /** Ask Nova about the server that has the volume. */
  | { readonly _tag: "LookElsewhere"; readonly serverId: ServerId }
  /** Nova gave up an attachment that it had accepted. */
  | { readonly _tag: "CountFallBack" }
  /** Answer with what Cinder says about the volume's state. */
  | { readonly _tag: "Explain"; readonly volume: Volume }

type PublishVerdict = Verdict<PublishAction, Volume>

const subjectOf = (id: VolumeId): string => `volume ${id}`

/** Nova's words for a reservation of another request, and for a mapping it is about to drop. Both pass. */
const passes = (detail: string): boolean => /already attached|to reserve/i.test(detail)

const attachAction = ({ multiattach }: Volume): PublishAction => ({ _tag: "Attach", multiattach })

/** With a server that is there. */
type ServerFacts = PublishFacts & { readonly server: Server }

const ask = ({ server, full }: ServerFacts, volume: Volume): PublishVerdict => {
  if (full !== undefined) return refuse(new NodeFull({ serverId: server.id, detail: full }))
  const hindrance = attachHindrance(server)
  if (hindrance === undefined) return act(attachAction(volume))
  const error = serverNotReady(server.id, hindrance)
  return hindrance.passes ? waitForServer(hindrance, error) : refuse(error)
}

const givenUp = (
  { server, fallBacks }: ServerFacts,
  { status, id }: Volume,
  requestId: string | undefined
): PublishVerdict => {
  if (fallBacks === undefined) return act({ _tag: "CountFallBack" })
  if (fallBacks >= tooManyFallBacks) {
    return refuse(new NodeFull({ serverId: server.id, detail: fallBacksText(fallBacks) }))
  }
  const request = requestId === undefined ? "" : ` (${requestId})`
  return refuse(
    new NotReady({
      subject: subjectOf(id),
      state: `${status} again: Nova accepted its attachment to server ${server.id} and gave it up${request}`,
      remedy: "the server's list of actions in Nova tells when, its compute host's log tells why"
    })
  )
}

/** Why an attachment that could be asked for is not there after all. */
const afterRequest = (facts: ServerFacts, request: AttachRequest, volume: Volume): PublishVerdict => {
  const { id, server, waitedMillis, asked, watchedMillis } = facts
  switch (request._tag) {
    case "Accepted":
      return waitedMillis < staleReadMillis
        ? wait(standingOf(volume, request.requestId))
        : givenUp(facts, volume, request.requestId)
    case "Unanswered": {
      const { failure } = request
      if (waitedMillis >= mayLandMillis(failure)) return asked === 0 ? ask(facts, volume) : refuse(failure)
      const state = `${volume.status}: whether Nova attaches it to server ${server.id} is not known: ${requestText(failure)}`
      const remedy = saysHostIsSilent(failure.detail) ? `if this goes on, ${hostRemedy}` : undefined
      return wait(volume.status, "itself", new NotReady({ subject: subjectOf(id), state, remedy }))
    }
    case "Refused": {
      const { failure } = request
      if (failure.reason === "conflict") {
        return afterConflict(
          { id: server.id, server, failure, watchedMillis, asked },
          attachHindrance,
          attachAction(volume)
        )
      }
      const text = requestText(failure)
      return refuse(
        passes(failure.detail)
          ? new NotReady({ subject: subjectOf(id), state: `not free yet: ${text}`, remedy: undefined })
          : new Refused({ subject: subjectOf(id), because: `Nova does not attach it: ${text}`, remedy: undefined })
      )
    }
  }
}

const attach = (facts: ServerFacts, volume: Volume): PublishVerdict =>
  facts.request === undefined ? ask(facts, volume) : afterRequest(facts, facts.request, volume)

const elsewhere = ({ other, mode }: PublishFacts, volume: Volume): PublishVerdict => {
  const serverId = volume.attachments.find((attachment) => attachment.serverId !== undefined)?.serverId
  return other === undefined && serverId !== undefined
    ? act({ _tag: "LookElsewhere", serverId })
    : refuse(attachedElsewhere(volume, mode, other ?? "unseen"))
}

/** What to do so that a volume is attached to a server. */
export const decidePublish = (all: PublishFacts): PublishVerdict => {
  const { id, volume, server, mode, serverId } = all
  if (server === "gone") return refuse(new ServerNotFound({ id: serverId }))
  const facts = { ...all, server }
  if (volume === undefined) return refuse(new VolumeNotFound({ id }))
  const phase = phaseOf(volume.status)
  if (phase === "parting") return wait(standingOf(volume))
  if (isAttachedTo(volume, server.id)) return done(volume)
  switch (phase) {
    case "free":
      return attach(facts, volume)
    case "used":
      return volume.multiattach && spansNodes(mode) ? attach(facts, volume) : elsewhere(facts, volume)
    case "joining": {
      const hindrance = attachHindrance(server)
      const ours = facts.request !== undefined || (server.volumeIds ?? []).includes(id) || volume.multiattach
      if (ours && hindrance?.passes === false) return refuse(serverNotReady(serverId, hindrance))
      return ours
        ? wait(standingOf(volume, facts.request?._tag === "Accepted" ? facts.request.requestId : undefined))
        : refuse(
            new NotReady({ subject: subjectOf(id), state: `${volume.status} for another server`, remedy: undefined })
          )
    }
    case "making":
    case "busy":
    case "unknown":
      return wait(standingOf(volume))
    case "held":
      return refuse(
        new NotReady({ subject: subjectOf(id), state: volume.status, remedy: "accept the transfer or cancel it" })
      )
    case "leaving":
      return refuse(new Refused({ subject: subjectOf(id), because: "it is being deleted", remedy: undefined }))
    case "broken":
      return act({ _tag: "Explain", volume })
  }
}

/** The answer about a volume that nothing but the cloud's administrators can use again. */
export const brokenVolume = ({ id, status }: Volume, explanation: string): Refused =>
  new Refused({
    subject: subjectOf(id),
    because: `it is ${status}: ${explanation}`,
    remedy: "an administrator of the cloud has to look at it"
  })

/** What the node gets to know of a volume that is attached to its server. */
export const publishContextOf = (volume: Volume, server: Server): Readonly<Record<string, string>> => ({
  [devicePathKey]: volume.attachments.find(({ serverId }) => serverId === server.id)?.device ?? "",
  [sizeBytesKey]: bytesOf(volume.sizeGiB).toString(),
  ...(volume.encrypted ? { [encryptedKey]: "true" } : {})
})
