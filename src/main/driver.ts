import { Effect, Layer, type Scope } from "effect"
import { controllerService } from "../adapters/csi/controller.ts"
import { identityService } from "../adapters/csi/identity.ts"
import { nodeService } from "../adapters/csi/node.ts"
import { type Served, type ServeEndpoint, type ServeFailure, type Service, serve } from "../adapters/csi/server.ts"
import { type CloudServices, Clouds, cloudServices, makeClouds } from "../domain/Clouds.ts"
import { type ControllerOptions, ControllerSettings } from "../domain/ControllerSettings.ts"
import { NodePublishing } from "../domain/NodePublishing.ts"
import { type NodeOptions, NodeSettings } from "../domain/NodeSettings.ts"
import { NodeStaging } from "../domain/NodeStaging.ts"
import { NodeVolumes } from "../domain/NodeVolumes.ts"
import { SnapshotProvisioning } from "../domain/SnapshotProvisioning.ts"
import { VolumeAttachment } from "../domain/VolumeAttachment.ts"
import { VolumeProvisioning } from "../domain/VolumeProvisioning.ts"
import type { Cinder } from "../ports/Cinder.ts"
import type { CloudWatch } from "../ports/CloudWatch.ts"
import type { HostMounter } from "../ports/HostMounter.ts"
import type { InstanceMetadata } from "../ports/InstanceMetadata.ts"
import type { Nova } from "../ports/Nova.ts"

type CloudPorts = Cinder | Nova | CloudWatch

/** Everything the controller half of the domain does, over any cloud; to callers it is the one that needs no name. */
export const layerController = (
  options: ControllerOptions
): Layer.Layer<VolumeProvisioning | VolumeAttachment | SnapshotProvisioning | Clouds, never, CloudPorts> =>
  Clouds.layerOfOne.pipe(
    Layer.provideMerge(
      Layer.mergeAll(VolumeProvisioning.layer, VolumeAttachment.layer, SnapshotProvisioning.layer).pipe(
        Layer.provide(Layer.succeed(ControllerSettings, options))
      )
    )
  )

/** Several clouds, each a `layerController`, by the name that the key `cloud` of a call's secrets gives them. */
export const layerClouds = <E, R>(
  clouds: ReadonlyMap<string, Layer.Layer<VolumeProvisioning | VolumeAttachment | SnapshotProvisioning, E, R>>
): Layer.Layer<Clouds, E, R> =>
  Layer.scoped(
    Clouds,
    Effect.forEach(clouds, ([name, controller]) =>
      // Each is built by itself: layers that are built together share their services, and locks and waits are a cloud's own.
      Layer.build(controller).pipe(
        Effect.flatMap((built) => Effect.provide(cloudServices, built)),
        Effect.map((services): readonly [string, CloudServices] => [name, services])
      )
    ).pipe(Effect.map((services) => makeClouds(new Map(services))))
  )

/** Everything the node half of the domain does, over any host. */
export const layerNode = (
  options: NodeOptions
): Layer.Layer<NodeStaging | NodePublishing | NodeVolumes, never, HostMounter | InstanceMetadata> =>
  Layer.mergeAll(NodeStaging.layer, NodePublishing.layer, NodeVolumes.layer).pipe(
    Layer.provide(Layer.succeed(NodeSettings, options))
  )

export interface DriverOptions {
  readonly endpoint: ServeEndpoint
  readonly vendorVersion: string
  readonly withTopology: boolean
  /** Announce SINGLE_NODE_MULTI_WRITER. Default true; the modes are accepted either way. */
  readonly singleNodeMultiWriter?: boolean
  /** Undefined: this process serves no controller. */
  readonly controller: Layer.Layer<Clouds> | undefined
  /** Undefined: this process serves no node. */
  readonly node: Layer.Layer<NodeStaging | NodePublishing | NodeVolumes> | undefined
}

/** Serves CSI over the given halves until the Scope closes. */
export const serveDriver = (options: DriverOptions): Effect.Effect<Served, ServeFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const { singleNodeMultiWriter = true } = options
    const services: Array<Service> = [identityService(options)]
    if (options.controller !== undefined) {
      services.push(
        yield* Effect.provide(controllerService({ singleNodeMultiWriter }), yield* Layer.build(options.controller))
      )
    }
    if (options.node !== undefined) {
      services.push(yield* Effect.provide(nodeService({ singleNodeMultiWriter }), yield* Layer.build(options.node)))
    }
    return yield* serve({ endpoint: options.endpoint, services })
  })
