import { Console, Duration, Effect } from "effect"

export const sorted = (values: ReadonlyArray<number>): ReadonlyArray<number> => [...values].sort((a, b) => a - b)

export const percentile = (ascending: ReadonlyArray<number>, share: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN

export const median = (values: ReadonlyArray<number>): number => percentile(sorted(values), 0.5)

/** Milliseconds. */
export const elapsed = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(work), ([duration]) => Duration.toMillis(duration))

export const verdict = (measured: number, limit: number): string => (measured <= limit ? "reached" : "MISSED")

export interface Pair {
  readonly bare: number
  readonly measured: number
}

/** One line about what took how long by turns; `asked` is the ratio that was asked for. */
export const reportPairs = (
  what: string,
  names: readonly [string, string],
  pairs: ReadonlyArray<Pair>,
  asked: number
) => {
  const ratios = pairs.map(({ bare, measured }) => measured / bare)
  const ratio = median(ratios)
  return Console.log(
    `${what}: ${names[0]} ${median(pairs.map(({ bare }) => bare)).toFixed(1)} ms, ` +
      `${names[1]} ${median(pairs.map(({ measured }) => measured)).toFixed(1)} ms, ` +
      `ratio ${ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; asked: ${asked}): ` +
      verdict(ratio, asked)
  )
}
