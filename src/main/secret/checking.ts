import { FileSystem } from "@effect/platform"
import { Effect, Either } from "effect"
import type { Cloud } from "../../adapters/config/Cloud.ts"
import { type CloudConf, parseEntries, requireClouds, yamlRequestsOf } from "../../adapters/config/CloudConf.ts"
import { loadCloudConf } from "../../adapters/config/loadCloudConf.ts"
import { ConfigError, describeProblem, sectionTitle } from "../../adapters/config/problems.ts"
import { readAccess } from "../access.ts"
import { podFiles } from "./podFiles.ts"

/** A file that goes into the Secret. */
export interface GivenFile {
  readonly key: string
  /** Where it was read, for people. */
  readonly path: string
  readonly bytes: Uint8Array
}

export interface Given {
  readonly configs: ReadonlyArray<GivenFile>
  readonly others: ReadonlyArray<GivenFile>
  /** Where the pods see the Secret. */
  readonly mount: string
}

export interface Checked {
  /** Sections of clouds that can be used, as they are written. */
  readonly clouds: ReadonlyArray<string>
  /** What has no effect, and what the pods need that is not in the Secret. */
  readonly warnings: ReadonlyArray<string>
}

/** Where the driver's pods look for a clouds.yaml that no setting names. */
const podFolders = [".", "/etc/openstack"]

interface Named {
  readonly title: string
  readonly key: string
  readonly path: string
}

const certificatesOf = (title: string, { tls }: Cloud): ReadonlyArray<Named> =>
  [
    { title, key: "ca-file", path: tls.caFile },
    { title, key: "cert-file", path: tls.client?.certFile },
    { title, key: "key-file", path: tls.client?.keyFile }
  ].flatMap(({ path, ...named }) => (path === undefined ? [] : [{ ...named, path }]))

/** What is to be said of a file that the pods need and the Secret does not carry. */
const absenceOf = ({ mount }: Given, { title, key, path }: Named): string =>
  path.startsWith(`${mount}/`) && !path.slice(mount.length + 1).includes("/")
    ? `${title} ${key}: ${path} is not in this Secret; add it with --file=${path.slice(mount.length + 1)}=PATH`
    : `${title} ${key}: ${path} is not part of this Secret: the pods must have it there, and it was not checked`

/** Checks the certificates of one cloud as the driver does at its start, if all are given. */
const checkCertificates = (given: Given, has: (path: string) => boolean, title: string, cloud: Cloud) => {
  const absent = certificatesOf(title, cloud).filter(({ path }) => !has(path))
  return absent.length > 0
    ? Effect.succeed(absent.map((named) => absenceOf(given, named)))
    : Effect.as(readAccess(title, cloud), [])
}

/** Shows the places of problems in the files as they lie on this machine. */
const onThisMachine = (origins: ReadonlyMap<string, string>, { problems }: ConfigError) =>
  new ConfigError({
    problems: problems.map((problem) => {
      const { place } = problem
      const origin = place === undefined ? undefined : origins.get(place.file)
      return place === undefined || origin === undefined ? problem : { ...problem, place: { ...place, file: origin } }
    })
  })

const checkCloud = Effect.fnUntraced(function* (
  given: Given,
  has: (path: string) => boolean,
  yaml: ReturnType<typeof yamlRequestsOf>,
  [name, cloud]: readonly [string, Either.Either<Cloud, ConfigError>]
) {
  const title = sectionTitle("Global", name)
  const request = yaml.get(name)
  if (request !== undefined && (request.file === undefined || !has(request.file))) {
    const path = request.file ?? `a clouds.yaml in ${podFolders.join(" or ")}`
    return { clouds: [], warnings: [absenceOf(given, { title, key: "clouds-file", path })] }
  }
  const warnings = yield* checkCertificates(given, has, title, yield* cloud)
  return { clouds: [title], warnings }
})

const failoverWarning = ({ failover }: CloudConf): ReadonlyArray<string> =>
  Either.isLeft(failover) ? [`matters to the failover assistant alone: ${failover.left.message}`] : []

/**
 * Reads the files as the driver does in a pod that has the Secret and nothing else of this machine. Fails with all that
 * keeps the driver from starting.
 */
export const checkFiles = (given: Given): Effect.Effect<Checked, ConfigError> =>
  Effect.gen(function* () {
    const { configs, others, mount } = given
    const inPod = ({ key }: GivenFile) => `${mount}/${key}`
    const all = [...configs, ...others]
    const files = new Map(all.map((file) => [inPod(file), file.bytes]))
    const origins = new Map(all.map((file) => [inPod(file), file.path]))
    const check = Effect.gen(function* () {
      const cloudsYaml = { file: undefined, cloud: undefined, folders: podFolders }
      const conf = yield* loadCloudConf(configs.map(inPod), { missingFiles: "refuse", cloudsYaml })
      if (conf.clouds.size === 0) yield* requireClouds({ ...conf, files: configs.map(({ path }) => path) }, [""])
      const texts = configs.map((file) => ({ path: inPod(file), text: new TextDecoder().decode(file.bytes) }))
      const yaml = yamlRequestsOf(yield* parseEntries(texts))
      const [errors, checked] = yield* Effect.partition(conf.clouds, (cloud) =>
        checkCloud(given, (path) => files.has(path), yaml, cloud)
      )
      if (errors.length > 0) return yield* new ConfigError({ problems: errors.flatMap(({ problems }) => problems) })
      const { problems: known } = onThisMachine(origins, new ConfigError({ problems: conf.warnings }))
      return {
        clouds: checked.flatMap(({ clouds }) => clouds),
        warnings: [
          ...known.map(describeProblem),
          ...failoverWarning(conf),
          ...checked.flatMap(({ warnings }) => warnings)
        ]
      }
    })
    return yield* check.pipe(
      Effect.provideService(FileSystem.FileSystem, podFiles(files)),
      Effect.mapError((error) => onThisMachine(origins, error))
    )
  })
