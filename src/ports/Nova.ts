import { Context, type Effect } from "effect"
import type { CloudFailure, NodeFull, ServerNotFound, VolumeNotFound } from "../domain/errors.ts"
import type { Server, ServerId } from "../domain/Server.ts"
import type { VolumeId } from "../domain/Volume.ts"

/** What the domain needs from compute. */
export class Nova extends Context.Tag("cinder-csi/ports/Nova")<
  Nova,
  {
    /** Repeated by the adapter when the cloud did not answer. */
    readonly getServer: (id: ServerId) => Effect.Effect<Server, CloudFailure | ServerNotFound>
    /**
     * Accepted, not yet attached. Never repeated: after `unanswered`, `invalid` or `conflict` look at the volume and the
     * server first. `invalid` covers "already attached" and a state of the volume that Cinder refuses; `conflict` a
     * locked server or one with a task running.
     */
    readonly attach: (
      server: ServerId,
      volume: VolumeId,
      multiattach: boolean
    ) => Effect.Effect<void, CloudFailure | ServerNotFound | VolumeNotFound | NodeFull>
    /**
     * Accepted, not yet detached; `notAttached` when Nova knows no such server, volume or attachment. Safe to repeat.
     * `invalid`: the volume is attaching or detaching right now.
     */
    readonly detach: (server: ServerId, volume: VolumeId) => Effect.Effect<"accepted" | "notAttached", CloudFailure>
  }
>() {}
