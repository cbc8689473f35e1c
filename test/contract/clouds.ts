import { Effect, Layer, Redacted } from "effect"
import { makeOpenStackHttp } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import {
  layerCloudMemory,
  layerInventoryMemory,
  layerNoDisks,
  layerServerPowerMemory,
  layerWorld,
  World,
  type WorldOptions
} from "../../src/adapters/memory/index.ts"
import { layerCinderHttp } from "../../src/adapters/openstack/CinderHttp.ts"
import { layerHttpClient } from "../../src/adapters/openstack/httpClient.ts"
import { layerInventoryHttp } from "../../src/adapters/openstack/InventoryHttp.ts"
import { layerKeystone } from "../../src/adapters/openstack/Keystone.ts"
import { layerNovaHttp } from "../../src/adapters/openstack/NovaHttp.ts"
import { layerServerPowerHttp } from "../../src/adapters/openstack/ServerPowerHttp.ts"
import type { Cinder } from "../../src/ports/Cinder.ts"
import type { CloudInventory } from "../../src/ports/CloudInventory.ts"
import type { Nova } from "../../src/ports/Nova.ts"
import type { ServerPower } from "../../src/ports/ServerPower.ts"

const service = { choice: { region: undefined, interface: "public" } } as const

type Ports = Cinder | Nova | ServerPower | CloudInventory | World

/** The same World, spoken to over HTTP on 127.0.0.1. */
const layerCloudHttp = (options: WorldOptions): Layer.Layer<Ports> =>
  Layer.unwrapScoped(
    Effect.gen(function* () {
      const { authUrl } = yield* makeOpenStackHttp({ world: yield* World })
      return Layer.mergeAll(
        layerCinderHttp(service),
        layerNovaHttp(service),
        layerServerPowerHttp(service),
        layerInventoryHttp(service)
      ).pipe(
        Layer.provide(
          layerKeystone({
            authUrl,
            auth: {
              _tag: "password",
              user: { name: "csi", domain: { id: "default" } },
              password: Redacted.make("secret"),
              scope: { _tag: "project", project: { name: "csi", domain: { name: "Default" } } }
            }
          })
        ),
        Layer.provide(layerHttpClient({}))
      )
    })
  ).pipe(Layer.orDie, Layer.provideMerge(layerWorld(options)), Layer.provide(layerNoDisks))

/** Every implementation of the ports Cinder and Nova; the World behind comes out too, to arrange what cannot be asked for. */
export const clouds: ReadonlyArray<readonly [name: string, layer: (options?: WorldOptions) => Layer.Layer<Ports>]> = [
  [
    "in memory",
    (options = {}) =>
      Layer.provideMerge(Layer.merge(layerServerPowerMemory, layerInventoryMemory), layerCloudMemory(options))
  ],
  ["over HTTP", (options = {}) => layerCloudHttp(options)]
]
