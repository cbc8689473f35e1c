import { type Effect, Layer } from "effect"
import type { Cloud } from "../adapters/config/Cloud.ts"
import { layerCinderHttp } from "../adapters/openstack/CinderHttp.ts"
import { layerHttpClient } from "../adapters/openstack/httpClient.ts"
import { layerInventoryHttp } from "../adapters/openstack/InventoryHttp.ts"
import { layerKeystone } from "../adapters/openstack/Keystone.ts"
import { layerNovaHttp } from "../adapters/openstack/NovaHttp.ts"
import type { RequestObserver } from "../adapters/openstack/observer.ts"
import type { Proxies } from "../adapters/openstack/proxies.ts"
import { layerServerPowerHttp } from "../adapters/openstack/ServerPowerHttp.ts"
import { layerPolling } from "../adapters/waiting/PollingCloudWatch.ts"
import type { Cinder } from "../ports/Cinder.ts"
import type { CloudInventory } from "../ports/CloudInventory.ts"
import type { CloudWatch } from "../ports/CloudWatch.ts"
import type { Nova } from "../ports/Nova.ts"
import type { ServerPower } from "../ports/ServerPower.ts"
import type { Access } from "./access.ts"

export interface CloudOptions {
  /** In front of our own, first to last. */
  readonly userAgent: string
  readonly observe: RequestObserver
  readonly proxies: Proxies
  /** Ask Cinder for no microversion. */
  readonly ignoreMicroversions: boolean
}

/** Access to a cloud that may be replaced meanwhile. */
export interface LiveAccess {
  readonly current: () => Access
  /** Looks for a newer one at once. */
  readonly look: Effect.Effect<void>
}

export const layerLogin = ({ authUrl }: Cloud, { current, look }: LiveAccess, { userAgent, observe }: CloudOptions) =>
  layerKeystone({ authUrl, auth: () => current().auth, onRefused: look, userAgent, observe })

export const layerClient = ({ current }: LiveAccess, { proxies }: CloudOptions) =>
  layerHttpClient(() => current().tls, { proxies })

/** What a service of the cloud is reached by. */
const layerAccess = (cloud: Cloud, live: LiveAccess, options: CloudOptions) =>
  Layer.provideMerge(layerLogin(cloud, live, options), layerClient(live, options))

export const serviceOf = ({ region, interface: endpointType }: Cloud, { userAgent, observe }: CloudOptions) => ({
  choice: { region, interface: endpointType },
  userAgent,
  observe
})

/** The ports of one configured cloud. Asks the cloud nothing before the first call. */
export const layerCloud = (
  cloud: Cloud,
  live: LiveAccess,
  options: CloudOptions
): Layer.Layer<Cinder | Nova | CloudWatch> => {
  const service = serviceOf(cloud, options)
  const { ignoreMicroversions } = options
  return layerPolling().pipe(
    Layer.provideMerge(Layer.merge(layerCinderHttp({ ...service, ignoreMicroversions }), layerNovaHttp(service))),
    Layer.provide(layerAccess(cloud, live, options))
  )
}

/** The power of the servers of one configured cloud, for the failover assistant alone. */
export const layerCloudPower = (cloud: Cloud, live: LiveAccess, options: CloudOptions): Layer.Layer<ServerPower> =>
  Layer.provide(layerServerPowerHttp(serviceOf(cloud, options)), layerAccess(cloud, live, options))

/** All that the project of one configured cloud has, for who may change nothing. */
export const layerCloudInventory = (
  cloud: Cloud,
  live: LiveAccess,
  options: CloudOptions
): Layer.Layer<CloudInventory> => {
  const { ignoreMicroversions } = options
  return Layer.provide(
    layerInventoryHttp({ ...serviceOf(cloud, options), ignoreMicroversions }),
    layerAccess(cloud, live, options)
  )
}
