import { Deferred, Effect, FiberId } from "effect"
import { type Line, Telemetry } from "../ports/Telemetry.ts"

/** Runs an effect when a place is free, first come first served. */
export type WithPermit = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * `count` effects at a time. Not Effect's Semaphore: at each release that wakes everybody who waits, so that a thousand
 * waiting requests cost a million wake-ups and hundreds of megabytes of garbage. Here a permit is handed to the next in line.
 * Who stands in line is shown under `name`.
 */
export const makePermits = (count: number, name?: Line): Effect.Effect<WithPermit> =>
  Effect.map(Telemetry, (telemetry) => {
    const line = new Set<Deferred.Deferred<void>>()
    let free = count

    const handOn = Effect.sync(() => {
      const [next] = line
      if (next === undefined) {
        free += 1
        return
      }
      line.delete(next)
      Deferred.unsafeDone(next, Effect.void)
    })

    const take = Effect.suspend(() => {
      if (free > 0) {
        free -= 1
        return Effect.void
      }
      const turn = Deferred.unsafeMake<void>(FiberId.none)
      line.add(turn)
      const ends = name === undefined ? undefined : telemetry.begins({ _tag: "Line", line: name })
      // Whoever leaves the line after the permit was handed over hands it on.
      return Effect.onInterrupt(Effect.interruptible(Deferred.await(turn)), () =>
        Effect.suspend(() => (line.delete(turn) ? Effect.void : handOn))
      ).pipe(Effect.ensuring(Effect.sync(() => ends?.())))
    })

    return (effect) =>
      Effect.acquireUseRelease(
        take,
        () => effect,
        () => handOn
      )
  })
