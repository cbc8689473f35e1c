import { Clock, Effect } from "effect"
import { makeBoundedMemory } from "./boundedMemory.ts"
import type { ServerId } from "./Server.ts"

/** Since when Nova has not had servers that it was asked about. */
export interface VanishedServers {
  /** Nova says that there is none; answers for how long it has said so. */
  readonly noteGone: (server: ServerId) => Effect.Effect<number>
  readonly noteSeen: (server: ServerId) => Effect.Effect<void>
}

export const makeVanishedServers: Effect.Effect<VanishedServers> = Effect.sync(() => {
  const firstMissed = makeBoundedMemory<number>()
  return {
    noteGone: (server) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const since = firstMissed.get(server) ?? now
        firstMissed.set(server, since)
        return now - since
      }),
    noteSeen: (server) => Effect.sync(() => firstMissed.forget(server))
  }
})
