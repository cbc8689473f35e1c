import { Effect } from "effect"
import type { Awaited, Verdict } from "./decisions/Verdict.ts"
import type { DomainError } from "./errors.ts"

export interface Pursuit<Facts, Action, Result, E, R> {
  readonly decide: (facts: Facts) => Verdict<Action, Result>
  /** Carries out an action; answers with the facts as they are then. */
  readonly act: (action: Action, facts: Facts) => Effect.Effect<Facts, E, R>
  /** Waits until the decision changes; answers with the facts as they are then. */
  readonly wait: (facts: Facts, on: Awaited) => Effect.Effect<Facts, E, R>
}

/** Asks the decision and does what it says until it is done or refuses. Whoever acts sees to it that this ends. */
export const pursue = <Facts, Action, Result, E, R>(
  facts: Facts,
  pursuit: Pursuit<Facts, Action, Result, E, R>
): Effect.Effect<Result, E | DomainError, R> =>
  Effect.suspend(() => {
    const verdict = pursuit.decide(facts)
    switch (verdict._tag) {
      case "Done":
        return Effect.succeed(verdict.result)
      case "Refuse":
        return Effect.fail(verdict.error)
      case "Wait":
        return Effect.flatMap(pursuit.wait(facts, verdict.on), (next) => pursue(next, pursuit))
      case "Do":
        return Effect.flatMap(pursuit.act(verdict.action, facts), (next) => pursue(next, pursuit))
    }
  })
