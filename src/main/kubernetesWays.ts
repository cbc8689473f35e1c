import { HttpClient } from "@effect/platform"
import { Context, Effect, Layer } from "effect"
import type { TlsOptions } from "../adapters/openstack/httpClient.ts"
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

export type ClusterOptions = Pick<Options, "kubernetes" | "proxies">

/** How a process asks Kubernetes that has no library for it. */
export const waysToKubernetes = ({ kubernetes, proxies }: ClusterOptions, surroundings: PodSurroundings) => ({
  serviceAccountFolder,
  ...kubernetes,
  ...surroundings,
  userAgent: `cinder-csi-plugin/${version}`,
  connect: (tls: () => TlsOptions) =>
    Effect.map(Layer.build(layerHttpClient(tls, { proxies })), Context.get(HttpClient.HttpClient))
})
