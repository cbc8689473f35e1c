import { type CloudFailure, NotReady } from "../errors.ts"
import type { Server, ServerId } from "../Server.ts"
import { isAttachedTo, type Volume, type VolumeId } from "../Volume.ts"
import { phaseOf, staleReadMillis } from "./phases.ts"
import { detachHindrance } from "./serverState.ts"
import { act, done, refuse, type Verdict, wait } from "./Verdict.ts"

export interface UnpublishFacts {
  readonly id: VolumeId
  readonly serverId: ServerId
  /** Undefined: gone. */
  readonly volume: Volume | undefined
  /** Undefined until Nova was asked, or when what it said is out of date. */
  readonly server: Server | "gone" | undefined
  /** How often Nova was asked about the server since the volume changed last. */
  readonly looks: number
  /** What became of our request to detach; undefined before there is one. */
  readonly request: "accepted" | "notAttached" | { readonly refused: CloudFailure } | undefined
  /** Since the request. */
  readonly waitedMillis: number
}

export type UnpublishAction =
  | { readonly _tag: "Detach" }
  /** Ask Nova about the server, after a pause if it is not the first time. */
  | { readonly _tag: "LookAtServer" }
  /** Answer with what Cinder says about the volume's state. */
  | { readonly _tag: "Explain"; readonly volume: Volume }

type UnpublishVerdict = Verdict<UnpublishAction, void>

/** Nova drops its record a moment after Cinder drops the attachment; that often it is asked whether it has. */
const mostLooks = 5

const notReady = (subject: string, state: string, remedy: string | undefined) =>
  refuse(new NotReady({ subject, state, remedy }))

/**
 * Cinder shows an attachment that Nova does not know. Nobody but the cloud may remove it: the guest may still write
 * (https://security.openstack.org/ossa/OSSA-2023-003.html).
 */
const stale = ({ id, serverId }: UnpublishFacts, because: string): UnpublishVerdict =>
  notReady(
    `volume ${id}`,
    `attached to server ${serverId} in Cinder although ${because}`,
    "if it stays so, an administrator of the cloud has to remove the attachment"
  )

/** Cinder shows the attachment and the volume is at rest. */
const attached = (facts: UnpublishFacts, volume: Volume): UnpublishVerdict => {
  const { serverId, server, request, waitedMillis } = facts
  if (request === undefined && server === undefined) return act({ _tag: "Detach" })
  if (request === "accepted" && waitedMillis < staleReadMillis) return wait(volume.status)
  if (server === undefined) return act({ _tag: "LookAtServer" })
  if (server === "gone") return stale(facts, "Nova has no such server")
  if (request === "notAttached") return stale(facts, "Nova knows of no attachment")
  const hindrance = detachHindrance(server)
  if (hindrance !== undefined) return notReady(`server ${serverId}`, hindrance.state, hindrance.remedy)
  if (request === undefined) return act({ _tag: "Detach" })
  return request === "accepted"
    ? notReady(
        `volume ${volume.id}`,
        `still attached to server ${serverId}: Nova accepted the detachment and gave it up`,
        "the guest may hold on to the disk"
      )
    : notReady(`volume ${volume.id}`, `still attached to server ${serverId}: ${request.refused.detail}`, undefined)
}

/** Cinder shows no attachment to the server: Nova has to say the same. */
const detachedInCinder = (facts: UnpublishFacts, volume: Volume): UnpublishVerdict => {
  const { id, serverId, server, looks } = facts
  if (server === undefined) return act({ _tag: "LookAtServer" })
  if (server === "gone" || !server.volumeIds.includes(id)) return done(undefined)
  if (phaseOf(volume.status) === "joining") return wait(volume.status)
  return looks < mostLooks
    ? act({ _tag: "LookAtServer" })
    : notReady(
        `server ${serverId}`,
        `still listed with volume ${id} in Nova, though Cinder shows no attachment`,
        undefined
      )
}

/**
 * What to do so that a volume is not attached to a server. It is not only when Nova and Cinder agree that it is not;
 * nothing is ever reset or forced, since a writer that was not stopped would destroy data.
 */
export const decideUnpublish = (facts: UnpublishFacts): UnpublishVerdict => {
  const { volume, serverId } = facts
  if (volume === undefined) return done(undefined)
  const phase = phaseOf(volume.status)
  if (phase === "parting") return wait(volume.status)
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
      return wait(volume.status)
    case "broken":
      return act({ _tag: "Explain", volume })
  }
}
