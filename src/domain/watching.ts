import type { Judge } from "../ports/CloudWatch.ts"
import { pending, settled } from "../ports/CloudWatch.ts"
import type { Verdict } from "./decisions/Verdict.ts"

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
    return verdict._tag === "Wait" && concerns(facts) ? pending(verdict.state) : settled(facts)
  }
