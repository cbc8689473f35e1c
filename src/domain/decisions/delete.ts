import { NotReady, Refused } from "../errors.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Attachment, Volume, VolumeId } from "../Volume.ts"
import { silence } from "./explanations.ts"
import { phaseOf, staleReadMillis } from "./phases.ts"
import { act, done, refuse, type Verdict, wait } from "./Verdict.ts"

export interface DeleteFacts {
  readonly id: VolumeId
  /** Undefined: gone. */
  readonly volume: Volume | undefined
  /** Whether Cinder accepted our request; if not, with the reason it gave. */
  readonly request: "accepted" | { readonly refused: string }
  /** Since the request. */
  readonly waitedMillis: number
}

export type DeleteAction =
  /** Cinder refused for a reason that its sentence does not tell apart: look for snapshots, then answer. */
  | { readonly _tag: "LookForSnapshots"; readonly refusal: string }
  /** Answer with what Cinder says about a deletion that failed or was undone. */
  | { readonly _tag: "Explain"; readonly stuck: boolean }

const subjectOf = (id: VolumeId): string => `volume ${id}`

/** For people: where a volume is attached. */
export const placesOf = (attachments: ReadonlyArray<Attachment>): string =>
  attachments
    .map(({ serverId, attachmentId }) =>
      serverId === undefined ? `something that is no server (attachment ${attachmentId})` : `server ${serverId}`
    )
    .join(", ")

/** What the state of a volume means to its deletion. */
export const decideDelete = (facts: DeleteFacts): Verdict<DeleteAction, void> => {
  const { id, volume, request } = facts
  if (volume === undefined) return done(undefined)
  const subject = subjectOf(id)
  const passing = refuse(new NotReady({ subject, state: volume.status, remedy: undefined }))
  const phase = phaseOf(volume.status)
  if (volume.attachments.length > 0 && phase !== "parting") {
    const because = `it is attached to ${placesOf(volume.attachments)}`
    return refuse(new Refused({ subject, because, remedy: undefined }))
  }
  switch (phase) {
    case "leaving":
      return wait(volume.status)
    case "free":
    case "broken":
      if (volume.status === "error_deleting") return act({ _tag: "Explain", stuck: true })
      if (request !== "accepted") return act({ _tag: "LookForSnapshots", refusal: request.refused })
      return facts.waitedMillis < staleReadMillis ? wait(volume.status) : act({ _tag: "Explain", stuck: false })
    case "used":
      return refuse(new Refused({ subject, because: "it is in use, Cinder does not tell by whom", remedy: undefined }))
    case "held": {
      const remedy = "accept the transfer or cancel it"
      return refuse(new Refused({ subject, because: `it is ${volume.status}`, remedy }))
    }
    case "making":
    case "joining":
    case "parting":
    case "busy":
    case "unknown":
      return passing
  }
}

/** A deletion that Cinder refused to begin. */
export const refusedDeletion = (id: VolumeId, snapshots: ReadonlyArray<Snapshot>, refusal: string): Refused =>
  snapshots.length === 0
    ? new Refused({ subject: subjectOf(id), because: refusal, remedy: undefined })
    : new Refused({
        subject: subjectOf(id),
        because: `it has snapshots: ${snapshots.map((snapshot) => snapshot.id).join(", ")}`,
        remedy: "delete them first"
      })

/** A deletion that began and did not come to its end. */
export const failedDeletion = (subject: string, stuck: boolean, explanation: string | undefined): Refused | NotReady =>
  stuck
    ? new Refused({
        subject,
        because: `its deletion failed: ${explanation ?? silence}`,
        remedy: "an administrator of the cloud has to reset its state and remove what is left on the backend"
      })
    : new NotReady({
        subject,
        state: `there again after its deletion was accepted: ${explanation ?? silence}`,
        remedy: "something on the backend may depend on it, such as a copy"
      })
