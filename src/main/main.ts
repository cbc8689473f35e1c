import type { FileSystem } from "@effect/platform"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Either, LogLevel } from "effect"
import { asService } from "./asService.ts"
import { helpText } from "./help.ts"
import { parseOptions } from "./options.ts"
import { startDriver } from "./serve.ts"
import { version } from "./version.ts"

const runDriver = (argv: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const asked = yield* Either.mapLeft(parseOptions(argv, process.env), (error) => error)
    switch (asked._tag) {
      case "HelpRequested":
        return yield* Console.log(helpText)
      case "VersionRequested":
        return yield* Console.log(version)
      case "Options": {
        const level = asked.verbosity >= 4 ? LogLevel.Debug : LogLevel.Info
        return yield* Effect.zipRight(startDriver(asked), Effect.never).pipe(Effect.scoped, asService(level))
      }
    }
  })

/** The image's manifests put the program's path first among its arguments. */
const argv = process.argv.slice(2)
const [command, ...rest] = argv

/** Sub-commands are loaded only by who asks for them: a serving driver pays for nothing that it does not use. */
const program = ((): Effect.Effect<void, Error, FileSystem.FileSystem> => {
  switch (command) {
    case "demo":
      return Effect.flatMap(
        Effect.promise(() => import("./demo/demo.ts")),
        ({ runDemo }) => runDemo(rest)
      )
    case "cloud":
      return Effect.flatMap(
        Effect.promise(() => import("./cloud.ts")),
        ({ runCloud }) => runCloud(rest)
      )
    case "await-drain":
      return Effect.flatMap(
        Effect.promise(() => import("./awaitDrain.ts")),
        ({ runAwaitDrain }) => runAwaitDrain(rest, process.env)
      )
    case "failover-assistant":
      return Effect.flatMap(
        Effect.promise(() => import("./failover/failoverAssistant.ts")),
        ({ runFailoverAssistant }) => runFailoverAssistant(rest, process.env)
      )
    default:
      return runDriver(argv)
  }
})()

NodeRuntime.runMain(
  program.pipe(
    Effect.tapError((error) => Console.error(`cinder-csi-plugin: ${error.message}`)),
    Effect.provide(NodeFileSystem.layer)
  ),
  { disableErrorReporting: true, disablePrettyLogger: true }
)
