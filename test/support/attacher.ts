import { Clock, Data, Effect, Schedule } from "effect"
import { CallDeadline, CallStart } from "../../src/domain/CallDeadline.ts"

/** What external-attacher waits for an answer by default. */
export const attacherMillis = 15_000

class HungUp extends Data.TaggedError("HungUp")<{ readonly message: string }> {}

/** One call as external-attacher makes it: it hangs up after its time, and what cannot be cut short goes on without it. */
export const asAttacher = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.disconnect(
      call.pipe(Effect.provideService(CallDeadline, now + attacherMillis), Effect.provideService(CallStart, now))
    ).pipe(
      Effect.timeoutFail({ duration: attacherMillis, onTimeout: () => new HungUp({ message: "DEADLINE_EXCEEDED" }) })
    )
  )

const backOff = Schedule.union(Schedule.exponential("1 second"), Schedule.spaced("1 minute"))

/** As external-attacher does it in the end: again and again, with growing pauses. */
export const untilDone = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.orDie(Effect.retry(asAttacher(call), backOff))
