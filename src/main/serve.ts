import { Effect, Layer, Option, type Scope } from "effect"
import type { CloudConf } from "../adapters/config/CloudConf.ts"
import { loadCloudConf } from "../adapters/config/loadCloudConf.ts"
import { describeProblem } from "../adapters/config/problems.ts"
import { layerHostLinux } from "../adapters/host/HostMounterLinux.ts"
import type { HostOptions } from "../adapters/host/HostOptions.ts"
import { layerInstanceMetadata, type MetadataOptions } from "../adapters/metadata/InstanceMetadata.ts"
import type { RequestObserver } from "../adapters/openstack/observer.ts"
import type { MetricsEndpointFailure } from "../adapters/telemetry/metricsEndpoint.ts"
import { layerClaims } from "./claimsLayer.ts"
import { layerCloud } from "./cloudLayers.ts"
import { layerClouds, layerController, layerNode, serveDriver } from "./driver.ts"
import type { Address } from "./endpoint.ts"
import type { PodSurroundings } from "./kubernetesWays.ts"
import type { Options } from "./options.ts"
import { type ServedCloud, serveClouds } from "./rotation.ts"
import { vendorVersion, version } from "./version.ts"

/** Where this host, its metadata and its pod are, if not where every server has them: for tests and demonstrations alone. */
export interface Surroundings {
  readonly host?: Partial<HostOptions>
  readonly metadata?: Partial<MetadataOptions>
  readonly pod?: PodSurroundings
}

/** Counts the requests to the cloud and serves the counts; the library for it is loaded only if an address is given. */
export const observing = (
  address: Address | undefined
): Effect.Effect<RequestObserver, MetricsEndpointFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const ignore: RequestObserver = () => undefined
    if (address === undefined) return ignore
    const [{ makeCloudMetrics }, { serveMetrics }] = yield* Effect.promise(() =>
      Promise.all([import("../adapters/telemetry/CloudMetrics.ts"), import("../adapters/telemetry/metricsEndpoint.ts")])
    )
    const metrics = makeCloudMetrics()
    const port = yield* serveMetrics(metrics, address)
    yield* Effect.logInfo(`metrics are served on port ${port}`)
    return metrics.observe
  })

/** Every cloud that is asked for. A section that is absent or cannot be used ends the start, a cloud out of reach does not. */
const buildClouds = (
  options: Options,
  conf: CloudConf,
  load: ReturnType<typeof loadCloudConf>,
  observe: RequestObserver,
  pod: PodSurroundings | undefined
) =>
  Effect.gen(function* () {
    const served = yield* serveClouds(load, conf, options.cloudNames)
    const userAgent = [`cinder-csi-plugin/${version}`, ...options.userAgent].reverse().join(" ")
    const { ignoreVolumeMicroversion: ignoreMicroversions } = conf.blockStorage
    const cloudOptions = { userAgent, observe, proxies: options.proxies, ignoreMicroversions }
    const { cluster, withTopology } = options
    const { ignoreVolumeAz, multiWriterFileSystem, removeStaleAttachments } = conf.blockStorage
    const claims: Layer.Layer<never> = options.pvcAnnotations
      ? Layer.succeedContext(yield* Layer.build(layerClaims(options, pod)))
      : Layer.empty
    const controllerOf = ({ cloud, live }: ServedCloud) =>
      layerController({
        cluster,
        withTopology,
        ignoreVolumeZone: ignoreVolumeAz,
        zoneMap: cloud.zoneMap,
        multiWriterFileSystem,
        removeStaleAttachments
      }).pipe(Layer.provide(layerCloud(cloud, live, cloudOptions)), Layer.provide(claims))
    return yield* Layer.build(layerClouds(new Map([...served].map(([name, cloud]) => [name, controllerOf(cloud)]))))
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
    const warnings = [...options.warnings, ...conf.warnings.map(describeProblem)]
    yield* Effect.forEach(warnings, (warning) => Effect.logWarning(warning), { discard: true })

    const observe = yield* observing(options.httpEndpoint)
    const clouds = options.provideControllerService
      ? yield* buildClouds(options, conf, load, observe, surroundings.pod)
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
