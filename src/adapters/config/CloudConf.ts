import { Array as Arr, Duration, Either } from "effect"
import { type Cloud, readCloud } from "./Cloud.ts"
import { parseGcfg } from "./gcfg.ts"
import { BlockStorageKeys, MetadataKeys, type MetadataSource, maxAttachLimit, metadataSources } from "./keys.ts"
import { ConfigError, type ConfigProblem, type ConfigWarning, sectionTitle } from "./problems.ts"
import { collectSettings, decodeSettings, type PlacedEntry, type Settings } from "./settings.ts"
import { warnOfUnknown } from "./unknownKeys.ts"

/** One cloud.conf as it was read. */
export interface ConfigFile {
  readonly path: string
  readonly text: string
}

export interface BlockStorageSettings {
  /** 0 to 256, where 0 asks for no limit. */
  readonly nodeVolumeAttachLimit: number
  readonly rescanOnResize: boolean
  readonly ignoreVolumeAz: boolean
  readonly ignoreVolumeMicroversion: boolean
  readonly multiWriterFileSystem: boolean
  readonly singleNodeMultiWriter: boolean
}

export interface MetadataSettings {
  readonly searchOrder: ReadonlyArray<MetadataSource>
  /** Undefined, also for `0`, leaves it to the adapter. */
  readonly requestTimeout: Duration.Duration | undefined
}

export interface CloudConf {
  readonly files: ReadonlyArray<string>
  /** By name, `""` for plain [Global]. What is wrong with a section matters only to who needs it: see `requireClouds`. */
  readonly clouds: ReadonlyMap<string, Either.Either<Cloud, ConfigError>>
  readonly blockStorage: BlockStorageSettings
  readonly metadata: MetadataSettings
  readonly warnings: ReadonlyArray<ConfigWarning>
}

type Decoded<A> = Either.Either<A, ReadonlyArray<ConfigProblem>>

const attachLimitKey = "node-volume-attach-limit"

const readBlockStorage = (settings: Settings): Decoded<BlockStorageSettings> =>
  Either.map(decodeSettings(BlockStorageKeys, "[BlockStorage]", settings), (written) => ({
    nodeVolumeAttachLimit: written[attachLimitKey] ?? maxAttachLimit,
    rescanOnResize: written["rescan-on-resize"] ?? false,
    ignoreVolumeAz: written["ignore-volume-az"] ?? false,
    ignoreVolumeMicroversion: written["ignore-volume-microversion"] ?? false,
    multiWriterFileSystem: written["multi-writer-filesystem"] ?? false,
    singleNodeMultiWriter: written["single-node-multi-writer"] ?? true
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

const readEntries = ({ path, text }: ConfigFile): Either.Either<ReadonlyArray<PlacedEntry>, ConfigProblem> =>
  Either.mapBoth(parseGcfg(path, text), {
    onLeft: ({ line, column, problem }) => ({
      place: { file: path, line },
      section: undefined,
      key: undefined,
      problem: `${problem} (column ${column})`
    }),
    onRight: (entries) => entries.map((entry) => ({ ...entry, file: path }))
  })

const fromEntries = (
  files: ReadonlyArray<string>,
  entries: ReadonlyArray<PlacedEntry>
): Either.Either<CloudConf, ConfigError> => {
  const blockStorageSettings = collectSettings(entries, "blockstorage", "")
  const blockStorage = readBlockStorage(blockStorageSettings)
  const metadata = readMetadata(collectSettings(entries, "metadata", ""))
  if (Either.isLeft(blockStorage) || Either.isLeft(metadata)) {
    const problemsOf = (part: Decoded<unknown>) => (Either.isLeft(part) ? part.left : [])
    return Either.left(new ConfigError({ problems: [...problemsOf(blockStorage), ...problemsOf(metadata)] }))
  }
  const names = new Set(entries.filter(({ section }) => section === "global").map(({ subsection }) => subsection))
  const clouds = [...names].map((name) => ({
    name,
    read: readCloud(sectionTitle("Global", name), collectSettings(entries, "global", name))
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
    warnings: [
      ...entries.flatMap((entry) => warnOfUnknown(entry) ?? []),
      ...warnOfLimit(blockStorageSettings, blockStorage.right.nodeVolumeAttachLimit),
      ...Arr.getRights(clouds.map(({ read }) => read)).flatMap(({ warnings }) => warnings)
    ]
  })
}

/**
 * Reads and merges files key by key; the last value of a key wins, within a file and over files. Fails on text that breaks
 * the grammar and on bad values in [BlockStorage] and [Metadata], with all of them at once. Unknown keys and sections,
 * which the Go driver passes over, become warnings.
 */
export const parseCloudConf = (files: ReadonlyArray<ConfigFile>): Either.Either<CloudConf, ConfigError> => {
  const [problems, entries] = Arr.separate(files.map(readEntries))
  return problems.length > 0
    ? Either.left(new ConfigError({ problems }))
    : fromEntries(
        files.map(({ path }) => path),
        entries.flat()
      )
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
