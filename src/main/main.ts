import type { FileSystem } from "@effect/platform"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Either, LogLevel } from "effect"
import { asService } from "./asService.ts"
import { exitCodeOf } from "./Ending.ts"
import { helpText } from "./help.ts"
import { parseOptions } from "./options.ts"
import { startDriver } from "./serve.ts"
import { subcommands } from "./subcommands.ts"
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

const subcommand = subcommands.get(command ?? "")

const program: Effect.Effect<void, Error, FileSystem.FileSystem> =
  subcommand === undefined ? runDriver(argv) : subcommand.run(rest, process.env)

/** A sub-command is over when it says so, whatever a library of its has still running, such as a login that never ends. */
const endsAtOnce = subcommand !== undefined

NodeRuntime.runMain(
  program.pipe(
    Effect.tapError(({ message }) => (message === "" ? Effect.void : Console.error(`cinder-csi-plugin: ${message}`))),
    Effect.provide(NodeFileSystem.layer)
  ),
  {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit, end) => {
      const code = exitCodeOf(exit, subcommand?.toldToEnd)
      return endsAtOnce ? process.exit(code) : end(code)
    }
  }
)
