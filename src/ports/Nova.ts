import { Context, type Effect } from "effect"
import type { CloudFailure, NodeFull, ServerNotFound, VolumeNotFound } from "../domain/errors.ts"
import type { Server, ServerId } from "../domain/Server.ts"
import type { VolumeId } from "../domain/Volume.ts"

/** What Nova says to a detach request. */
export type DetachAnswer =
  /** Not yet detached; with the id under which Nova logged the request, where it tells. */
  | { readonly _tag: "Accepted"; readonly requestId: string | undefined }
  /** Nova knows no such server, volume or attachment. */
  | { readonly _tag: "NotAttached" }

/** What the domain needs from compute. */
export class Nova extends Context.Tag("cinder-csi/ports/Nova")<
  Nova,
  {
    /** Repeated by the adapter when the cloud did not answer. */
    readonly getServer: (id: ServerId) => Effect.Effect<Server, CloudFailure | ServerNotFound>
    /**
     * Accepted, not yet attached; answers with the id under which Nova logged the request, where it tells. Never repeated: after `unanswered`, `invalid` or `conflict` look at the volume and the
     * server first. `invalid` covers "already attached" and a state of the volume that Cinder refuses; `conflict` a
     * locked server or one with a task running. At most one at a time for each server, the others in a line of our own,
     * which an interruption leaves.
     */
    readonly attach: (
      server: ServerId,
      volume: VolumeId,
      multiattach: boolean
    ) => Effect.Effect<string | undefined, CloudFailure | ServerNotFound | VolumeNotFound | NodeFull>
    /** Safe to repeat. `invalid`: the volume is attaching or detaching right now. */
    readonly detach: (server: ServerId, volume: VolumeId) => Effect.Effect<DetachAnswer, CloudFailure>
  }
>() {}
