import { type Duration, Effect, Layer } from "effect"
import { makeCsiClient, type RpcFailure } from "../../adapters/csi/client.ts"
import { lookAtFolder } from "../../adapters/host/folderLook.ts"
import { layerHostLinux } from "../../adapters/host/HostMounterLinux.ts"
import type { HostOptions } from "../../adapters/host/HostOptions.ts"
import { toolVersions } from "../../adapters/host/toolVersions.ts"
import type { MetadataOptions } from "../../adapters/metadata/InstanceMetadata.ts"
import { identities } from "../../adapters/metadata/identities.ts"
import { HostFailure } from "../../domain/errors.ts"
import { HostReading } from "../../ports/HostReading.ts"
import { NodeSurvey, type PluginSeen } from "../../ports/NodeSurvey.ts"

export interface NodePlaces {
  readonly host?: Partial<HostOptions>
  readonly metadata?: Partial<MetadataOptions>
}

const silent = (socket: string) => (failure: RpcFailure) =>
  new HostFailure({ operation: `ask the plugin at ${socket}`, outcome: "unknown", detail: failure.message })

const askPlugin = (socket: string, timeout: Duration.Duration): Effect.Effect<PluginSeen, HostFailure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const csi = yield* makeCsiClient(`unix:${socket}`)
      const { name, vendorVersion } = yield* Effect.mapError(csi.getPluginInfo({}, { timeout }), silent(socket))
      const { ready } = yield* Effect.mapError(csi.probe({}, { timeout }), silent(socket))
      const node = yield* Effect.match(csi.nodeGetInfo({}, { timeout }), {
        onSuccess: ({ nodeId }) => ({ nodeId, problem: undefined }),
        onFailure: ({ details }) => ({ nodeId: undefined, problem: details })
      })
      return { name, version: vendorVersion, ready: ready ?? true, ...node }
    })
  )

/** This machine as the driver's node service sees it, to be read alone. */
export const layerThisNode = (
  limit: Duration.Duration,
  places: NodePlaces = {}
): Layer.Layer<NodeSurvey | HostReading> =>
  Layer.effect(
    NodeSurvey,
    Effect.map(HostReading, ({ describeDevices }) =>
      NodeSurvey.of({
        identities: identities({ requestTimeout: limit, ...places.metadata }),
        tools: toolVersions,
        disks: describeDevices,
        folder: lookAtFolder,
        plugin: (socket) => askPlugin(socket, limit)
      })
    )
  ).pipe(Layer.provideMerge(Layer.provide(HostReading.layer, layerHostLinux(places.host))))
