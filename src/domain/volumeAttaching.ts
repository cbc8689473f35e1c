import { Clock, Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import { Nova } from "../ports/Nova.ts"
import type { AttachLimits } from "./attachLimits.ts"
import type { AccessMode } from "./Capability.ts"
import { fallBacksText, tooManyFallBacks } from "./decisions/attachLimit.ts"
import { type AttachRequest, readAttachFailure } from "./decisions/attachRequest.ts"
import { silence } from "./decisions/explanations.ts"
import {
  brokenVolume,
  decidePublish,
  type PublishAction,
  type PublishFacts,
  publishContextOf
} from "./decisions/publish.ts"
import type { Awaited } from "./decisions/Verdict.ts"
import type { DomainError } from "./errors.ts"
import type { LostAttaches } from "./lostAttaches.ts"
import { pursue } from "./pursue.ts"
import type { Server, ServerId } from "./Server.ts"
import type { Volume, VolumeId } from "./Volume.ts"
import { watchUntilDecided } from "./watching.ts"

/** What calls on one server or volume have to know of each other. */
export interface AttachMemory {
  readonly limits: AttachLimits
  readonly lost: LostAttaches
}

/**
 * Attaches a volume to a server. With all going well it costs a look at each, one request and the polls; a volume that
 * is attached already costs the two looks.
 */
export const makeAttachVolume = Effect.fnUntraced(function* ({ limits, lost }: AttachMemory) {
  const cinder = yield* Cinder
  const nova = yield* Nova
  const watch = yield* CloudWatch

  const watchVolume = (facts: PublishFacts) =>
    watchUntilDecided({
      watch: (judge) => watch.volume(facts.id, "attach", judge),
      decide: decidePublish,
      look: (volume: Volume | undefined, waited: number): PublishFacts => ({
        ...facts,
        volume,
        waitedMillis: facts.waitedMillis + waited
      }),
      on: "itself"
    })

  /** The volume may have changed as well meanwhile. */
  const watchServer = Effect.fnUntraced(function* (facts: PublishFacts) {
    const next = yield* watchUntilDecided({
      watch: (judge) => watch.server(facts.serverId, "task", judge),
      decide: decidePublish,
      look: (server: Server | undefined, waited: number): PublishFacts => ({
        ...facts,
        server: server ?? "gone",
        watchedMillis: waited
      }),
      on: "server"
    })
    return { ...next, volume: yield* cinder.getVolume(facts.id) }
  })

  const wait = (facts: PublishFacts, on: Awaited) => (on === "itself" ? watchVolume(facts) : watchServer(facts))

  const noteFull = ({ server }: PublishFacts, detail: string) =>
    server === "gone" ? Effect.void : limits.noteFull(server, detail)

  const request = (facts: PublishFacts, multiattach: boolean) => {
    const { id, serverId } = facts
    return nova.attach(serverId, id, multiattach).pipe(
      Effect.map((requestId): AttachRequest => ({ _tag: "Accepted", requestId })),
      Effect.catchTags({
        NodeFull: (full) => Effect.zipRight(noteFull(facts, full.detail), Effect.fail(full)),
        CloudFailure: (failure) => {
          const answer = readAttachFailure(failure)
          if (answer === undefined) return Effect.fail(failure)
          return answer._tag === "Unanswered"
            ? Effect.as(lost.note(id, serverId, failure), answer)
            : Effect.succeed(answer)
        }
      }),
      Effect.uninterruptible
    )
  }

  const act = Effect.fnUntraced(function* (action: PublishAction, facts: PublishFacts) {
    switch (action._tag) {
      case "Attach": {
        const answer = yield* request(facts, action.multiattach)
        const asked: PublishFacts = {
          ...facts,
          request: answer,
          waitedMillis: 0,
          asked: facts.asked + 1,
          watchedMillis: undefined,
          fallBacks: undefined
        }
        return answer._tag === "Refused"
          ? { ...asked, volume: yield* cinder.getVolume(facts.id) }
          : yield* watchVolume(asked)
      }
      case "LookElsewhere": {
        const other = yield* nova.getServer(action.serverId).pipe(
          Effect.catchTags({
            ServerNotFound: () => Effect.succeed("gone" as const),
            CloudFailure: () => Effect.succeed("unseen" as const)
          })
        )
        return { ...facts, other }
      }
      case "CountFallBack": {
        const fallBacks = yield* limits.noteFallBack(facts.serverId)
        if (fallBacks >= tooManyFallBacks) yield* noteFull(facts, fallBacksText(fallBacks))
        return { ...facts, fallBacks }
      }
      case "Explain":
        return yield* brokenVolume(action.volume, (yield* cinder.explain(action.volume.id)) ?? silence)
    }
  })

  /** What is known of an earlier request, as if it had been made in this call. */
  const earlier = Effect.fnUntraced(function* (id: VolumeId, serverId: ServerId) {
    const known = yield* lost.find(id, serverId)
    if (known === undefined) return { request: undefined, waitedMillis: 0 }
    yield* lost.setWanted(id, serverId, true)
    const waitedMillis = (yield* Clock.currentTimeMillis) - known.since
    return { request: { _tag: "Unanswered", failure: known.failure }, waitedMillis } as const
  })

  return Effect.fnUntraced(function* (id: VolumeId, serverId: ServerId, mode: AccessMode) {
    const before = yield* earlier(id, serverId)
    // Otherwise the failure of one look would wait for the time limit of the other.
    const looks = [Effect.disconnect(cinder.getVolume(id)), Effect.disconnect(nova.getServer(serverId))] as const
    const [volume, server] = yield* Effect.all(looks, { concurrency: 2 })
    const full = yield* limits.fullness(server)
    const unknown = { asked: 0, watchedMillis: undefined, fallBacks: undefined, other: undefined }
    const attached = yield* pursue<PublishFacts, PublishAction, Volume, DomainError, never>(
      { id, serverId, volume, server, mode, full, ...before, ...unknown },
      { decide: decidePublish, act, wait }
    )
    yield* limits.noteAttached(serverId)
    yield* lost.forget(id, serverId)
    return publishContextOf(attached, server)
  })
})
