import { Effect, Logger, type LogLevel } from "effect"
import { FairScheduler } from "./FairScheduler.ts"
import { textLogger } from "./logFormat.ts"

/** How a process runs that serves: with a line of logfmt for what happens, and fibers in turn. */
export const asService =
  (level: LogLevel.LogLevel) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    self.pipe(
      // Nobody collects spans unless somebody is named, and each holds on to memory for as long as its call waits.
      Effect.withTracerEnabled(false),
      Effect.withScheduler(new FairScheduler()),
      Logger.withMinimumLogLevel(level),
      Effect.provide(Logger.replace(Logger.defaultLogger, textLogger))
    )
