import { FileSystem } from "@effect/platform"
import { Effect, Either } from "effect"
import type { Cloud } from "../../adapters/config/Cloud.ts"
import { type CloudConf, parseEntries, requireClouds } from "../../adapters/config/CloudConf.ts"
import { readConfigFile } from "../../adapters/config/configFile.ts"
import { sections } from "../../adapters/config/keys.ts"
import { loadCloudConf } from "../../adapters/config/loadCloudConf.ts"
import { type ConfigError, describeProblem, sectionTitle } from "../../adapters/config/problems.ts"
import type { PlacedEntry } from "../../adapters/config/settings.ts"
import { type Finding, failed, ok, skipped, subject, warning } from "../../domain/decisions/doctor/Finding.ts"
import { type Access, readAccess } from "../access.ts"
import type { DoctorOptions } from "./options.ts"

const fileSubject = subject("config.cloud-conf", "cloud.conf can be used")
const accessSubject = subject("config.cloud", "the cloud's section is complete")

export interface Configuration {
  readonly findings: ReadonlyArray<Finding>
  readonly conf: CloudConf | undefined
  /** How to ask the cloud; undefined where nothing says so. */
  readonly cloud: { readonly section: Cloud; readonly access: Access } | undefined
  /** It is there and cannot be read. */
  readonly broken: boolean
}

/** Where manifests put the file. */
const usualPlaces = ["/etc/config/cloud.conf", "/etc/kubernetes/cloud.conf"]

const exists = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.exists(path)).pipe(Effect.orElseSucceed(() => false))

const filesOf = ({ cloudConfig }: DoctorOptions, named: string | undefined) =>
  cloudConfig.length > 0
    ? Effect.succeed(cloudConfig)
    : named !== undefined && named !== ""
      ? Effect.succeed([named])
      : Effect.map(Effect.filter(usualPlaces, exists), (found) => found.slice(0, 1))

/** The parser has section names in lower case. */
const written = new Map(Object.keys(sections).map((name) => [name.toLowerCase(), name]))

/** Sections with the names of their keys, and no value: some are secrets. */
const keysIn = (entries: ReadonlyArray<PlacedEntry>): ReadonlyArray<string> => {
  const keys = new Map<string, Set<string>>()
  for (const { section, subsection, key } of entries) {
    const title = sectionTitle(written.get(section) ?? section, subsection)
    keys.set(title, (keys.get(title) ?? new Set()).add(key))
  }
  return [...keys].map(([title, names]) => `${title}: ${[...names].join(", ")}`)
}

const linesOf = (error: ConfigError): ReadonlyArray<string> => error.problems.map(describeProblem)

const entriesOf = (paths: ReadonlyArray<string>) =>
  Effect.forEach(paths, readConfigFile).pipe(
    Effect.flatMap((files) => parseEntries(files.flatMap((file) => file ?? []))),
    Effect.orElseSucceed((): ReadonlyArray<PlacedEntry> => [])
  )

/** Reads cloud.conf as the driver would. `named` is the file that the environment names. */
export const readConfiguration = (options: DoctorOptions, named: string | undefined) =>
  Effect.gen(function* () {
    const paths = yield* filesOf(options, named)
    if (paths.length === 0) {
      const why = `no --cloud-config, no variable CLOUD_CONFIG, no ${usualPlaces.join(" and no ")}`
      return { findings: [skipped(fileSubject, why)], conf: undefined, cloud: undefined, broken: false }
    }
    const loaded = yield* Effect.either(
      loadCloudConf(paths, { missingFiles: "refuse", cloudsYaml: options.cloudsYaml })
    )
    if (Either.isLeft(loaded)) {
      const finding = failed(fileSubject, linesOf(loaded.left), "correct it: the driver does not start with it")
      return { findings: [finding], conf: undefined, cloud: undefined, broken: true }
    }
    const conf = loaded.right
    const keys = [...conf.files, ...keysIn(yield* entriesOf(paths))]
    const warnings = conf.warnings.map(describeProblem)
    const file =
      warnings.length === 0
        ? ok(fileSubject, keys)
        : warning(fileSubject, [...keys, ...warnings], "correct what has no effect, or take it out")
    const title = sectionTitle("Global", options.cloudName)
    const access = yield* Effect.either(
      Effect.gen(function* () {
        const section = (yield* requireClouds(conf, [options.cloudName])).get(options.cloudName)
        if (section === undefined) return yield* Effect.dieMessage(`${title} was there a moment ago`)
        return { section, access: yield* readAccess(title, section) }
      })
    )
    if (Either.isLeft(access)) {
      const remedy = "complete the section; --cloud-name chooses another one"
      return {
        findings: [file, failed(accessSubject, linesOf(access.left), remedy)],
        conf,
        cloud: undefined,
        broken: true
      }
    }
    const { section } = access.right
    const way = {
      Password: "a password",
      Trust: "a trust",
      ApplicationCredential: "an application credential",
      Token: "a token"
    }
    const evidence = [`${title}: ${section.authUrl}, with ${way[section.auth._tag]}, from ${section.files.join(", ")}`]
    return { findings: [file, ok(accessSubject, evidence)], conf, cloud: access.right, broken: false }
  })
