import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import {
  type DeleteAction,
  type DeleteFacts,
  decideDelete,
  failedDeletion,
  refusedDeletion
} from "./decisions/delete.ts"
import type { DomainError } from "./errors.ts"
import { pursue } from "./pursue.ts"
import type { VolumeId } from "./Volume.ts"
import { untilDecided } from "./watching.ts"

/** As many as an error message can name. */
const snapshotsShown = 5

/**
 * Deletes a volume. It is asked for at once, without a look first: Cinder itself refuses what may not be deleted. With
 * all going well it costs one deletion and the polls.
 */
export const makeDeleteVolume = Effect.gen(function* () {
  const cinder = yield* Cinder
  const watch = yield* CloudWatch

  const ask = Effect.fnUntraced(function* (id: VolumeId) {
    const refusal = yield* cinder.deleteVolume(id).pipe(
      Effect.uninterruptible,
      Effect.as(undefined),
      Effect.catchIf(
        ({ reason }) => reason === "invalid",
        ({ detail }) => Effect.succeed(detail)
      )
    )
    if (refusal !== undefined) {
      const volume = yield* Effect.catchTag(cinder.getVolume(id), "VolumeNotFound", () => Effect.succeed(undefined))
      return { id, volume, request: { refused: refusal }, waitedMillis: 0 } satisfies DeleteFacts
    }
    return yield* watchOn({ id, volume: undefined, request: "accepted", waitedMillis: 0 })
  })

  const watchOn = (facts: DeleteFacts) =>
    watch.volume(
      facts.id,
      "delete",
      untilDecided(decideDelete, (volume, waitedMillis): DeleteFacts => ({ ...facts, volume, waitedMillis }))
    )

  const act = Effect.fnUntraced(function* (action: DeleteAction, { id }: DeleteFacts) {
    switch (action._tag) {
      case "LookForSnapshots": {
        const snapshots = yield* cinder.listSnapshots({ limit: snapshotsShown, marker: undefined }, id)
        return yield* refusedDeletion(id, snapshots.items, action.refusal)
      }
      case "Explain":
        return yield* failedDeletion(`volume ${id}`, action.stuck, yield* cinder.explain(id))
    }
  })

  return Effect.fnUntraced(function* (id: VolumeId) {
    yield* pursue<DeleteFacts, DeleteAction, void, DomainError, never>(yield* ask(id), {
      decide: decideDelete,
      act,
      wait: watchOn
    })
  })
})
