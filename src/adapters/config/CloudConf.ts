import { Array as Arr, Duration, Either } from "effect"
import type { FailoverOptions } from "../../domain/FailoverSettings.ts"
import type { UuidGuard } from "../../domain/NodeSettings.ts"
import { type Cloud, readCloud, type YamlRequest, yamlRequestOf } from "./Cloud.ts"
import type { ConfigFile } from "./configFile.ts"
import { parseGcfg } from "./gcfg.ts"
import { BlockStorageKeys, FailoverKeys, MetadataKeys, TelemetryKeys } from "./keys.ts"
import { type LogFormat, type MetadataSource, maxAttachLimit, metadataSources } from "./keyValues.ts"
import { ConfigError, type ConfigProblem, type ConfigWarning, sectionTitle } from "./problems.ts"
import { collectSettings, decodeSettings, type PlacedEntry, type Settings } from "./settings.ts"
import { warnOfUnknown } from "./unknownKeys.ts"
import type { YamlCloud } from "./yamlCloud.ts"

export interface BlockStorageSettings {
  /** 0 to 256, where 0 asks for no limit. */
  readonly nodeVolumeAttachLimit: number
  /** By default only where no limit is set: what an operator has set is reported as the Go driver does. */
  readonly nodeVolumeAttachLimitFromGuest: boolean
  readonly rescanOnResize: boolean
  /** 1 to 16. */
  readonly formatConcurrency: number
  readonly formatNoise: boolean
  readonly uuidGuard: UuidGuard
  readonly ignoreVolumeAz: boolean
  readonly ignoreVolumeMicroversion: boolean
  readonly multiWriterFileSystem: boolean
  readonly removeStaleAttachments: boolean
  readonly singleNodeMultiWriter: boolean
  readonly removeStartupTaint: boolean
}

export interface MetadataSettings {
  readonly searchOrder: ReadonlyArray<MetadataSource>
  /** Undefined, also for `0`, leaves it to the adapter. */
  readonly requestTimeout: Duration.Duration | undefined
}

export interface TelemetrySettings {
  readonly logFormat: LogFormat
  /** Where spans go; undefined leaves it to the environment. */
  readonly otlpEndpoint: string | undefined
}

export interface CloudConf {
  readonly files: ReadonlyArray<string>
  /** By name, `""` for plain [Global]. What is wrong with a section matters only to who needs it: see `requireClouds`. */
  readonly clouds: ReadonlyMap<string, Either.Either<Cloud, ConfigError>>
  readonly blockStorage: BlockStorageSettings
  readonly metadata: MetadataSettings
  readonly telemetry: TelemetrySettings
  /** What is wrong with it matters to the failover assistant alone. */
  readonly failover: Either.Either<FailoverOptions, ConfigError>
  readonly warnings: ReadonlyArray<ConfigWarning>
}

type Decoded<A> = Either.Either<A, ReadonlyArray<ConfigProblem>>

const attachLimitKey = "node-volume-attach-limit"

const readBlockStorage = (settings: Settings): Decoded<BlockStorageSettings> =>
  Either.map(decodeSettings(BlockStorageKeys, "[BlockStorage]", settings), (written) => ({
    nodeVolumeAttachLimit: written[attachLimitKey] ?? maxAttachLimit,
    nodeVolumeAttachLimitFromGuest:
      written["node-volume-attach-limit-from-guest"] ?? written[attachLimitKey] === undefined,
    rescanOnResize: written["rescan-on-resize"] ?? false,
    formatConcurrency: written["format-concurrency"] ?? 1,
    formatNoise: written["format-noise"] ?? false,
    uuidGuard: written["filesystem-uuid-guard"] ?? "refuse",
    ignoreVolumeAz: written["ignore-volume-az"] ?? false,
    ignoreVolumeMicroversion: written["ignore-volume-microversion"] ?? false,
    multiWriterFileSystem: written["multi-writer-filesystem"] ?? false,
    removeStaleAttachments: written["remove-stale-attachments"] ?? false,
    singleNodeMultiWriter: written["single-node-multi-writer"] ?? true,
    removeStartupTaint: written["remove-startup-taint"] ?? false
  }))

const warnOfLimit = (settings: Settings, limit: number): ReadonlyArray<ConfigWarning> => {
  const written = settings.get(attachLimitKey)
  if (written === undefined || limit !== maxAttachLimit || Number(written.value) === maxAttachLimit) return []
  const problem = `is outside 0 to ${maxAttachLimit}, so ${maxAttachLimit} is used`
  return [{ place: written.place, section: "[BlockStorage]", key: attachLimitKey, problem }]
}

const readMetadata = (settings: Settings): Decoded<MetadataSettings> =>
  Either.map(decodeSettings(MetadataKeys, "[Metadata]", settings), (written) => {
    const timeout = written["request-timeout"]
    return {
      searchOrder: written["search-order"] ?? metadataSources,
      requestTimeout: timeout !== undefined && Duration.greaterThan(timeout, Duration.zero) ? timeout : undefined
    }
  })

const readTelemetry = (settings: Settings): Decoded<TelemetrySettings> =>
  Either.map(decodeSettings(TelemetryKeys, "[Telemetry]", settings), (written) => ({
    logFormat: written["log-format"] ?? "text",
    otlpEndpoint: written["otlp-endpoint"] || undefined
  }))

