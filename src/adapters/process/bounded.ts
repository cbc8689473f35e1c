import { type Duration, Effect, Fiber, type Option } from "effect"

/**
 * Waits no longer than the limit, and answers none if it is over; what was waited for may go on unheard. Unlike
 * `Effect.timeout` it returns in time within uninterruptible regions too, and the caller's interruption does not reach
 * what is waited for there: it runs in a fiber that is nobody's child, since a parent passes interruption on to its
 * children even while it is uninterruptible itself.
 */
export const bounded = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  limit: Duration.DurationInput
): Effect.Effect<Option.Option<A>, E, R> =>
  self.pipe(
    Effect.interruptible,
    Effect.timeoutOption(limit),
    Effect.forkDaemon,
    Effect.flatMap((fiber) => Fiber.join(fiber).pipe(Effect.onInterrupt(() => Fiber.interruptFork(fiber))))
  )
