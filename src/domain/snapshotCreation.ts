import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import { ControllerSettings } from "./ControllerSettings.ts"
import { silence } from "./decisions/explanations.ts"
import { snapshotPhaseOf, staleReadMillis } from "./decisions/phases.ts"
import { description } from "./decisions/plan.ts"
import {
  awaitedSnapshot,
  decideSnapshot,
  isTemporary,
  refusedCut,
  type SnapshotAction,
  type SnapshotFacts,
  snapshotSeenAgain
} from "./decisions/snapshot.ts"
import { type CloudFailure, type DomainError, Refused } from "./errors.ts"
import { pursue } from "./pursue.ts"
import type { Snapshot } from "./Snapshot.ts"
import type { VolumeId } from "./Volume.ts"
import { untilDecided } from "./watching.ts"

/** How long a request without an answer gets until its snapshot shows in the list. */
const pauseBeforeLookingAgain = "2 seconds"

export interface SnapshotPlan {
  readonly name: string
  readonly volumeId: VolumeId
  /** Without the cluster's mark it would not be known as ours; with that of a temporary one it serves a backup. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Cuts a snapshot, or adopts the one that an earlier call cut. With all going well it costs one list, one creation and
 * the polls.
 */
export const makeCreateSnapshot = Effect.gen(function* () {
  const cinder = yield* Cinder
  const watch = yield* CloudWatch
  const { cluster } = yield* ControllerSettings

  /** Those of the name that are of the planned kind: what exists for a backup is deleted with it and never handed out. */
  const find = (name: string, temporary: boolean) =>
    Effect.map(cinder.findSnapshots(name), (named) => named.filter((found) => isTemporary(found) === temporary))

  /** The request may have been carried out, so it is not repeated: its snapshot is adopted if it shows. */
  const afterSilence = Effect.fnUntraced(function* (facts: SnapshotFacts, temporary: boolean, failure: CloudFailure) {
    yield* Effect.sleep(pauseBeforeLookingAgain)
    const named = yield* find(facts.name, temporary)
    const isNew = (snapshot: Snapshot) =>
      snapshotPhaseOf(snapshot.status) !== "leaving" && !facts.named.some(({ id }) => id === snapshot.id)
    return named.some(isNew) ? { ...facts, named } : yield* failure
  })

  const afterFailure = Effect.fnUntraced(function* (facts: SnapshotFacts, temporary: boolean, failure: CloudFailure) {
    if (failure.reason === "unanswered") return yield* afterSilence(facts, temporary, failure)
    if (failure.reason !== "invalid") return yield* failure
    return yield* refusedCut(facts.name, yield* cinder.getVolume(facts.volumeId), failure.detail)
  })

  const create = (facts: SnapshotFacts, metadata: SnapshotPlan["metadata"]) =>
    cinder.createSnapshot({ volumeId: facts.volumeId, name: facts.name, description, metadata }).pipe(
      Effect.uninterruptible,
      Effect.map((snapshot): SnapshotFacts => ({ ...facts, named: [...facts.named, snapshot], fresh: snapshot.id })),
      Effect.catchTag("CloudFailure", (failure) => afterFailure(facts, isTemporary({ metadata }), failure))
    )

  const bury = Effect.fnUntraced(function* (remains: Snapshot) {
    const explanation = (yield* cinder.explain(remains.id)) ?? silence
    yield* Effect.logWarning(`snapshot ${remains.id} failed and is deleted: ${explanation}`)
    yield* Effect.uninterruptible(cinder.deleteSnapshot(remains.id))
    return explanation
  })

  const actWith = (metadata: SnapshotPlan["metadata"]) => (action: SnapshotAction, facts: SnapshotFacts) =>
    Effect.gen(function* () {
      switch (action._tag) {
        case "Create":
          return yield* create(facts, metadata)
        case "Bury":
          yield* bury(action.remains)
          return { ...facts, named: facts.named.filter(({ id }) => id !== action.remains.id) }
        case "GiveUp": {
          const because = `Cinder could not cut it: ${yield* bury(action.remains)}`
          return yield* new Refused({ subject: `snapshot ${facts.name}`, because, remedy: undefined })
        }
        case "Explain": {
          const { id, status } = action.snapshot
          const because = `snapshot ${id} of that name is ${status}: ${(yield* cinder.explain(id)) ?? silence}`
          return yield* new Refused({ subject: `snapshot ${facts.name}`, because, remedy: "delete it" })
        }
      }
    })

  const wait = (facts: SnapshotFacts) => {
    const awaited = awaitedSnapshot(facts)
    if (awaited === undefined) return Effect.dieMessage("a snapshot's creation waits for no snapshot")
    const isLeaving = snapshotPhaseOf(awaited.status) === "leaving"
    const look = (seen: Snapshot | undefined, waitedMillis: number) =>
      seen === undefined && !isLeaving && waitedMillis < staleReadMillis
        ? facts
        : snapshotSeenAgain(facts, awaited.id, seen)
    return watch.snapshot(
      awaited.id,
      isLeaving ? "delete" : "create",
      untilDecided(decideSnapshot, look, (next) => awaitedSnapshot(next)?.id === awaited.id)
    )
  }

  return Effect.fnUntraced(function* ({ name, volumeId, metadata }: SnapshotPlan) {
    const named = yield* find(name, isTemporary({ metadata }))
    return yield* pursue<SnapshotFacts, SnapshotAction, Snapshot, DomainError, never>(
      { name, volumeId, cluster, named, fresh: undefined, vanished: false },
      { decide: decideSnapshot, act: actWith(metadata), wait }
    )
  })
})
