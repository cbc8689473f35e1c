import { Effect } from "effect"
import type { Verdict } from "./decisions/Verdict.ts"
import { type DomainError, HostFailure, NotReady, StillWorking } from "./errors.ts"
import type { Patience } from "./nodeWaiting.ts"
import { pursue } from "./pursue.ts"

/** More steps than any state of a host needs: beyond them we go round in circles. */
const mostSteps = 64

/** Whether nothing that the call began may still happen, so that the caller may forget the volume. */
export const isFinal = (error: DomainError): boolean =>
  error._tag !== "StillWorking" && !(error._tag === "HostFailure" && error.outcome === "unknown")

/** Asks a decision over fresh facts and carries out what it says, until it says that the wanted state is there. */
export const settle = <Facts, Action, Result>(work: {
  /** What is being settled, for an error message. */
  readonly subject: string
  readonly patience: Patience
  readonly look: Effect.Effect<Facts, DomainError>
  readonly decide: (facts: Facts) => Verdict<Action, Result>
  readonly carryOut: (action: Action, facts: Facts) => Effect.Effect<void, DomainError>
  /** Done after each pause of a wait, so that the next look sees what came meanwhile. */
  readonly afterPause?: Effect.Effect<void>
}): Effect.Effect<Result, DomainError> =>
  Effect.suspend(() => {
    const { afterPause = Effect.void, carryOut, decide, look, patience, subject } = work
    let steps = 0
    const act = Effect.fnUntraced(function* (action: Action, facts: Facts) {
      if (!(yield* patience.callerListens)) return yield* new StillWorking({ subject, state: "being worked on" })
      steps += 1
      if (steps > mostSteps) {
        const detail = `${mostSteps} steps did not lead to the wanted state`
        return yield* new HostFailure({ operation: `settle ${subject}`, outcome: "failed", detail })
      }
      yield* carryOut(action, facts)
      return yield* look
    })
    const wait = Effect.fnUntraced(function* (facts: Facts) {
      if (!(yield* patience.pause)) {
        const verdict = decide(facts)
        const state = verdict._tag === "Wait" ? verdict.state : "changing"
        return yield* new NotReady({ subject, state, remedy: undefined })
      }
      yield* afterPause
      return yield* look
    })
    return Effect.flatMap(look, (facts) => pursue(facts, { decide, act, wait }))
  })
