import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import { snapshotPhaseOf } from "./decisions/phases.ts"
import type { RemovalFacts } from "./decisions/removal.ts"
import { pursueRemoval, untilRemoved } from "./removing.ts"
import type { Snapshot, SnapshotId } from "./Snapshot.ts"

const seenAs = (snapshot: Snapshot | undefined): RemovalFacts["seen"] =>
  snapshot === undefined ? undefined : { status: snapshot.status, phase: snapshotPhaseOf(snapshot.status) }

/**
 * Deletes a snapshot; Cinder itself refuses what may not be deleted. It costs one deletion and the polls. Says whether there
 * was one.
 */
export const makeDeleteSnapshot = Effect.gen(function* () {
  const cinder = yield* Cinder
  const watch = yield* CloudWatch

  const watchOn = (id: SnapshotId) => (facts: RemovalFacts) => watch.snapshot(id, "delete", untilRemoved(facts, seenAs))

  return Effect.fnUntraced(function* (id: SnapshotId) {
    const subject = `snapshot ${id}`
    const request = yield* cinder.deleteSnapshot(id).pipe(
      Effect.uninterruptible,
      Effect.catchIf(
        ({ reason }) => reason === "invalid",
        ({ detail }) => Effect.succeed({ refused: detail })
      )
    )
    if (request === "absent") return "absent" as const
    const facts: RemovalFacts =
      request === "accepted"
        ? yield* watchOn(id)({ subject, seen: undefined, request, waitedMillis: 0 })
        : {
            subject,
            seen: seenAs(
              yield* Effect.catchTag(cinder.getSnapshot(id), "SnapshotNotFound", () => Effect.succeed(undefined))
            ),
            request,
            waitedMillis: 0
          }
    yield* pursueRemoval(facts, watchOn(id), cinder.explain(id))
    return "deleted" as const
  })
})