const readFailover = (settings: Settings): Either.Either<FailoverOptions, ConfigError> =>
  Either.mapBoth(decodeSettings(FailoverKeys, "[FailoverAssistant]", settings), {
    onLeft: (problems) => new ConfigError({ problems }),
    onRight: (written) => ({
      lostAfter: written["lost-after"] ?? Duration.seconds(60),
      betweenReadings: written["between-readings"] ?? Duration.seconds(30),
      stopServers: written["stop-servers"] ?? false,
      dryRun: written["dry-run"] ?? false
    })
  })

const readEntries = ({ path, text }: ConfigFile): Either.Either<ReadonlyArray<PlacedEntry>, ConfigProblem> =>
  Either.mapBoth(parseGcfg(path, text), {
    onLeft: ({ line, column, problem }) => ({
      place: { file: path, line, column },
      section: undefined,
      key: undefined,
      problem
    }),
    onRight: (entries) => entries.map((entry) => ({ ...entry, file: path }))
  })

const cloudNames = (entries: ReadonlyArray<PlacedEntry>): ReadonlyArray<string> => [
  ...new Set(entries.filter(({ section }) => section === "global").map(({ subsection }) => subsection))
]

/** What the sections of `entries` ask of clouds.yaml, by name of the section. */
export const yamlRequestsOf = (entries: ReadonlyArray<PlacedEntry>): ReadonlyMap<string, YamlRequest> =>
  new Map(
    cloudNames(entries).flatMap((name): ReadonlyArray<readonly [string, YamlRequest]> => {
      const request = yamlRequestOf(collectSettings(entries, "global", name))
      return request === undefined ? [] : [[name, request]]
    })
  )

/** What clouds.yaml gave to the sections that asked, by name of the section. */
export type YamlClouds = ReadonlyMap<string, Either.Either<YamlCloud, ConfigError>>

/**
 * Takes the entries of all files together; the last value of a key wins. Fails on bad values in [BlockStorage],
 * [Metadata] and [Telemetry], with all of them at once. Unknown keys and sections, which the Go driver passes over, become warnings.
 */
export const readCloudConf = (
  files: ReadonlyArray<string>,
  entries: ReadonlyArray<PlacedEntry>,
  yaml: YamlClouds
): Either.Either<CloudConf, ConfigError> => {
  const blockStorageSettings = collectSettings(entries, "blockstorage", "")
  const blockStorage = readBlockStorage(blockStorageSettings)
  const metadata = readMetadata(collectSettings(entries, "metadata", ""))
  const telemetry = readTelemetry(collectSettings(entries, "telemetry", ""))
  if (Either.isLeft(blockStorage) || Either.isLeft(metadata) || Either.isLeft(telemetry)) {
    const problemsOf = (part: Decoded<unknown>) => (Either.isLeft(part) ? part.left : [])
    return Either.left(
      new ConfigError({ problems: [...problemsOf(blockStorage), ...problemsOf(metadata), ...problemsOf(telemetry)] })
    )
  }
  const clouds = cloudNames(entries).map((name) => ({
    name,
    read: readCloud(sectionTitle("Global", name), collectSettings(entries, "global", name), yaml.get(name))
  }))
  return Either.right({
    files,
    clouds: new Map(
      clouds.map(({ name, read }) => [
        name,
        Either.mapBoth(read, { onLeft: (problems) => new ConfigError({ problems }), onRight: ({ cloud }) => cloud })
      ])
    ),
    blockStorage: blockStorage.right,
    metadata: metadata.right,
    telemetry: telemetry.right,
    failover: readFailover(collectSettings(entries, "failoverassistant", "")),
    warnings: [
      ...entries.flatMap((entry) => warnOfUnknown(entry) ?? []),
      ...warnOfLimit(blockStorageSettings, blockStorage.right.nodeVolumeAttachLimit),
      ...Arr.getRights(clouds.map(({ read }) => read)).flatMap(({ warnings }) => warnings)
    ]
  })
}

/** All assignments of the files, in order. Fails on text that breaks the grammar, with every such file. */
export const parseEntries = (
  files: ReadonlyArray<ConfigFile>
): Either.Either<ReadonlyArray<PlacedEntry>, ConfigError> => {
  const [problems, entries] = Arr.separate(files.map(readEntries))
  return problems.length > 0 ? Either.left(new ConfigError({ problems })) : Either.right(entries.flat())
}

/**
 * The clouds that a controller serves, by name (`""` is plain [Global]). Fails when one of them is absent or cannot be used.
 * A node needs no cloud and does not ask.
 */
export const requireClouds = (
  conf: CloudConf,
  names: ReadonlyArray<string>
): Either.Either<ReadonlyMap<string, Cloud>, ConfigError> => {
  const present = [...conf.clouds.keys()].map((name) => sectionTitle("Global", name)).join(", ")
  const absent = (name: string): ConfigProblem => ({
    place: undefined,
    section: undefined,
    key: undefined,
    problem:
      `found no ${sectionTitle("Global", name)} settings in ${conf.files.join(", ") || "any file"}` +
      (present === "" ? "" : `, only ${present}`)
  })
  const [errors, clouds] = Arr.separate(
    [...new Set(names)].map((name) => {
      const cloud = conf.clouds.get(name) ?? Either.left(new ConfigError({ problems: [absent(name)] }))
      return Either.map(cloud, (usable): readonly [string, Cloud] => [name, usable])
    })
  )
  return errors.length > 0
    ? Either.left(new ConfigError({ problems: errors.flatMap(({ problems }) => problems) }))
    : Either.right(new Map(clouds))
}
