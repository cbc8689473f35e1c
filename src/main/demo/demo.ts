import { FileSystem } from "@effect/platform"
import { Console, Effect, Layer, Logger, LogLevel } from "effect"
import { makeCsiClient } from "../../adapters/csi/client.ts"
import { serveDriver } from "../../adapters/csi/driver.ts"
import { layerCinderMemory } from "../../adapters/memory/CinderMemory.ts"
import { DiskBackend } from "../../adapters/memory/DiskBackend.ts"
import { layerMetadataMemory } from "../../adapters/memory/MetadataMemory.ts"
import { layerNovaMemory } from "../../adapters/memory/NovaMemory.ts"
import { layerWorld } from "../../adapters/memory/worldLayer.ts"
import { layerPolling } from "../../adapters/waiting/PollingCloudWatch.ts"
import { layerController, layerNode } from "../../domain/layers.ts"
import { readCount, readFlags } from "../subcommand.ts"
import { vendorVersion } from "../version.ts"
import type { DemoHost } from "./DemoHost.ts"
import { liveOneLife } from "./life.ts"
import { makeRealHost, obstacleToRealHost } from "./realHost.ts"
import { makeSimulatedHost } from "./simulatedHost.ts"
import { makeSteps } from "./steps.ts"

const demoHelp = `cinder-csi-plugin demo: the driver on a cloud of its own, and one volume's whole life through its socket.

  --keep            serve on when the life is over, and print the socket's path alone on a line
  --max-volumes=N   most volumes that the node takes (default 0: no limit)
  --log             what the driver logs, on standard error

As root on Linux the disks are real: sparse files, loop devices, mkfs, mount. Otherwise the host is simulated.`

interface DemoOptions {
  readonly keep: boolean
  readonly log: boolean
  readonly maxVolumes: number
}

/** Any will do, as long as the cloud and the host agree. */
const serverId = "5e44e2c5-0d3a-4d0c-8a57-1f1d0c5a7e01"
const zone = "nova"

const layerDemoCloud = (host: DemoHost, { maxVolumes }: DemoOptions) =>
  Layer.mergeAll(layerCinderMemory, layerNovaMemory, layerMetadataMemory(serverId)).pipe(
    Layer.provide(
      layerWorld({
        volumeZones: [{ name: zone }],
        serverZones: [zone],
        servers: [{ id: serverId, name: "demo-node" }],
        maxDisksPerServer: maxVolumes === 0 ? -1 : maxVolumes + 1
      })
    ),
    Layer.provide(Layer.succeed(DiskBackend, host.disks))
  )

const chooseHost = (root: string) =>
  Effect.gen(function* () {
    const obstacle = yield* obstacleToRealHost
    return obstacle === undefined
      ? yield* makeRealHost(root, serverId)
      : yield* makeSimulatedHost(root, serverId, obstacle)
  })

const show = (options: DemoOptions) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const root = yield* files.makeTempDirectoryScoped({ prefix: "cinder-csi-demo-" })
    const steps = yield* makeSteps
    const host = yield* chooseHost(root)
    yield* Console.log(`host: ${host.description}`)

    const socket = `${root}/csi.sock`
    const cloud = layerPolling().pipe(Layer.provideMerge(layerDemoCloud(host, options)))
    const ports = yield* Layer.build(Layer.merge(cloud, host.layer))
    yield* steps.step(
      "start the driver",
      serveDriver({
        endpoint: { _tag: "Unix", path: socket },
        vendorVersion,
        withTopology: true,
        controller: layerController({ cluster: "demo", withTopology: true, ignoreVolumeZone: false }).pipe(
          Layer.provide(Layer.succeedContext(ports))
        ),
        node: layerNode({
          maxVolumes: options.maxVolumes,
          limitFromGuest: false,
          withTopology: true,
          additionalTopology: {},
          rescanOnResize: false,
          formatNoise: false,
          uuidGuard: "refuse"
        }).pipe(Layer.provide(Layer.succeedContext(ports)))
      }),
      ({ target }) => target
    )
    yield* liveOneLife(yield* makeCsiClient(`unix:${socket}`), host, steps)
    yield* Console.log(`the life of a volume took ${((yield* steps.taken) / 1000).toFixed(2)} s, and all went well`)
    if (!options.keep) return
    yield* Console.log("serving until interrupted; the socket is")
    yield* Console.log(socket)
    yield* Effect.never
  }).pipe(Effect.scoped, Logger.withMinimumLogLevel(options.log ? LogLevel.Info : LogLevel.None))

/** A cloud, a host and the driver in one process; ends when the life is over unless told to keep serving. */
export const runDemo = (argv: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const flags = yield* readFlags("demo", argv, {
      help: { type: "boolean" },
      keep: { type: "boolean" },
      log: { type: "boolean" },
      "max-volumes": { type: "string" }
    })
    if (flags.help) return yield* Console.log(demoHelp)
    const maxVolumes = yield* readCount("demo", "max-volumes", flags["max-volumes"], 0)
    yield* show({ keep: flags.keep ?? false, log: flags.log ?? false, maxVolumes })
  }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))))
