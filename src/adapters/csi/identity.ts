import { Effect } from "effect"
import {
  PluginCapability_VolumeExpansion_Type as Expands,
  PluginCapability_Service_Type as Has,
  type IdentityServer,
  IdentityService,
  type PluginCapability
} from "./gen/csi.ts"
import type { Service } from "./server.ts"

/** The name that storage classes, persistent volumes and CSINode objects hold; a cluster cannot change it. */
export const driverName = "cinder.csi.openstack.org"

export interface IdentityOptions {
  readonly vendorVersion: string
  /** Whether volumes are bound to zones. */
  readonly withTopology: boolean
}

const has = (type: Has): PluginCapability => ({ type: { $case: "service", value: { type } } })
const expands = (type: Expands): PluginCapability => ({ type: { $case: "volumeExpansion", value: { type } } })

/**
 * Who the driver is. Answers at once and asks nobody: sidecars look at it before anything else and give up on an
 * error, and the liveness probe must not depend on the cloud. The capabilities are those of the whole deployment, the
 * same from a process that serves nodes alone.
 */
export const identityService =
  ({ vendorVersion, withTopology }: IdentityOptions): Service =>
  ({ reads }) => {
    const capabilities = [
      has(Has.CONTROLLER_SERVICE),
      ...(withTopology ? [has(Has.VOLUME_ACCESSIBILITY_CONSTRAINTS)] : []),
      expands(Expands.ONLINE),
      expands(Expands.OFFLINE)
    ]
    const handlers: IdentityServer = {
      getPluginInfo: reads("GetPluginInfo", () =>
        Effect.succeed({ name: driverName, vendorVersion, manifest: new Map() })
      ),
      getPluginCapabilities: reads("GetPluginCapabilities", () => Effect.succeed({ capabilities })),
      probe: reads("Probe", () => Effect.succeed({ ready: true }))
    }
    return { definition: IdentityService, handlers }
  }
