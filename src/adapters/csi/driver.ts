import { Effect, Layer, type Scope } from "effect"
import type { Clouds } from "../../domain/Clouds.ts"
import type { NodePublishing } from "../../domain/NodePublishing.ts"
import type { NodeStaging } from "../../domain/NodeStaging.ts"
import type { NodeVolumes } from "../../domain/NodeVolumes.ts"
import { controllerService } from "./controller.ts"
import { identityService } from "./identity.ts"
import { nodeService } from "./node.ts"
import { type Served, type ServeEndpoint, type ServeFailure, type Service, serve } from "./server.ts"

/** Where CSI is served, and what answers. */
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
