import { Effect, Layer } from "effect"
import { type ClusterOptions, type PodSurroundings, waysToKubernetes } from "./kubernetesWays.ts"

/** Claims of the cluster that the flags lead to. What it takes is loaded by those drivers alone that read claims. */
export const layerClaims = (options: ClusterOptions, surroundings: PodSurroundings = {}) =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("../adapters/kubernetes/ClaimsKubernetes.ts")),
      ({ layerClaimsKubernetes }) => layerClaimsKubernetes(waysToKubernetes(options, surroundings))
    )
  )
