import { HttpClient } from "@effect/platform"
import { Context, Effect, Layer } from "effect"
import { layerHttpClient } from "../adapters/openstack/httpClient.ts"
import type { Options } from "./options.ts"
import { version } from "./version.ts"

/** Where kubelet puts a pod's credentials: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
export const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

/** What a pod finds in its environment and its files. */
export interface PodSurroundings {
  readonly serviceHost?: string
  readonly servicePort?: string
  readonly serviceAccountFolder?: string
}

/** Claims of the cluster that the flags lead to. What it takes is loaded by those drivers alone that read claims. */
export const layerClaims = ({ kubernetes, proxies }: Options, surroundings: PodSurroundings = {}) =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("../adapters/kubernetes/ClaimsKubernetes.ts")),
      ({ layerClaimsKubernetes }) =>
        layerClaimsKubernetes({
          serviceAccountFolder,
          ...kubernetes,
          ...surroundings,
          userAgent: `cinder-csi-plugin/${version}`,
          connect: (tls) =>
            Effect.map(Layer.build(layerHttpClient(tls, { proxies })), Context.get(HttpClient.HttpClient))
        })
    )
  )
