import { Context, type Effect } from "effect"
import type { CloudFailure, ServerNotFound } from "../domain/errors.ts"
import type { ServerId } from "../domain/Server.ts"
import type { ServerEvidence } from "../domain/ServerEvidence.ts"

/** What the failover assistant needs from compute. A port of its own, so that nothing else can stop a server. */
export class ServerPower extends Context.Tag("cinder-csi/ports/ServerPower")<
  ServerPower,
  {
    /** Repeated by the adapter when the cloud did not answer. */
    readonly look: (id: ServerId) => Effect.Effect<ServerEvidence, CloudFailure | ServerNotFound>
    /** Accepted, not yet off. Never repeated, and once sent it runs to its answer: look at the server first. */
    readonly stop: (id: ServerId) => Effect.Effect<void, CloudFailure | ServerNotFound>
  }
>() {}
