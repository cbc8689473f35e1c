import { type Duration, Effect, Fiber, Option } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import { bounded } from "../process/bounded.ts"
import { failed, problemOf } from "./failures.ts"

/** Runs a read that a hung disk may never answer; fails when the limit is over, whatever becomes of the read. */
export type SlowRead = <A>(
  key: string,
  operation: string,
  limit: Duration.Duration,
  read: () => Promise<A>
) => Effect.Effect<A, HostFailure>

/**
 * Node runs file-system calls on four threads, and a call that hangs keeps its thread. So at most two of these reads
 * run at once, and a read that already hangs is waited for, not started again.
 */
export const makeSlowRead: Effect.Effect<SlowRead> = Effect.sync(() => {
  const threads = Effect.unsafeMakeSemaphore(2)
  const running = new Map<string, Fiber.RuntimeFiber<unknown, HostFailure>>()

  return <A>(key: string, operation: string, limit: Duration.Duration, read: () => Promise<A>) =>
    Effect.gen(function* () {
      const hanging = running.get(key)
      if (hanging !== undefined && Option.isNone(yield* bounded(Fiber.await(hanging), limit))) {
        return yield* failed(operation, "an earlier attempt still hangs")
      }
      const fiber = yield* Effect.tryPromise({ try: read, catch: (error) => failed(operation, problemOf(error)) }).pipe(
        Effect.uninterruptible,
        threads.withPermits(1),
        Effect.forkDaemon
      )
      running.set(key, fiber)
      fiber.addObserver(() => {
        if (running.get(key) === fiber) running.delete(key)
      })
      const answer = yield* bounded(Fiber.join(fiber), limit).pipe(Effect.onInterrupt(() => Fiber.interruptFork(fiber)))
      if (Option.isSome(answer)) return answer.value
      yield* Fiber.interruptFork(fiber)
      return yield* failed(operation, "the disk or its file system does not answer")
    })
})
