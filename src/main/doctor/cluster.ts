import { join } from "node:path"
import { FileSystem } from "@effect/platform"
import { type Context, Effect, Either, Layer, type Scope } from "effect"
import { driverName } from "../../adapters/csi/identity.ts"
import type { ClusterView } from "../../ports/ClusterView.ts"
import { serviceAccountFolder } from "../kubernetesWays.ts"
import { version } from "../version.ts"
import type { DoctorOptions } from "./options.ts"

/** Where a pod has its credentials, if not where every pod has them: for tests. */
export interface PodPlaces {
  readonly serviceHost?: string
  readonly servicePort?: string
  readonly serviceAccountFolder?: string
}

const exists = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.exists(path)).pipe(Effect.orElseSucceed(() => false))

/** Of several files the first that is there, as in kubectl's KUBECONFIG; then the pod's account; then what a laptop has. */
const kubeconfigOf = ({ home, kubeconfig, serviceHost }: DoctorOptions, pod: PodPlaces) =>
  Effect.gen(function* () {
    const named = kubeconfig.split(":").filter((path) => path !== "")
    if (named.length > 0) return (yield* Effect.filter(named, exists))[0] ?? named[0] ?? ""
    const usual = join(home, ".kube", "config")
    const inPod = (pod.serviceHost ?? serviceHost) !== ""
    return !inPod && home !== "" && (yield* exists(usual)) ? usual : ""
  })

/** What can be asked, or why nothing can. */
export type WayToCluster = Either.Either<Context.Context<ClusterView>, string>

/** A way to Kubernetes, or why there is none. Its library is loaded only here. Asks nothing yet. */
export const clusterOf = (
  options: DoctorOptions,
  pod: PodPlaces
): Effect.Effect<WayToCluster, never, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const kubeconfig = yield* kubeconfigOf(options, pod)
    const { limit, serviceHost, servicePort } = options
    const { layerClusterView } = yield* Effect.promise(
      () => import("../../adapters/kubernetes/ClusterViewKubernetes.ts")
    )
    const layer = layerClusterView({
      kubeconfig,
      serviceHost,
      servicePort,
      serviceAccountFolder,
      userAgent: `cinder-csi-plugin/${version} doctor`,
      driver: driverName,
      limit,
      requestLimit: limit,
      ...pod
    })
    return Either.mapLeft(yield* Effect.either(Layer.build(layer)), ({ message }) => message)
  })
