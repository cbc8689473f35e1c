import { Clock, Console, Effect } from "effect"

export interface Steps {
  /** Runs one step and prints it with its time, also when it fails. */
  readonly step: <A, E, R>(
    what: string,
    work: Effect.Effect<A, E, R>,
    note?: (result: A) => string
  ) => Effect.Effect<A, E, R>
  readonly taken: Effect.Effect<number>
}

const seconds = (millis: number): string => `${(millis / 1000).toFixed(2).padStart(6)} s`

/** A numbered account of what happens, line by line as it happens. */
export const makeSteps: Effect.Effect<Steps> = Effect.gen(function* () {
  const startedAt = yield* Clock.currentTimeMillis
  const elapsedSince = (since: number) => Effect.map(Clock.currentTimeMillis, (now) => now - since)
  return {
    step: (what, work, note) =>
      Effect.gen(function* () {
        const began = yield* Clock.currentTimeMillis
        return yield* work.pipe(
          Effect.tap((result) =>
            Effect.flatMap(elapsedSince(began), (millis) =>
              Console.log(`${seconds(millis)}  ${what}${note === undefined ? "" : `: ${note(result)}`}`)
            )
          ),
          Effect.tapError(() =>
            Effect.flatMap(elapsedSince(began), (millis) => Console.log(`${seconds(millis)}  ${what}: FAILED`))
          )
        )
      }),
    taken: elapsedSince(startedAt)
  }
})
