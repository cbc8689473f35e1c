import { Effect, Layer, Option } from "effect"
import type { CloudConf } from "../adapters/config/CloudConf.ts"
import { loadCloudConf } from "../adapters/config/loadCloudConf.ts"
import { describeProblem } from "../adapters/config/problems.ts"
import { serveDriver } from "../adapters/csi/driver.ts"
import { layerHostLinux } from "../adapters/host/HostMounterLinux.ts"
import type { HostOptions } from "../adapters/host/HostOptions.ts"
import { layerInstanceMetadata, type MetadataOptions } from "../adapters/metadata/InstanceMetadata.ts"
import { layerClouds, layerController, layerNode } from "../domain/layers.ts"
import { Telemetry } from "../ports/Telemetry.ts"
import { layerClaims } from "./claimsLayer.ts"
import { layerCloud } from "./cloudLayers.ts"
import type { PodSurroundings } from "./kubernetesWays.ts"
import { layerLogFormat } from "./logFormat.ts"
import { observing, type Watching } from "./observing.ts"
import type { Options } from "./options.ts"
import { type ServedCloud, serveClouds } from "./rotation.ts"
import { traced } from "./tracing.ts"
import { vendorVersion, version } from "./version.ts"

/** Where this host, its metadata and its pod are, if not where every server has them: for tests and demonstrations alone. */
export interface Surroundings {
  readonly host?: Partial<HostOptions>
  readonly metadata?: Partial<MetadataOptions>
  readonly pod?: PodSurroundings
}

/** Every cloud that is asked for. A section that is absent or cannot be used ends the start, a cloud out of reach does not. */
const buildClouds = (
  options: Options,
  conf: CloudConf,
  load: ReturnType<typeof loadCloudConf>,
  watching: Watching,
  pod: PodSurroundings | undefined
) =>
  Effect.gen(function* () {
    const served = yield* serveClouds(load, conf, options.cloudNames)
    const userAgent = [`cinder-csi-plugin/${version}`, ...options.userAgent].reverse().join(" ")
    const { ignoreVolumeMicroversion: ignoreMicroversions } = conf.blockStorage
    const cloudOptions = { userAgent, proxies: options.proxies, ignoreMicroversions }
    const { cluster, withTopology } = options
    const { ignoreVolumeAz, multiWriterFileSystem, removeStaleAttachments } = conf.blockStorage
    const claims: Layer.Layer<never> = options.pvcAnnotations
      ? Layer.succeedContext(yield* Layer.build(layerClaims(options, pod)))
      : Layer.empty
    const controllerOf = (name: string, { cloud, live }: ServedCloud) =>
      layerController({
        cluster,
        withTopology,
        ignoreVolumeZone: ignoreVolumeAz,
        zoneMap: cloud.zoneMap,
        multiWriterFileSystem,
        removeStaleAttachments
      }).pipe(
        Layer.provide(layerCloud(cloud, live, { ...cloudOptions, observe: watching.requestsOf(name) })),
        Layer.provide(claims),
        Layer.provide(Layer.succeed(Telemetry, watching.watcherFor(name)))
      )
    return yield* Layer.build(
      layerClouds(new Map([...served].map(([name, cloud]) => [name, controllerOf(name, cloud)])))
    )
  })

/** Runs the driver as the flags say until the Scope closes; answers once it serves. */
export const startDriver = (options: Options, surroundings: Surroundings = {}) =>
  Effect.gen(function* () {
    const load = loadCloudConf(
      options.cloudConfig,
      options.provideControllerService
        ? { missingFiles: "refuse", cloudsYaml: options.cloudsYaml }
        : { missingFiles: "skip" }
    )
    const conf = yield* load
    const { logFormat, otlpEndpoint } = conf.telemetry
    return yield* Effect.gen(function* () {
      const warnings = [...options.warnings, ...conf.warnings.map(describeProblem)]
      yield* Effect.forEach(warnings, (warning) => Effect.logWarning(warning), { discard: true })
      const watching = yield* observing(options.httpEndpoint)
      const serving = serveAll(options, conf, load, surroundings, watching)
      return yield* Effect.provideService(serving, Telemetry, watching.watcherFor(""))
    }).pipe(traced(options, otlpEndpoint), Effect.provide(layerLogFormat(logFormat)))
  })

const serveAll = (
  options: Options,
  conf: CloudConf,
  load: ReturnType<typeof loadCloudConf>,
  surroundings: Surroundings,
  watching: Watching
) =>
  Effect.gen(function* () {
    const clouds = options.provideControllerService
      ? yield* buildClouds(options, conf, load, watching, surroundings.pod)
      : undefined
    const { requestTimeout, searchOrder } = conf.metadata

    const served = yield* serveDriver({
      endpoint: options.endpoint,
      vendorVersion,
      withTopology: options.withTopology,
      singleNodeMultiWriter: conf.blockStorage.singleNodeMultiWriter,
      controller: clouds === undefined ? undefined : Layer.succeedContext(clouds),
      node: options.provideNodeService
        ? layerNode({
            maxVolumes: conf.blockStorage.nodeVolumeAttachLimit,
            limitFromGuest: conf.blockStorage.nodeVolumeAttachLimitFromGuest,
            withTopology: options.withTopology,
            additionalTopology: options.additionalTopology,
            rescanOnResize: conf.blockStorage.rescanOnResize,
            formatNoise: conf.blockStorage.formatNoise,
            uuidGuard: conf.blockStorage.uuidGuard
          }).pipe(
            Layer.provide(
              layerHostLinux({ formatConcurrency: conf.blockStorage.formatConcurrency, ...surroundings.host })
            ),
            Layer.provide(
              layerInstanceMetadata({
                searchOrder,
                ...Option.match(Option.fromNullable(requestTimeout), {
                  onNone: () => ({}),
                  onSome: (timeout) => ({ requestTimeout: timeout })
                }),
                ...surroundings.metadata
              })
            )
          )
        : undefined
    })
    if (options.provideNodeService && conf.blockStorage.removeStartupTaint) {
      const { removeStartupTaint, layerOwnNode } = yield* Effect.promise(() => import("./ownNode.ts"))
      const node = yield* Layer.build(layerOwnNode("remove-startup-taint", options, surroundings.pod))
      yield* Effect.forkScoped(Effect.provide(removeStartupTaint, node))
    }
    yield* Effect.logInfo(`cinder-csi-plugin ${version} serves CSI at ${served.target}`)
    return served
  })
