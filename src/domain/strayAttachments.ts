import { Clock, Effect, type Scope } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CallDeadline, CallStart } from "./CallDeadline.ts"
import type { DomainError } from "./errors.ts"
import type { LostAttaches } from "./lostAttaches.ts"
import type { Exclusively } from "./OperationLocks.ts"
import type { ServerId } from "./Server.ts"
import { isAttachedTo, type VolumeId } from "./Volume.ts"

/** Nova's longest wait for a compute host (https://docs.openstack.org/nova/latest/configuration/config.html). */
const watchedMillis = 1_800_000

/** Close together while it is likely, then once a minute. */
const pauseAfter = (sinceMillis: number): number => (sinceMillis < 120_000 ? 4_000 : 60_000)

export interface StrayAttachments {
  readonly lost: LostAttaches
  readonly exclusively: Exclusively
  readonly detach: (volume: VolumeId, server: ServerId) => Effect.Effect<void, DomainError>
}

/**
 * Undoes attachments that this process asked for, got no answer about, and that appear after their volume was to be
 * parted from the server. A later publish of the same pair claims the attachment for itself.
 */
export const makeStrayAttachments = Effect.fnUntraced(function* ({ lost, exclusively, detach }: StrayAttachments) {
  const cinder = yield* Cinder
  const scope: Scope.Scope = yield* Effect.scope

  const isUnwanted = (volume: VolumeId, server: ServerId) =>
    Effect.map(lost.find(volume, server), (known) => known?.wanted === false)

  const undo = (volume: VolumeId, server: ServerId) =>
    exclusively(
      [`volume ${volume}`],
      Effect.gen(function* () {
        if (!(yield* isUnwanted(volume, server))) return
        yield* Effect.logWarning(
          `volume ${volume} was attached to server ${server} after all, long after it was asked for and no longer wanted: it is detached again`
        )
        yield* detach(volume, server)
        yield* lost.forget(volume, server)
      })
    )

  const follow = Effect.fnUntraced(function* (id: VolumeId, server: ServerId, since: number) {
    while (true) {
      const passed = (yield* Clock.currentTimeMillis) - since
      if (passed >= watchedMillis) return yield* lost.forget(id, server)
      yield* Effect.sleep(pauseAfter(passed))
      if (!(yield* isUnwanted(id, server))) return
      const seen = yield* Effect.option(Effect.either(cinder.getVolume(id)))
      if (seen._tag !== "Some") continue
      if (seen.value._tag === "Left") {
        if (seen.value.left._tag === "VolumeNotFound") return yield* lost.forget(id, server)
      } else if (isAttachedTo(seen.value.right, server)) {
        yield* Effect.catchAll(undo(id, server), (error) =>
          Effect.logWarning(`the late attachment of volume ${id} to server ${server} stays for now: ${error.message}`)
        )
      }
    }
  })

  /** The volume was parted from the server; what was asked for before and has not appeared yet is unwanted from now on. */
  return Effect.fnUntraced(function* (volume: VolumeId, server: ServerId) {
    const known = yield* lost.find(volume, server)
    if (known === undefined || !known.wanted) return
    yield* lost.setWanted(volume, server, false)
    yield* follow(volume, server, known.since).pipe(
      // The deadline of the call that began it is not its own.
      Effect.provideService(CallDeadline, Number.POSITIVE_INFINITY),
      Effect.provideService(CallStart, undefined),
      Effect.forkIn(scope)
    )
  })
})
