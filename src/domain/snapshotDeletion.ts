import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import { failedDeletion } from "./decisions/delete.ts"
import { decideSnapshotDelete, type SnapshotDeleteAction, type SnapshotDeleteFacts } from "./decisions/snapshot.ts"
import type { DomainError } from "./errors.ts"
import { pursue } from "./pursue.ts"
import type { SnapshotId } from "./Snapshot.ts"
import { untilDecided } from "./watching.ts"

/** Deletes a snapshot; Cinder itself refuses what may not be deleted. It costs one deletion and the polls. */
export const makeDeleteSnapshot = Effect.gen(function* () {
  const cinder = yield* Cinder
  const watch = yield* CloudWatch

  const watchOn = (facts: SnapshotDeleteFacts) =>
    watch.snapshot(
      facts.id,
      "delete",
      untilDecided(
        decideSnapshotDelete,
        (snapshot, waitedMillis): SnapshotDeleteFacts => ({ ...facts, snapshot, waitedMillis })
      )
    )

  const ask = Effect.fnUntraced(function* (id: SnapshotId) {
    const refusal = yield* cinder.deleteSnapshot(id).pipe(
      Effect.uninterruptible,
      Effect.as(undefined),
      Effect.catchIf(
        ({ reason }) => reason === "invalid",
        ({ detail }) => Effect.succeed(detail)
      )
    )
    if (refusal === undefined) {
      return yield* watchOn({ id, snapshot: undefined, request: "accepted", waitedMillis: 0 })
    }
    const snapshot = yield* Effect.catchTag(cinder.getSnapshot(id), "SnapshotNotFound", () => Effect.succeed(undefined))
    return { id, snapshot, request: { refused: refusal }, waitedMillis: 0 } satisfies SnapshotDeleteFacts
  })

  const act = Effect.fnUntraced(function* (action: SnapshotDeleteAction, { id }: SnapshotDeleteFacts) {
    return yield* failedDeletion(`snapshot ${id}`, action.stuck, yield* cinder.explain(id))
  })

  return Effect.fnUntraced(function* (id: SnapshotId) {
    yield* pursue<SnapshotDeleteFacts, SnapshotDeleteAction, void, DomainError, never>(yield* ask(id), {
      decide: decideSnapshotDelete,
      act,
      wait: watchOn
    })
  })
})
