import { format } from "node:util"
import { Console, Effect } from "effect"

/** Runs the effect and keeps what it prints, line breaks and all, from the terminal. */
export const printing = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const out: Array<string> = []
    const errors: Array<string> = []
    const keep =
      (lines: Array<string>) =>
      (...args: ReadonlyArray<unknown>) =>
        void lines.push(format(...args))
    const [log, error] = [keep(out), keep(errors)]
    const exit = yield* Console.consoleWith((console) =>
      Effect.exit(
        Effect.withConsole(self, {
          ...console,
          log: (...args) => Effect.sync(() => log(...args)),
          error: (...args) => Effect.sync(() => error(...args)),
          unsafe: { ...console.unsafe, log, error }
        })
      )
    )
    return { exit, out: out.join("\n"), errors: errors.join("\n") }
  })
