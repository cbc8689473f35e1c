/**
 * The ports of the cloud over OpenStack's HTTP APIs.
 *
 * @module effect-cinder-csi/openstack
 */
export type { DomainRef, OpenStackAuth, ScopeRef, UserRef } from "./Auth.ts"
export { type CinderOptions, layerCinderHttp } from "./CinderHttp.ts"
export type { EndpointChoice } from "./endpoints.ts"
export { type ConnectionOptions, layerHttpClient, type TlsOptions } from "./httpClient.ts"
export { layerInventoryHttp } from "./InventoryHttp.ts"
export { Keystone, type KeystoneOptions, layerKeystone } from "./Keystone.ts"
export { layerNovaHttp } from "./NovaHttp.ts"
export type { ServiceOptions } from "./OpenStackHttp.ts"
export type { ObservedRequest, RequestLabel, RequestObserver } from "./observer.ts"
export { type HttpProxy, type Proxies, readProxies, type Target as ProxyTarget } from "./proxies.ts"
export { layerServerPowerHttp } from "./ServerPowerHttp.ts"
