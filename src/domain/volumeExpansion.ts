import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import type { SizeBounds } from "./decisions/capacity.ts"
import { decideExpand, type ExpandAction, type ExpandFacts, failedExpansion } from "./decisions/expand.ts"
import type { DomainError } from "./errors.ts"
import { pursue } from "./pursue.ts"
import type { Volume, VolumeId } from "./Volume.ts"
import { untilDecided } from "./watching.ts"

/** Grows a volume. With all going well it costs one look, one request and the polls; nothing to do costs one look. */
export const makeExpandVolume = Effect.gen(function* () {
  const cinder = yield* Cinder
  const watch = yield* CloudWatch

  const watchOn = (facts: ExpandFacts) =>
    watch.volume(
      facts.id,
      "extend",
      untilDecided(decideExpand, (volume, waitedMillis): ExpandFacts => ({ ...facts, volume, waitedMillis }))
    )

  const act = Effect.fnUntraced(function* (action: ExpandAction, facts: ExpandFacts) {
    switch (action._tag) {
      case "Extend": {
        const refusal = yield* cinder.extendVolume(facts.id, action.sizeGiB, action.attached).pipe(
          Effect.uninterruptible,
          Effect.as(undefined),
          Effect.catchTag("CloudFailure", (failure) =>
            failure.reason === "invalid" ? Effect.succeed(failure) : Effect.fail(failure)
          )
        )
        if (refusal === undefined) return yield* watchOn({ ...facts, request: "accepted", waitedMillis: 0 })
        const volume = yield* cinder.getVolume(facts.id)
        return { ...facts, volume, request: { refused: refusal } } satisfies ExpandFacts
      }
      case "Explain":
        return yield* failedExpansion(action.volume, action.dropped, yield* cinder.explain(facts.id))
    }
  })

  return Effect.fnUntraced(function* (id: VolumeId, bounds: SizeBounds) {
    const volume = yield* cinder.getVolume(id)
    return yield* pursue<ExpandFacts, ExpandAction, Volume, DomainError, never>(
      { id, bounds, volume, request: undefined, waitedMillis: 0 },
      { decide: decideExpand, act, wait: watchOn }
    )
  })
})
