import type { FileSystem } from "@effect/platform"
import { Effect, type Either } from "effect"
import { type CloudConf, parseEntries, readCloudConf, type YamlClouds, yamlRequestsOf } from "./CloudConf.ts"
import { type ConfigFile, readConfigFile, wholeFile } from "./configFile.ts"
import { type CloudsYamlSearch, loadYamlCloud } from "./loadYamlCloud.ts"
import { ConfigError, type ConfigWarning } from "./problems.ts"
import type { PlacedEntry } from "./settings.ts"
import type { YamlCloud } from "./yamlCloud.ts"

/** A node works without a file that is missing, and needs no credentials, so it leaves clouds.yaml alone. */
export type LoadOptions =
  | { readonly missingFiles: "refuse"; readonly cloudsYaml: CloudsYamlSearch }
  | { readonly missingFiles: "skip" }

/** What is wrong with an entry matters only to who needs its section. */
const loadYamlClouds = (
  entries: ReadonlyArray<PlacedEntry>,
  search: CloudsYamlSearch
): Effect.Effect<YamlClouds, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const clouds = new Map<string, Either.Either<YamlCloud, ConfigError>>()
    for (const [name, request] of yamlRequestsOf(entries)) {
      clouds.set(name, yield* Effect.either(loadYamlCloud(request, search)))
    }
    return clouds
  })

/**
 * Reads and merges the files in order, and the entries of clouds.yaml that they ask for. A missing file is an error or, for a
 * node, a warning. A file that is there and cannot be read is always an error.
 */
export const loadCloudConf = (
  paths: ReadonlyArray<string>,
  options: LoadOptions
): Effect.Effect<CloudConf, ConfigError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const files: Array<ConfigFile> = []
    const warnings: Array<ConfigWarning> = []
    for (const path of paths) {
      const file = yield* readConfigFile(path)
      const missing = wholeFile(path, "does not exist")
      if (file !== undefined) files.push(file)
      else if (options.missingFiles === "skip") warnings.push(missing)
      else return yield* new ConfigError({ problems: [missing] })
    }
    const entries = yield* parseEntries(files)
    const yaml: YamlClouds =
      options.missingFiles === "skip" ? new Map() : yield* loadYamlClouds(entries, options.cloudsYaml)
    const conf = yield* readCloudConf(
      files.map(({ path }) => path),
      entries,
      yaml
    )
    return { ...conf, warnings: [...warnings, ...conf.warnings] }
  }).pipe(Effect.withSpan("loadCloudConf"))
