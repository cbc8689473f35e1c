import { Clock, Deferred, Duration, Effect, Fiber, Option } from "effect"
import { HostFailure } from "../../domain/errors.ts"
import { makePermits } from "../../domain/permits.ts"
import { bounded } from "../process/bounded.ts"
import { failed, problemOf } from "./failures.ts"

/**
 * Runs a read that a hung disk may never answer; fails when the limit is over, whatever becomes of the read. `instead`
 * does the same without a thread of ours, at a higher price, for when threads are short.
 */
export type SlowRead = <A>(
  key: string,
  operation: string,
  limit: Duration.Duration,
  read: () => Promise<A>,
  instead?: Effect.Effect<A, HostFailure>
) => Effect.Effect<A, HostFailure>

/** Node runs file-system calls on four threads, and a call that hangs keeps its thread: two are left for all else. */
const mostThreads = 2
/** Disks that live are read in far less; after this nobody waits for the thread of another disk. */
const patience = Duration.seconds(1)

const unanswered = (operation: string, detail: string) => new HostFailure({ operation, outcome: "unknown", detail })

/** A read that already hangs is waited for, not started again. */
export const makeSlowRead: Effect.Effect<SlowRead> = Effect.gen(function* () {
  const withThread = yield* makePermits(mostThreads, "disk_read")
  const running = new Map<string, Fiber.RuntimeFiber<unknown, HostFailure>>()
  /** When the read on each busy thread began. */
  const threads = new Map<object, number>()

  const allHang = Effect.map(
    Clock.currentTimeMillis,
    (now) =>
      threads.size === mostThreads && [...threads.values()].every((since) => now - since >= Duration.toMillis(patience))
  )

  const onThread = <A>(operation: string, read: () => Promise<A>) =>
    Effect.gen(function* () {
      const thread = {}
      threads.set(thread, yield* Clock.currentTimeMillis)
      return yield* Effect.tryPromise({ try: read, catch: (error) => failed(operation, problemOf(error)) }).pipe(
        Effect.ensuring(Effect.sync(() => threads.delete(thread)))
      )
    }).pipe(Effect.uninterruptible)

  /** Undefined if no thread came free in time; without a limit the line is stood to its end. */
  const begin = Effect.fnUntraced(function* <A>(
    key: string,
    operation: string,
    read: () => Promise<A>,
    waitAtMost: Duration.Duration | undefined
  ) {
    const began = yield* Deferred.make<void>()
    const fiber = yield* Effect.forkDaemon(
      withThread(Effect.zipRight(Deferred.succeed(began, undefined), onThread(operation, read)))
    )
    if (waitAtMost !== undefined) {
      const start = yield* bounded(Deferred.await(began), waitAtMost).pipe(
        Effect.onInterrupt(() => Fiber.interruptFork(fiber))
      )
      if (Option.isNone(start)) {
        yield* Fiber.interruptFork(fiber)
        return undefined
      }
    }
    running.set(key, fiber)
    fiber.addObserver(() => {
      if (running.get(key) === fiber) running.delete(key)
    })
    return fiber
  })

  return Effect.fnUntraced(function* <A>(
    key: string,
    operation: string,
    limit: Duration.Duration,
    read: () => Promise<A>,
    instead?: Effect.Effect<A, HostFailure>
  ) {
    const hanging = running.get(key)
    if (hanging !== undefined && Option.isNone(yield* bounded(Fiber.await(hanging), limit))) {
      return yield* unanswered(operation, "an earlier attempt still hangs; the disk does not answer")
    }
    if (instead !== undefined && (yield* allHang)) return yield* instead
    const fiber = yield* begin(key, operation, read, instead === undefined ? undefined : patience)
    if (fiber === undefined) return yield* instead ?? unanswered(operation, "too many disks do not answer")
    const answer = yield* bounded(Fiber.join(fiber), limit).pipe(Effect.onInterrupt(() => Fiber.interruptFork(fiber)))
    if (Option.isSome(answer)) return answer.value
    yield* Fiber.interruptFork(fiber)
    return yield* unanswered(operation, "the disk or its file system does not answer")
  })
})
