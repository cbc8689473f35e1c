import { Effect, Layer } from "effect"
import type { Cinder } from "../ports/Cinder.ts"
import type { CloudWatch } from "../ports/CloudWatch.ts"
import type { HostMounter } from "../ports/HostMounter.ts"
import type { InstanceMetadata } from "../ports/InstanceMetadata.ts"
import type { Nova } from "../ports/Nova.ts"
import { type CloudServices, Clouds, cloudServices, makeClouds } from "./Clouds.ts"
import { type ControllerOptions, ControllerSettings } from "./ControllerSettings.ts"
import { NodePublishing } from "./NodePublishing.ts"
import { type NodeOptions, NodeSettings } from "./NodeSettings.ts"
import { NodeStaging } from "./NodeStaging.ts"
import { NodeVolumes } from "./NodeVolumes.ts"
import { SnapshotProvisioning } from "./SnapshotProvisioning.ts"
import { VolumeAttachment } from "./VolumeAttachment.ts"
import { VolumeProvisioning } from "./VolumeProvisioning.ts"

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
