import { Layer } from "effect"
import { layerClouds, layerController } from "effect-cinder-csi/domain"
import type { Cinder, CloudWatch, Nova } from "effect-cinder-csi/ports"

const oneOf = layerController({ cluster: "", withTopology: true, ignoreVolumeZone: true })

/** Two clouds behind one driver, each with services, locks and waits of its own. */
export const northAndSouth = (
  north: Layer.Layer<Cinder | Nova | CloudWatch>,
  south: Layer.Layer<Cinder | Nova | CloudWatch>
) =>
  layerClouds(
    new Map([
      ["north", Layer.provide(oneOf, north)],
      ["south", Layer.provide(oneOf, south)]
    ])
  )
