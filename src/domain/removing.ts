import { Effect } from "effect"
import type { Judge } from "../ports/CloudWatch.ts"
import { failedDeletion } from "./decisions/delete.ts"
import { decideRemoval, type RemovalAction, type RemovalFacts } from "./decisions/removal.ts"
import type { DomainError, StillWorking } from "./errors.ts"
import { pursue } from "./pursue.ts"
import { untilDecided } from "./watching.ts"

/** Waits for as long as a deletion goes on. */
export const untilRemoved = <Seen>(
  facts: RemovalFacts,
  seenAs: (seen: Seen | undefined) => RemovalFacts["seen"]
): Judge<Seen, RemovalFacts, never> =>
  untilDecided(decideRemoval, (seen, waitedMillis): RemovalFacts => ({ ...facts, seen: seenAs(seen), waitedMillis }))

/** Follows a deletion that was asked for to its end. */
export const pursueRemoval = (
  facts: RemovalFacts,
  wait: (facts: RemovalFacts) => Effect.Effect<RemovalFacts, StillWorking>,
  explain: Effect.Effect<string | undefined>
): Effect.Effect<void, DomainError> =>
  pursue<RemovalFacts, RemovalAction, void, DomainError, never>(facts, {
    decide: decideRemoval,
    act: (action) =>
      Effect.flatMap(explain, (explanation) => Effect.fail(failedDeletion(facts.subject, action.stuck, explanation))),
    wait
  })
