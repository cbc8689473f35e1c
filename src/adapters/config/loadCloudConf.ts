import { FileSystem } from "@effect/platform"
import { Effect, Either } from "effect"
import { type CloudConf, type ConfigFile, parseCloudConf } from "./CloudConf.ts"
import { ConfigError, type ConfigWarning } from "./problems.ts"

const wholeFile = (file: string, problem: string): ConfigWarning => ({
  place: { file, line: undefined },
  section: undefined,
  key: undefined,
  problem
})

/** Text that is not UTF-8 is refused, since a replaced character would silently make another password. */
const utf8 = (path: string, bytes: Uint8Array): Either.Either<string, ConfigError> =>
  Either.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => new ConfigError({ problems: [wholeFile(path, "is not UTF-8 text")] })
  })

/**
 * Reads and merges the files in order. A file that is not there is an error for a controller; a node works without
 * (`missingFiles: "skip"`) and gets a warning. A file that is there and cannot be read is always an error.
 */
export const loadCloudConf = Effect.fn("loadCloudConf")(function* (
  paths: ReadonlyArray<string>,
  options: { readonly missingFiles: "refuse" | "skip" }
) {
  const fileSystem = yield* FileSystem.FileSystem
  const read = (path: string): Effect.Effect<ConfigFile | ConfigWarning, ConfigError> =>
    fileSystem.readFile(path).pipe(
      Effect.timeoutFail({
        duration: "10 seconds",
        onTimeout: () => new ConfigError({ problems: [wholeFile(path, "could not be read within 10 seconds")] })
      }),
      Effect.flatMap((bytes) => Effect.map(utf8(path, bytes), (text) => ({ path, text }))),
      Effect.catchTags({
        BadArgument: (error) =>
          Effect.fail(new ConfigError({ problems: [wholeFile(path, `cannot be read: ${error.message}`)] })),
        SystemError: (error) => {
          if (error.reason !== "NotFound") {
            return Effect.fail(new ConfigError({ problems: [wholeFile(path, `cannot be read: ${error.message}`)] }))
          }
          const missing = wholeFile(path, "does not exist")
          return options.missingFiles === "skip"
            ? Effect.succeed(missing)
            : Effect.fail(new ConfigError({ problems: [missing] }))
        }
      })
    )
  const found = yield* Effect.forEach(paths, read)
  const files = found.flatMap((one) => ("text" in one ? [one] : []))
  const missing = found.flatMap((one) => ("text" in one ? [] : [one]))
  const conf: CloudConf = yield* parseCloudConf(files)
  return { ...conf, warnings: [...missing, ...conf.warnings] }
})
