import { FileSystem } from "@effect/platform"
import { Effect, Either } from "effect"
import { ConfigError, type ConfigProblem } from "./problems.ts"

/** One file of settings as it was read. */
export interface ConfigFile {
  readonly path: string
  readonly text: string
}

export const wholeFile = (file: string, problem: string): ConfigProblem => ({
  place: { file, line: undefined },
  section: undefined,
  key: undefined,
  problem
})

const refuse = (path: string, problem: string) => new ConfigError({ problems: [wholeFile(path, problem)] })

/** Text that is not UTF-8 is refused, since a replaced character would silently make another password. */
const utf8 = (path: string, bytes: Uint8Array): Either.Either<string, ConfigError> =>
  Either.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => refuse(path, "is not UTF-8 text")
  })

/** Undefined when there is no such file; one that is there and cannot be read is an error. */
export const readConfigFile = (
  path: string
): Effect.Effect<ConfigFile | undefined, ConfigError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fileSystem) => fileSystem.readFile(path)).pipe(
    Effect.timeoutFail({
      duration: "10 seconds",
      onTimeout: () => refuse(path, "could not be read within 10 seconds")
    }),
    Effect.flatMap((bytes) => Effect.map(utf8(path, bytes), (text) => ({ path, text }))),
    Effect.catchTags({
      BadArgument: (error) => Effect.fail(refuse(path, `cannot be read: ${error.message}`)),
      SystemError: (error) =>
        error.reason === "NotFound"
          ? Effect.succeed(undefined)
          : Effect.fail(refuse(path, `cannot be read: ${error.message}`))
    })
  )
