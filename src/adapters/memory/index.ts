/**
 * An OpenStack project and Linux hosts in memory, which provide the same ports as the real ones: for tests, on virtual time,
 * with faults on demand.
 *
 * @module effect-cinder-csi/memory
 */
import { Layer } from "effect"
import type { Cinder } from "../../ports/Cinder.ts"
import type { Nova } from "../../ports/Nova.ts"
import { layerCinderMemory } from "./CinderMemory.ts"
import { type DiskBackend, layerNoDisks } from "./DiskBackend.ts"
import { layerNovaMemory } from "./NovaMemory.ts"
import type { World } from "./World.ts"
import { layerWorld } from "./worldLayer.ts"
import type { WorldOptions } from "./worldSettings.ts"

export { layerCinderMemory } from "./CinderMemory.ts"
export {
  DiskBackend,
  DiskBackendFault,
  type DiskBackendService,
  type DiskSource,
  layerNoDisks,
  noDisks
} from "./DiskBackend.ts"
export {
  type HostMemory,
  type HostMemoryOptions,
  type HostMemoryServer,
  makeHostMemory,
  type OutsideFiles,
  realFiles
} from "./HostMemory.ts"
export type { DiskFilling } from "./HostMemoryDisks.ts"
export type { HostFault, HostFaults } from "./HostMemoryFaults.ts"
export type { OutsideEntry } from "./HostMemoryOutside.ts"
export type { Collapse, HostEvent, HostOperation } from "./HostMemoryTypes.ts"
export type { CatalogService, CatalogSettings, Endpoints } from "./http/catalog.ts"
export type { HttpFault, HttpFaults } from "./http/httpFaults.ts"
export { ListenFault, type TlsSettings } from "./http/httpServer.ts"
export type {
  ApplicationCredentialSettings,
  DomainSettings,
  IdentitySettings,
  ProjectSettings,
  RoleName,
  TrustSettings,
  UserSettings
} from "./http/identitySettings.ts"
export type { Json, JsonObject } from "./http/json.ts"
export { makeOpenStackHttp, type OpenStackHttp, type OpenStackHttpOptions } from "./http/makeOpenStackHttp.ts"
export type { LoggedRequest, RequestLog } from "./http/requestLog.ts"
export { openStackServer, type ServeOptions } from "./http/server.ts"
export { layerInventoryMemory } from "./InventoryMemory.ts"
export { layerMetadataMemory } from "./MetadataMemory.ts"
export { layerNovaMemory } from "./NovaMemory.ts"
export { layerServerPowerMemory } from "./ServerPowerMemory.ts"
export * from "./World.ts"
export { type FaultKind, WorldFault } from "./worldErrors.ts"
export { layerWorld, makeWorld } from "./worldLayer.ts"
export type * from "./worldRequests.ts"
export {
  type Latencies,
  type QuotaSettings,
  type VolumeTypeSettings,
  type VolumeZoneSettings,
  type WorkName,
  type WorldOptions,
  type WorldSettings,
  workNames
} from "./worldSettings.ts"
export type * from "./worldTypes.ts"

/** Cinder and Nova over one World, whose bytes move in the given disks; the World comes out too, for faults and set-up. */
export const layerCloudMemoryOnDisks = (
  options: WorldOptions = {}
): Layer.Layer<Cinder | Nova | World, never, DiskBackend> =>
  Layer.merge(layerCinderMemory, layerNovaMemory).pipe(Layer.provideMerge(layerWorld(options)))

/** As `layerCloudMemoryOnDisks`, with records alone. */
export const layerCloudMemory = (options: WorldOptions = {}): Layer.Layer<Cinder | Nova | World> =>
  Layer.provide(layerCloudMemoryOnDisks(options), layerNoDisks)
