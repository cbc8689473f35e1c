import { Clock, Effect } from "effect"
import { makeBoundedMemory } from "./boundedMemory.ts"
import { mayLandMillis } from "./decisions/attachRequest.ts"
import type { CloudFailure } from "./errors.ts"
import type { ServerId } from "./Server.ts"
import type { VolumeId } from "./Volume.ts"

/** A request to attach of this process whose answer was lost. */
export interface LostAttach {
  readonly failure: CloudFailure
  /** When the answer was given up, in milliseconds since the epoch. */
  readonly since: number
  /** False once the volume was to be parted from the server again. */
  readonly wanted: boolean
}

/** Each pair of volume and server whose attachment may still appear. What another process asked for is not here. */
export interface LostAttaches {
  readonly find: (volume: VolumeId, server: ServerId) => Effect.Effect<LostAttach | undefined>
  readonly note: (volume: VolumeId, server: ServerId, failure: CloudFailure) => Effect.Effect<void>
  readonly setWanted: (volume: VolumeId, server: ServerId, wanted: boolean) => Effect.Effect<void>
  readonly forget: (volume: VolumeId, server: ServerId) => Effect.Effect<void>
  /** For how long yet an unpublish waits for the attachment to appear. */
  readonly landingMillis: (volume: VolumeId, server: ServerId) => Effect.Effect<number>
}

const pairOf = (volume: VolumeId, server: ServerId): string => `${volume} ${server}`

export const makeLostAttaches: Effect.Effect<LostAttaches> = Effect.sync(() => {
  const lost = makeBoundedMemory<LostAttach>()
  return {
    find: (volume, server) => Effect.sync(() => lost.get(pairOf(volume, server))),
    note: (volume, server, failure) =>
      Effect.map(Clock.currentTimeMillis, (since) =>
        lost.set(pairOf(volume, server), { failure, since, wanted: true })
      ),
    setWanted: (volume, server, wanted) =>
      Effect.sync(() => {
        const known = lost.get(pairOf(volume, server))
        if (known !== undefined) lost.set(pairOf(volume, server), { ...known, wanted })
      }),
    forget: (volume, server) => Effect.sync(() => lost.forget(pairOf(volume, server))),
    landingMillis: (volume, server) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const known = lost.get(pairOf(volume, server))
        return known === undefined ? 0 : Math.max(0, mayLandMillis(known.failure) - (now - known.since))
      })
  }
})
