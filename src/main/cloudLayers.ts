import { type Effect, Layer } from "effect"
import type { Cloud } from "../adapters/config/Cloud.ts"
import { layerCinderHttp } from "../adapters/openstack/CinderHttp.ts"
import { layerHttpClient } from "../adapters/openstack/httpClient.ts"
import { layerKeystone } from "../adapters/openstack/Keystone.ts"
import { layerNovaHttp } from "../adapters/openstack/NovaHttp.ts"
import type { RequestObserver } from "../adapters/openstack/observer.ts"
import type { Proxies } from "../adapters/openstack/proxies.ts"
import { layerPolling } from "../adapters/waiting/PollingCloudWatch.ts"
import type { Cinder } from "../ports/Cinder.ts"
import type { CloudWatch } from "../ports/CloudWatch.ts"
import type { Nova } from "../ports/Nova.ts"
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

/** The ports of one configured cloud. Asks the cloud nothing before the first call. */
export const layerCloud = (
  cloud: Cloud,
  { current, look }: LiveAccess,
  { userAgent, observe, proxies, ignoreMicroversions }: CloudOptions
): Layer.Layer<Cinder | Nova | CloudWatch> => {
  const choice = { region: cloud.region, interface: cloud.interface }
  const service = { choice, userAgent, observe }
  const auth = () => current().auth
  return layerPolling().pipe(
    Layer.provideMerge(Layer.merge(layerCinderHttp({ ...service, ignoreMicroversions }), layerNovaHttp(service))),
    Layer.provide(layerKeystone({ authUrl: cloud.authUrl, auth, onRefused: look, userAgent, observe })),
    Layer.provide(layerHttpClient(() => current().tls, { proxies }))
  )
}
