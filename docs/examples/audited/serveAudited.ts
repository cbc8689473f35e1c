import { Effect, Layer } from "effect"
import { layerController } from "effect-cinder-csi/domain"
import { type ServeEndpoint, serveDriver } from "effect-cinder-csi/grpc"
import type { Cinder, Nova } from "effect-cinder-csi/ports"
import { layerPolling } from "effect-cinder-csi/waiting"
import { AuditTrail, layerAudited } from "./layerAudited.ts"

/** The controller of the driver over gRPC, on a cloud whose changes are written to the trail that is at hand. */
export const serveAudited = (endpoint: ServeEndpoint, cloud: Layer.Layer<Cinder | Nova>) =>
  Effect.gen(function* () {
    const trail = Layer.succeed(AuditTrail, yield* AuditTrail)
    const audited = Layer.provideMerge(Layer.provide(layerAudited, trail), cloud)
    const controller = layerController({ cluster: "audited", withTopology: false, ignoreVolumeZone: false }).pipe(
      Layer.provide(layerPolling()),
      Layer.provide(audited)
    )
    return yield* serveDriver({ endpoint, vendorVersion: "1.0.0", withTopology: false, controller, node: undefined })
  })
