import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import { Nova } from "../ports/Nova.ts"
import { ControllerSettings } from "./ControllerSettings.ts"
import { silence } from "./decisions/explanations.ts"
import {
  brokenHere,
  type DetachRequest,
  decideUnpublish,
  type UnpublishAction,
  type UnpublishFacts
} from "./decisions/unpublish.ts"
import type { Awaited } from "./decisions/Verdict.ts"
import { type DomainError, Refused } from "./errors.ts"
import { pursue } from "./pursue.ts"
import type { Server, ServerId } from "./Server.ts"
import type { Volume, VolumeId } from "./Volume.ts"
import { makeVanishedServers } from "./vanishedServers.ts"
import type { AttachMemory } from "./volumeAttaching.ts"
import { watchUntilDecided } from "./watching.ts"

/** Between two questions to Nova about a record that it is about to drop. */
const pauseBetweenLooks = "1 second"

/**
 * Detaches a volume. With all going well it costs one look at the volume, one request, the polls and one look at the
 * server; a volume that is not attached costs the two looks.
 */
export const makeDetachVolume = Effect.fnUntraced(function* ({ limits, lost }: AttachMemory) {
  const cinder = yield* Cinder
  const nova = yield* Nova
  const watch = yield* CloudWatch
  const vanished = yield* makeVanishedServers
  const { removeStaleAttachments = false } = yield* ControllerSettings

  const look = (id: VolumeId) =>
    Effect.catchTag(cinder.getVolume(id), "VolumeNotFound", () => Effect.succeed(undefined))

  const watchVolume = (facts: UnpublishFacts) =>
    watchUntilDecided({
      watch: (judge) => watch.volume(facts.id, "detach", judge),
      decide: decideUnpublish,
      look: (volume: Volume | undefined, waited: number): UnpublishFacts => ({
        ...facts,
        volume,
        waitedMillis: facts.waitedMillis + waited,
        landingMillis: Math.max(0, facts.landingMillis - waited)
      }),
      on: "itself"
    })

  const lookAtServer = (facts: UnpublishFacts): Effect.Effect<UnpublishFacts, DomainError> =>
    nova.getServer(facts.serverId).pipe(
      Effect.matchEffect({
        onSuccess: (server) => Effect.as(vanished.noteSeen(facts.serverId), { ...facts, server }),
        onFailure: (error) =>
          error._tag === "ServerNotFound"
            ? Effect.map(vanished.noteGone(facts.serverId), (goneMillis) => ({
                ...facts,
                server: "gone" as const,
                goneMillis
              }))
            : Effect.fail(error)
      }),
      Effect.map((next) => ({ ...next, looks: facts.looks + 1, waitedMillis: 0 }))
    )

  /** The volume may have changed as well meanwhile. */
  const watchServer = Effect.fnUntraced(function* (facts: UnpublishFacts) {
    const next = yield* watchUntilDecided({
      watch: (judge) => watch.server(facts.serverId, "task", judge),
      decide: decideUnpublish,
      look: (server: Server | undefined, waited: number): UnpublishFacts => ({
        ...facts,
        server: server ?? "gone",
        watchedMillis: waited
      }),
      on: "server"
    })
    const seen = next.server === "gone" ? yield* lookAtServer(next) : next
    return { ...seen, volume: yield* look(facts.id) }
  })

  const wait = (facts: UnpublishFacts, on: Awaited) => (on === "itself" ? watchVolume(facts) : watchServer(facts))

  const detach = Effect.fnUntraced(function* (facts: UnpublishFacts) {
    const request = yield* nova.detach(facts.serverId, facts.id).pipe(
      Effect.uninterruptible,
      Effect.catchIf(
        ({ reason }) => reason === "invalid" || reason === "conflict",
        (failure): Effect.Effect<DetachRequest> => Effect.succeed({ _tag: "Refused", failure })
      )
    )
    const asked: UnpublishFacts = {
      ...facts,
      request,
      server: undefined,
      looks: 0,
      waitedMillis: 0,
      asked: facts.asked + 1,
      watchedMillis: undefined
    }
    if (request._tag !== "Accepted") return { ...asked, volume: yield* look(facts.id) }
    yield* limits.noteDetached(facts.serverId)
    yield* lost.forget(facts.id, facts.serverId)
    return yield* watchVolume({ ...asked, landingMillis: 0 })
  })

  const act = Effect.fnUntraced(function* (action: UnpublishAction, facts: UnpublishFacts) {
    switch (action._tag) {
      case "Detach":
        return yield* detach(facts)
      case "LookAtServer":
        if (facts.looks > 0) yield* Effect.sleep(pauseBetweenLooks)
        return yield* lookAtServer(facts)
      case "RemoveAttachment": {
        yield* Effect.logWarning(
          `server ${facts.serverId} is gone from Nova, and what it left attached of volume ${facts.id} is removed: attachment ${action.attachmentId}`
        )
        const removal = yield* cinder.removeAttachment(action.attachmentId).pipe(
          Effect.as("accepted" as const),
          Effect.catchAll((refused) => Effect.succeed({ refused })),
          Effect.uninterruptible
        )
        return { ...facts, removal, waitedMillis: 0, volume: yield* look(facts.id) }
      }
      case "Explain":
        return yield* brokenHere(action.volume, facts.serverId, (yield* cinder.explain(facts.id)) ?? silence)
    }
  })

  const detachFrom = Effect.fnUntraced(function* (volume: Volume | undefined, id: VolumeId, serverId: ServerId) {
    const unknown = { server: undefined, looks: 0, request: undefined, watchedMillis: undefined }
    const stale = { removesStale: removeStaleAttachments, removal: undefined }
    const nothing = { waitedMillis: 0, asked: 0, goneMillis: 0 }
    const landingMillis = yield* lost.landingMillis(id, serverId)
    yield* pursue<UnpublishFacts, UnpublishAction, void, DomainError, never>(
      { id, serverId, volume, landingMillis, ...unknown, ...nothing, ...stale },
      { decide: decideUnpublish, act, wait }
    )
  })

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
