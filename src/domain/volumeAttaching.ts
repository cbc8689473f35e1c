import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import { Nova } from "../ports/Nova.ts"
import type { AccessMode } from "./Capability.ts"
import { silence } from "./decisions/explanations.ts"
import {
  type AttachRequest,
  decidePublish,
  type PublishAction,
  type PublishFacts,
  publishContextOf,
  readAttachFailure
} from "./decisions/publish.ts"
import { type DomainError, Refused } from "./errors.ts"
import { pursue } from "./pursue.ts"
import type { ServerId } from "./Server.ts"
import type { Volume, VolumeId } from "./Volume.ts"
import { untilDecided } from "./watching.ts"

/**
 * Attaches a volume to a server. With all going well it costs a look at each, one request and the polls; a volume that
 * is attached already costs the two looks.
 */
export const makeAttachVolume = Effect.gen(function* () {
  const cinder = yield* Cinder
  const nova = yield* Nova
  const watch = yield* CloudWatch

  const watchOn = (facts: PublishFacts) =>
    watch.volume(
      facts.id,
      "attach",
      untilDecided(decidePublish, (volume, waitedMillis): PublishFacts => ({ ...facts, volume, waitedMillis }))
    )

  const request = ({ id, server }: PublishFacts, multiattach: boolean) =>
    nova.attach(server.id, id, multiattach).pipe(
      Effect.uninterruptible,
      Effect.as<AttachRequest>({ _tag: "Accepted" }),
      Effect.catchTag("CloudFailure", (failure) => {
        const answer = readAttachFailure(failure)
        return answer === undefined ? Effect.fail(failure) : Effect.succeed(answer)
      })
    )

  const act = Effect.fnUntraced(function* (action: PublishAction, facts: PublishFacts) {
    switch (action._tag) {
      case "Attach": {
        const answer = yield* request(facts, action.multiattach)
        const asked = { ...facts, request: answer, waitedMillis: 0 }
        return answer._tag === "Refused"
          ? { ...asked, volume: yield* cinder.getVolume(facts.id) }
          : yield* watchOn(asked)
      }
      case "Explain": {
        const { id, status } = action.volume
        const because = `it is ${status}: ${(yield* cinder.explain(id)) ?? silence}`
        return yield* new Refused({
          subject: `volume ${id}`,
          because,
          remedy: "an administrator of the cloud has to look at it"
        })
      }
    }
  })

  return Effect.fnUntraced(function* (id: VolumeId, serverId: ServerId, mode: AccessMode) {
    // Otherwise the failure of one look would wait for the time limit of the other.
    const looks = [Effect.disconnect(cinder.getVolume(id)), Effect.disconnect(nova.getServer(serverId))] as const
    const [volume, server] = yield* Effect.all(looks, { concurrency: 2 })
    const attached = yield* pursue<PublishFacts, PublishAction, Volume, DomainError, never>(
      { id, volume, server, mode, request: undefined, waitedMillis: 0 },
      { decide: decidePublish, act, wait: watchOn }
    )
    return publishContextOf(attached, server)
  })
})
