import type { AccessMode } from "../Capability.ts"
import { Refused } from "../errors.ts"
import type { Server } from "../Server.ts"
import type { Volume } from "../Volume.ts"
import { placesOf } from "./delete.ts"
import { detachHindrance } from "./serverState.ts"

/** The server that has the volume, as Nova shows it; `unseen` when Nova did not answer. */
export type OtherServer = Server | "gone" | "unseen"

const follows = "it is detached when no pod uses it there any more"

const told = (other: OtherServer): { readonly state: string; readonly remedy: string } => {
  if (other === "unseen") return { state: "", remedy: follows }
  if (other === "gone") {
    return {
      state: ", which Nova does not have any more",
      remedy: "if it stays so, an administrator of the cloud has to remove the attachment"
    }
  }
  const hindrance = detachHindrance(other)
  return {
    state: ` (${other.name}), which is ${hindrance?.state ?? other.status}`,
    remedy: hindrance?.remedy === undefined ? follows : `${hindrance.remedy}; ${follows}`
  }
}

/** Names who has the volume, how that server does, and what ends it. */
export const attachedElsewhere = (volume: Volume, mode: AccessMode, other: OtherServer): Refused => {
  const why = volume.multiattach ? `and access mode ${mode} allows one node` : "and its volume type has no multiattach"
  const { state, remedy } = told(other)
  const places = volume.attachments.length === 0 ? "something Cinder does not name" : placesOf(volume.attachments)
  return new Refused({ subject: `volume ${volume.id}`, because: `it is attached to ${places}${state}, ${why}`, remedy })
}
