import { Clock, Effect } from "effect"
import { CallDeadline } from "./CallDeadline.ts"

/** An answer has to leave before the caller hangs up. */
const marginMillis = 1_000
const longestPauseMillis = 3_000

export interface Patience {
  /** Milliseconds since the wait began. */
  readonly waited: Effect.Effect<number>
  /** Sleeps for a while that grows with each call; false, at once, if the time is over. */
  readonly pause: Effect.Effect<boolean>
  /** Whether the caller still listens, however long has been waited. */
  readonly callerListens: Effect.Effect<boolean>
}

/** Waiting of at most `budgetMillis`, cut short by the caller's deadline. */
export const makePatience = Effect.fnUntraced(function* (budgetMillis: number) {
  const deadline = yield* CallDeadline
  const start = yield* Clock.currentTimeMillis
  const end = Math.min(start + budgetMillis, deadline - marginMillis)
  let next = 200
  const patience: Patience = {
    waited: Effect.map(Clock.currentTimeMillis, (now) => now - start),
    pause: Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (now >= end) return false
      yield* Effect.sleep(Math.min(next, end - now))
      next = Math.min(Math.ceil(next * 1.5), longestPauseMillis)
      return true
    }),
    callerListens: Effect.map(Clock.currentTimeMillis, (now) => now < deadline)
  }
  return patience
})
