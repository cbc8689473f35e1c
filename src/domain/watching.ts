import { Effect } from "effect"
import type { Judge } from "../ports/CloudWatch.ts"
import { pending, settled } from "../ports/CloudWatch.ts"
import type { Awaited, Verdict } from "./decisions/Verdict.ts"
import type { DomainError, StillWorking } from "./errors.ts"

/**
 * Waits for as long as the decision says so and settles with the facts on which it says something else.
 * `concerns` is false for facts whose wait is about another object.
 */
export const untilDecided =
  <Seen, Facts, Action, Result>(
    decide: (facts: Facts) => Verdict<Action, Result>,
    look: (seen: Seen | undefined, waitedMillis: number) => Facts,
    concerns: (facts: Facts) => boolean = () => true
  ): Judge<Seen, Facts, never> =>
  (seen, waitedMillis) => {
    const facts = look(seen, waitedMillis)
    const verdict = decide(facts)
    return verdict._tag === "Wait" && concerns(facts) ? pending(verdict.state, verdict.because) : settled(facts)
  }

export interface DecidedWatch<Seen, Facts, Action, Result> {
  readonly watch: (judge: Judge<Seen, Facts, never>) => Effect.Effect<Facts, StillWorking>
  readonly decide: (facts: Facts) => Verdict<Action, Result>
  readonly look: (seen: Seen | undefined, waitedMillis: number) => Facts
  /** What is watched; a wait for something else ends this one. */
  readonly on: Awaited
}

/** As `untilDecided`; when the time is over, the answer is what the decision on the last look has for that case. */
export const watchUntilDecided = <Seen, Facts, Action, Result>({
  watch,
  decide,
  look,
  on
}: DecidedWatch<Seen, Facts, Action, Result>): Effect.Effect<Facts, DomainError> =>
  Effect.suspend(() => {
    let last: { readonly state: string; readonly overdue: DomainError | undefined } | undefined
    const judge: Judge<Seen, Facts, never> = (seen, waitedMillis) => {
      const facts = look(seen, waitedMillis)
      const verdict = decide(facts)
      if (verdict._tag !== "Wait" || verdict.on !== on) return settled(facts)
      last = verdict
      return pending(verdict.state, verdict.because)
    }
    return Effect.mapError(watch(judge), (end) => (end.state === last?.state ? (last.overdue ?? end) : end))
  })
