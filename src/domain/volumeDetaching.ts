import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import { Nova } from "../ports/Nova.ts"
import { silence } from "./decisions/explanations.ts"
import { decideUnpublish, type UnpublishAction, type UnpublishFacts } from "./decisions/unpublish.ts"
import { type DomainError, NotReady, Refused } from "./errors.ts"
import { pursue } from "./pursue.ts"
import type { ServerId } from "./Server.ts"
import type { Volume, VolumeId } from "./Volume.ts"
import { untilDecided } from "./watching.ts"

/** Between two questions to Nova about a record that it is about to drop. */
const pauseBetweenLooks = "1 second"

/**
 * Detaches a volume. With all going well it costs one look at the volume, one request, the polls and one look at the
 * server; a volume that is not attached costs the two looks.
 */
export const makeDetachVolume = Effect.gen(function* () {
  const cinder = yield* Cinder
  const nova = yield* Nova
  const watch = yield* CloudWatch

  const look = (id: VolumeId) =>
    Effect.catchTag(cinder.getVolume(id), "VolumeNotFound", () => Effect.succeed(undefined))

  const watchOn = (facts: UnpublishFacts) =>
    watch.volume(
      facts.id,
      "detach",
      untilDecided(decideUnpublish, (volume, waitedMillis): UnpublishFacts => ({ ...facts, volume, waitedMillis }))
    )

  const detach = Effect.fnUntraced(function* (facts: UnpublishFacts) {
    const request = yield* nova.detach(facts.serverId, facts.id).pipe(
      Effect.uninterruptible,
      Effect.catchIf(
        ({ reason }) => reason === "invalid" || reason === "conflict",
        (failure) => Effect.succeed({ refused: failure })
      )
    )
    const asked: UnpublishFacts = { ...facts, request, server: undefined, looks: 0, waitedMillis: 0 }
    return request === "accepted" ? yield* watchOn(asked) : { ...asked, volume: yield* look(facts.id) }
  })

  const act = Effect.fnUntraced(function* (action: UnpublishAction, facts: UnpublishFacts) {
    switch (action._tag) {
      case "Detach":
        return yield* detach(facts)
      case "LookAtServer": {
        if (facts.looks > 0) yield* Effect.sleep(pauseBetweenLooks)
        const server = yield* Effect.catchTag(nova.getServer(facts.serverId), "ServerNotFound", () =>
          Effect.succeed("gone" as const)
        )
        return { ...facts, server, looks: facts.looks + 1 }
      }
      case "Explain": {
        const { id, status } = action.volume
        return yield* new NotReady({
          subject: `volume ${id}`,
          state: `${status} and attached to server ${facts.serverId}: ${(yield* cinder.explain(id)) ?? silence}`,
          remedy: "an administrator of the cloud has to look at it and reset its state"
        })
      }
    }
  })

  const detachFrom = (volume: Volume | undefined, id: VolumeId, serverId: ServerId) =>
    pursue<UnpublishFacts, UnpublishAction, void, DomainError, never>(
      { id, serverId, volume, server: undefined, looks: 0, request: undefined, waitedMillis: 0 },
      { decide: decideUnpublish, act, wait: watchOn }
    )

  /** Every server that Cinder names; what is attached by something else than Nova is not ours to detach. */
  const detachFromAll = Effect.fnUntraced(function* (volume: Volume) {
    const servers = new Set(volume.attachments.map(({ serverId }) => serverId))
    for (const serverId of servers) {
      if (serverId !== undefined) yield* detachFrom(yield* look(volume.id), volume.id, serverId)
    }
    const alien = volume.attachments.find(({ serverId }) => serverId === undefined)
    if (alien === undefined) return
    const because = `attachment ${alien.attachmentId} was not made by Nova`
    return yield* new Refused({ subject: `volume ${volume.id}`, because, remedy: "remove it with what made it" })
  })

  return Effect.fnUntraced(function* (id: VolumeId, serverId: ServerId | undefined) {
    const volume = yield* look(id)
    if (serverId !== undefined) return yield* detachFrom(volume, id, serverId)
    if (volume !== undefined) yield* detachFromAll(volume)
  })
})
