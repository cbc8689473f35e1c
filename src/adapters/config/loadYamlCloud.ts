import { dirname, join } from "node:path"
import { FileSystem } from "@effect/platform"
import { Effect, Either } from "effect"
import type { YamlRequest } from "./Cloud.ts"
import { type CloudEntry, pickEntry, profileOf, withProfile } from "./cloudsYaml.ts"
import { type ConfigFile, readConfigFile, wholeFile } from "./configFile.ts"
import { ConfigError } from "./problems.ts"
import { readYamlCloud, type YamlCloud } from "./yamlCloud.ts"
import type { YamlKeys } from "./yamlTree.ts"

/** Where clouds.yaml is looked for and which of its clouds is meant, unless a section says so itself. */
export interface CloudsYamlSearch {
  /** Of the variable OS_CLIENT_CONFIG_FILE. */
  readonly file: string | undefined
  /** Of the variable OS_CLOUD. */
  readonly cloud: string | undefined
  /** In order. */
  readonly folders: ReadonlyArray<string>
}

/** The places that OpenStack's own clients know. A relative one is below the working directory. */
export const cloudsYamlSearch = (env: Readonly<Record<string, string | undefined>>): CloudsYamlSearch => ({
  file: env["OS_CLIENT_CONFIG_FILE"] || undefined,
  cloud: env["OS_CLOUD"] || undefined,
  folders: [".", ...(env["HOME"] ? [join(env["HOME"], ".config/openstack")] : []), "/etc/openstack"]
})

type Read<A> = Effect.Effect<A, ConfigError, FileSystem.FileSystem>

const refuse = (path: string, problem: string) => new ConfigError({ problems: [wholeFile(path, problem)] })

/**
 * As OpenStack's own clients look: a folder that is none, or that may not be entered, holds nothing. What does not answer is
 * left to the reading, which says so.
 */
const isThere = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fileSystem) => fileSystem.exists(path)).pipe(
    Effect.orElseSucceed(() => false),
    Effect.timeoutTo({ duration: "10 seconds", onSuccess: (there) => there, onTimeout: () => true })
  )

/** The first of `name.yaml` in any folder, then of `name.yml`. */
const find = (name: string, folders: ReadonlyArray<string>): Read<ConfigFile | undefined> =>
  Effect.gen(function* () {
    for (const path of ["yaml", "yml"].flatMap((end) => folders.map((folder) => join(folder, `${name}.${end}`)))) {
      const file = (yield* isThere(path)) ? yield* readConfigFile(path) : undefined
      if (file !== undefined) return file
    }
    return undefined
  })

const findClouds = (named: string | undefined, folders: ReadonlyArray<string>): Read<ConfigFile> =>
  Effect.gen(function* () {
    const file = named === undefined ? yield* find("clouds", folders) : yield* readConfigFile(named)
    if (file !== undefined) return file
    return yield* named === undefined
      ? refuse("clouds.yaml", `is in none of ${folders.join(", ")}; name it with the key clouds-file`)
      : refuse(named, "does not exist, and clouds-file or OS_CLIENT_CONFIG_FILE names it")
  })

/** The parser is loaded only by who has something to parse. */
const parse = (file: ConfigFile): Read<YamlKeys> =>
  Effect.gen(function* () {
    const { parseYaml } = yield* Effect.promise(() => import("./parseYaml.ts"))
    return yield* Either.mapLeft(parseYaml(file), (problem) => new ConfigError({ problems: [problem] }))
  })

/** Puts the values of its profile below those of the entry. */
const complete = (
  entry: CloudEntry,
  folders: ReadonlyArray<string>
): Read<{ readonly entry: CloudEntry; readonly files: ReadonlyArray<string> }> =>
  Effect.gen(function* () {
    const profile = profileOf(entry)
    if (profile === undefined) return { entry, files: [] }
    const file = yield* find("clouds-public", folders)
    if (file === undefined) {
      const problem = `has the profile ${JSON.stringify(profile.text)}, but no clouds-public.yaml is in ${folders.join(", ")}`
      return yield* refuse(entry.file, problem)
    }
    const filled = withProfile(entry, profile.text, yield* parse(file))
    return { entry: yield* Either.mapLeft(filled, (problem) => refuse(file.path, problem)), files: [file.path] }
  })

/**
 * The entry of clouds.yaml that a section asks for, with secure.yaml over it and clouds-public.yaml below it. Both are looked
 * for beside clouds.yaml first.
 */
export const loadYamlCloud = (request: YamlRequest, search: CloudsYamlSearch): Read<YamlCloud> =>
  Effect.gen(function* () {
    const clouds = yield* findClouds(request.file ?? search.file, search.folders)
    const folders = [...new Set([dirname(clouds.path), ...search.folders])]
    const secure = yield* find("secure", folders)
    const picked = pickEntry(
      yield* parse(clouds),
      secure === undefined ? undefined : yield* parse(secure),
      request.cloud ?? search.cloud
    )
    const chosen = yield* Either.mapLeft(picked, (problem) => refuse(clouds.path, problem))
    const { entry, files } = yield* complete(chosen, folders)
    const all = [clouds.path, ...(secure === undefined ? [] : [secure.path]), ...files]
    const read = readYamlCloud(entry, all, request.region)
    return yield* Either.mapLeft(read, (problems) => new ConfigError({ problems }))
  })
