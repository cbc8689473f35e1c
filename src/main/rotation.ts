import { isDeepStrictEqual } from "node:util"
import { FileSystem } from "@effect/platform"
import { Effect, Either, type Scope } from "effect"
import type { Cloud } from "../adapters/config/Cloud.ts"
import {
  type BlockStorageSettings,
  type CloudConf,
  type MetadataSettings,
  requireClouds
} from "../adapters/config/CloudConf.ts"
import { ConfigError, sectionTitle } from "../adapters/config/problems.ts"
import { identityRoot } from "../adapters/openstack/endpoints.ts"
import { type Access, changedAccess, readAccess } from "./access.ts"
import type { LiveAccess } from "./cloudLayers.ts"

/** A changed Secret takes a minute to come into a pod; this adds little to it and costs a read of small files. */
const pause = "10 seconds"

export interface ServedCloud {
  /** As it was at start. */
  readonly cloud: Cloud
  readonly live: LiveAccess
}

/** Settings that are read at start alone, with their keys. */
const fixedKeys: Readonly<Record<Exclude<keyof Cloud, keyof Access | "files">, string>> = {
  authUrl: "auth-url",
  region: "region",
  interface: "os-endpoint-type",
  zoneMap: "availability-zone-map"
}

const blockStorageKeys: Readonly<Record<keyof BlockStorageSettings, string>> = {
  nodeVolumeAttachLimit: "node-volume-attach-limit",
  nodeVolumeAttachLimitFromGuest: "node-volume-attach-limit-from-guest",
  rescanOnResize: "rescan-on-resize",
  formatConcurrency: "format-concurrency",
  formatNoise: "format-noise",
  uuidGuard: "filesystem-uuid-guard",
  ignoreVolumeAz: "ignore-volume-az",
  ignoreVolumeMicroversion: "ignore-volume-microversion",
  multiWriterFileSystem: "multi-writer-filesystem",
  removeStaleAttachments: "remove-stale-attachments",
  singleNodeMultiWriter: "single-node-multi-writer",
  removeStartupTaint: "remove-startup-taint"
}

const metadataKeys: Readonly<Record<keyof MetadataSettings, string>> = {
  searchOrder: "search-order",
  requestTimeout: "request-timeout"
}

const changedKeys = <Name extends string>(
  keys: Readonly<Record<Name, string>>,
  before: Readonly<Record<Name, unknown>>,
  after: Readonly<Record<Name, unknown>>
): ReadonlyArray<string> =>
  Object.entries<string>(keys).flatMap(([name, key]) =>
    isDeepStrictEqual(Reflect.get(before, name), Reflect.get(after, name)) ? [] : [key]
  )

const restartNeeded = (title: string, keys: ReadonlyArray<string>): string | undefined =>
  keys.length === 0 ? undefined : `${title} ${keys.join(", ")}: changed, which takes effect when the pod restarts`

const staysInForce = (what: string, { message }: ConfigError) =>
  `${what}: what was changed cannot be used, and what was read before stays in force: ${message}`

/** Warns of a thing when it is new; undefined says that it is over. */
type Warn = (thing: string, text: string | undefined) => Effect.Effect<void>

const makeWarn = (): Warn => {
  const said = new Map<string, string>()
  return (thing, text) =>
    Effect.suspend(() => {
      if (said.get(thing) === text) return Effect.void
      if (text === undefined) return Effect.sync(() => said.delete(thing))
      said.set(thing, text)
      return Effect.logWarning(text)
    })
}

const titleOf = (name: string) => sectionTitle("Global", name)

const makeServed = (name: string, cloud: Cloud, atStart: Access, warn: Warn) => {
  const title = titleOf(name)
  let access = atStart

  const takeOver = Effect.fnUntraced(function* (conf: CloudConf) {
    const section = (yield* requireClouds(conf, [name])).get(name) ?? cloud
    const read = yield* readAccess(title, section)
    // Credentials for another Keystone are not this one's to see.
    const moved = identityRoot(section.authUrl) !== identityRoot(cloud.authUrl)
    const waiting = moved && changedAccess(access, read).credentials ? ["credentials"] : []
    const changed = changedAccess(access, moved ? { ...read, auth: access.auth } : read)
    access = changed.access
    yield* warn(`restart ${title}`, restartNeeded(title, [...changedKeys(fixedKeys, cloud, section), ...waiting]))
    if (changed.credentials)
      yield* Effect.logInfo(`${title}: new credentials are in force, from ${section.files.join(", ")}`)
    if (changed.certificates) {
      const { caFile, client } = section.tls
      const files = [caFile, client?.certFile, client?.keyFile].filter((file) => file !== undefined)
      const from = files.length === 0 ? section.files : files
      yield* Effect.logInfo(`${title}: new certificates are in force for new connections, from ${from.join(", ")}`)
    }
  })

  return {
    current: () => access,
    /** A section that cannot be used leaves what is in force, and the other clouds, alone. */
    follow: (conf: CloudConf) =>
      Effect.flatMap(Effect.either(takeOver(conf)), (taken) =>
        warn(`use ${title}`, Either.isLeft(taken) ? staysInForce(title, taken.left) : undefined)
      )
  }
}

/**
 * The clouds of these names, whose credentials and certificates follow their files until the Scope closes. Files are read
 * again and compared rather than watched: the file of a Secret is a link through a link, and both are replaced.
 */
export const serveClouds = (
  load: Effect.Effect<CloudConf, ConfigError, FileSystem.FileSystem>,
  conf: CloudConf,
  names: ReadonlyArray<string>
): Effect.Effect<ReadonlyMap<string, ServedCloud>, ConfigError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const warn = makeWarn()
    const sections = [...(yield* requireClouds(conf, names))]
    const [errors, served] = yield* Effect.partition(sections, ([name, cloud]) =>
      Effect.map(readAccess(titleOf(name), cloud), (access) => ({
        name,
        cloud,
        ...makeServed(name, cloud, access, warn)
      }))
    )
    if (errors.length > 0) return yield* new ConfigError({ problems: errors.flatMap(({ problems }) => problems) })

    const oneAtATime = yield* Effect.makeSemaphore(1)
    const look = Effect.gen(function* () {
      const loaded = yield* Effect.either(load)
      yield* warn("load", Either.isLeft(loaded) ? staysInForce("cloud.conf", loaded.left) : undefined)
      if (Either.isLeft(loaded)) return
      const latest = loaded.right
      for (const { follow } of served) yield* follow(latest)
      const { blockStorage, metadata } = latest
      const settings = {
        "[BlockStorage]": changedKeys(blockStorageKeys, conf.blockStorage, blockStorage),
        "[Metadata]": changedKeys(metadataKeys, conf.metadata, metadata)
      }
      for (const [title, keys] of Object.entries(settings)) yield* warn(`restart ${title}`, restartNeeded(title, keys))
    }).pipe(Effect.provideService(FileSystem.FileSystem, files), oneAtATime.withPermits(1))

    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(pause), look)))
    return new Map(served.map(({ name, cloud, current }) => [name, { cloud, live: { current, look } }]))
  })
