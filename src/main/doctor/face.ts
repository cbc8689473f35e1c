import { Effect, Fiber } from "effect"
import type { Paper } from "./text.ts"

/** Where the doctor speaks. */
export interface Face {
  readonly out: (text: string) => Effect.Effect<void>
  readonly err: (text: string) => Effect.Effect<void>
  readonly paper: Paper
  /** Whether somebody watches what goes to `err`. */
  readonly isWatched: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

const writing = (stream: NodeJS.WriteStream) => (text: string) =>
  Effect.async<void>((resume) => void stream.write(text, () => resume(Effect.void)))

/** The terminal of this process (https://no-color.org). */
export const terminal = (env: Environment): Face => ({
  out: writing(process.stdout),
  err: writing(process.stderr),
  paper: {
    colours: process.stdout.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb",
    columns: (process.stdout.isTTY === true && process.stdout.columns) || 100
  },
  isWatched: process.stderr.isTTY === true
})

/** Says every second that it still looks, to who watches, and takes it away at the end. */
export const showingProgress =
  (face: Face) =>
  <A, E, R>(looking: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    if (!face.isWatched) return looking
    const tell = (seconds: number): Effect.Effect<never> =>
      Effect.sleep("1 second").pipe(
        Effect.zipRight(face.err(`\rlooking: ${seconds} s\u001b[K`)),
        Effect.zipRight(Effect.suspend(() => tell(seconds + 1)))
      )
    return Effect.acquireUseRelease(
      Effect.fork(Effect.interruptible(tell(1))),
      () => looking,
      (ticker) => Effect.zipRight(Fiber.interrupt(ticker), face.err("\r\u001b[K"))
    )
  }
