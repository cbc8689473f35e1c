import { Deferred, type Duration, Effect } from "effect"
import { makePermits } from "../../domain/permits.ts"
import { bounded } from "../process/bounded.ts"

/** Runs work on a disk in its turn. */
export type Lane = <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * `count` pieces of work at a time, first come first served; who waits can be interrupted, and work cannot. Work that
 * lasts longer than `patience`, perhaps because its disk does not answer, goes on beside the next in line.
 */
export const makeLane = (count: number, patience: Duration.Duration): Effect.Effect<Lane> =>
  Effect.map(
    makePermits(count, "format"),
    (inTurn): Lane =>
      <A, E, R>(work: Effect.Effect<A, E, R>) =>
        Effect.gen(function* () {
          const ended = yield* Deferred.make<A, E>()
          const start = Effect.forkDaemon(Effect.onExit(work, (exit) => Deferred.done(ended, exit)))
          yield* inTurn(Effect.zipRight(start, bounded(Effect.exit(Deferred.await(ended)), patience)))
          return yield* Deferred.await(ended)
        }).pipe(Effect.uninterruptible)
  )
