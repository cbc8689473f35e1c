import { type AccessMode, spansNodes } from "../Capability.ts"
import { bytesOf } from "../Capacity.ts"
import { type CloudFailure, type DomainError, NotReady, Refused, VolumeNotFound } from "../errors.ts"
import { encryptedKey, sizeBytesKey } from "../publishContext.ts"
import type { Server } from "../Server.ts"
import { isAttachedTo, type Volume, type VolumeId } from "../Volume.ts"
import { placesOf } from "./delete.ts"
import { phaseOf, staleReadMillis } from "./phases.ts"
import { attachHindrance } from "./serverState.ts"
import { act, done, refuse, type Verdict, wait } from "./Verdict.ts"

/** Publish-context key with the device name that Nova guessed; kept for clusters that were made with it. */
export const devicePathKey = "DevicePath"

/** What became of a request to attach. Without an answer it may have been accepted. */
export type AttachRequest =
  | { readonly _tag: "Accepted" }
  | { readonly _tag: "Unanswered"; readonly failure: CloudFailure }
  | { readonly _tag: "Refused"; readonly failure: CloudFailure }

export interface PublishFacts {
  readonly id: VolumeId
  readonly volume: Volume | undefined
  /** As it was before any request of ours. */
  readonly server: Server
  readonly mode: AccessMode
  /** Undefined before there is one. */
  readonly request: AttachRequest | undefined
  /** Since the request. */
  readonly waitedMillis: number
}

export type PublishAction =
  | { readonly _tag: "Attach"; readonly multiattach: boolean }
  /** Answer with what Cinder says about the volume's state. */
  | { readonly _tag: "Explain"; readonly volume: Volume }

type PublishVerdict = Verdict<PublishAction, Volume>

const subjectOf = (id: VolumeId): string => `volume ${id}`

/** Nova's words for a reservation of another request, and for a mapping it is about to drop. Both pass. */
const passes = (detail: string): boolean => /already attached|to reserve/i.test(detail)

/** Why an attachment that could be asked for is not there after all. */
const afterRequest = (
  { id, server, waitedMillis }: PublishFacts,
  request: AttachRequest,
  volume: Volume
): PublishVerdict => {
  const subject = subjectOf(id)
  switch (request._tag) {
    case "Accepted":
      if (waitedMillis < staleReadMillis) return wait(volume.status)
      return refuse(
        new NotReady({
          subject,
          state: `${volume.status} again: Nova accepted its attachment to server ${server.id} and gave it up`,
          remedy: "the server's list of actions in Nova tells when, its compute host's log tells why"
        })
      )
    case "Unanswered":
      return waitedMillis < staleReadMillis ? wait(volume.status) : refuse(request.failure)
    case "Refused": {
      const { reason, detail } = request.failure
      if (reason === "conflict") {
        return refuse(
          new NotReady({ subject: `server ${server.id}`, state: `not taking volumes: ${detail}`, remedy: undefined })
        )
      }
      return refuse(
        passes(detail)
          ? new NotReady({ subject, state: `not free yet: ${detail}`, remedy: undefined })
          : new Refused({ subject, because: `Nova does not attach it: ${detail}`, remedy: undefined })
      )
    }
  }
}

const attach = (facts: PublishFacts, volume: Volume): PublishVerdict => {
  if (facts.request !== undefined) return afterRequest(facts, facts.request, volume)
  const hindrance = attachHindrance(facts.server)
  return hindrance === undefined
    ? act({ _tag: "Attach", multiattach: volume.multiattach })
    : refuse(new NotReady({ subject: `server ${facts.server.id}`, ...hindrance }))
}

const elsewhere = (volume: Volume, mode: AccessMode): DomainError => {
  const places = volume.attachments.length === 0 ? "something Cinder does not name" : placesOf(volume.attachments)
  const why = volume.multiattach ? `and access mode ${mode} allows one node` : "and its volume type has no multiattach"
  return new Refused({
    subject: subjectOf(volume.id),
    because: `it is attached to ${places}, ${why}`,
    remedy: undefined
  })
}

/** What to do so that a volume is attached to a server. */
export const decidePublish = (facts: PublishFacts): PublishVerdict => {
  const { id, volume, server, mode } = facts
  if (volume === undefined) return refuse(new VolumeNotFound({ id }))
  const phase = phaseOf(volume.status)
  if (phase === "parting") return wait(volume.status)
  if (isAttachedTo(volume, server.id)) return done(volume)
  switch (phase) {
    case "free":
      return attach(facts, volume)
    case "used":
      return volume.multiattach && spansNodes(mode) ? attach(facts, volume) : refuse(elsewhere(volume, mode))
    case "joining": {
      const ours = facts.request !== undefined || server.volumeIds.includes(id) || volume.multiattach
      return ours
        ? wait(volume.status)
        : refuse(
            new NotReady({ subject: subjectOf(id), state: `${volume.status} for another server`, remedy: undefined })
          )
    }
    case "making":
    case "busy":
    case "unknown":
      return wait(volume.status)
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

/** What a failed request to attach means to the decision; undefined where the failure itself is the answer. */
export const readAttachFailure = (failure: CloudFailure): AttachRequest | undefined => {
  switch (failure.reason) {
    case "unanswered":
      return { _tag: "Unanswered", failure }
    case "invalid":
    case "conflict":
      return { _tag: "Refused", failure }
    case "unreachable":
    case "throttled":
    case "unsupported":
    case "unauthenticated":
    case "forbidden":
    case "notFound":
    case "malformed":
      return undefined
  }
}

/** What the node gets to know of a volume that is attached to its server. */
export const publishContextOf = (volume: Volume, server: Server): Readonly<Record<string, string>> => ({
  [devicePathKey]: volume.attachments.find(({ serverId }) => serverId === server.id)?.device ?? "",
  [sizeBytesKey]: bytesOf(volume.sizeGiB).toString(),
  ...(volume.encrypted ? { [encryptedKey]: "true" } : {})
})
