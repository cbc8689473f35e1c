import type { FileSystem } from "@effect/platform"
import { Effect, Layer, Schema } from "effect"
import type { ClaimRef } from "../../domain/Claim.ts"
import { ClaimNotFound, ClaimUnreadable } from "../../domain/errors.ts"
import { Claims } from "../../ports/Claims.ts"
import type { AccessProblem } from "./ClusterAccess.ts"
import { type KubernetesFailure, type KubernetesOptions, makeKubernetes, neededBy } from "./KubernetesHttp.ts"

/** Anything that is not plainly a claim is refused: it must not pass for a claim without annotations. */
const WireClaim = Schema.parseJson(
  Schema.Struct({
    kind: Schema.Literal("PersistentVolumeClaim"),
    metadata: Schema.Struct({
      annotations: Schema.optionalWith(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.String })), {
        exact: true
      })
    })
  })
)
const decode = Schema.decodeUnknown(WireClaim)

/** What Kubernetes allows (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/), at home in any path. */
const objectName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

const pathOf = ({ namespace, name }: ClaimRef): string | undefined =>
  objectName.test(namespace) && objectName.test(name)
    ? `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`
    : undefined

const remedyFor = ({ status }: KubernetesFailure): string | undefined => {
  switch (status) {
    case 401:
      return "check the token of the controller's service account, or --kubeconfig"
    case 403:
      return "let the controller's service account get persistentvolumeclaims, as the role of csi-provisioner does"
    default:
      return undefined
  }
}

const failureOf = (claim: ClaimRef) => (failure: KubernetesFailure) =>
  failure.reason === "NotFound"
    ? new ClaimNotFound({ claim })
    : new ClaimUnreadable({ claim, detail: failure.detail, remedy: remedyFor(failure) })

/** Claims of the cluster that the options lead to, each read by itself when it is asked for. */
export const layerClaimsKubernetes = (
  options: KubernetesOptions
): Layer.Layer<Claims, AccessProblem, FileSystem.FileSystem> =>
  Layer.scoped(
    Claims,
    Effect.map(neededBy("--pvc-annotations", makeKubernetes(options)), ({ get }) => ({
      annotations: Effect.fn("Claims.annotations")(function* (claim: ClaimRef) {
        const path = pathOf(claim)
        if (path === undefined) return yield* new ClaimNotFound({ claim })
        const body = yield* Effect.mapError(get(path), failureOf(claim))
        const { metadata } = yield* Effect.mapError(
          decode(body),
          () => new ClaimUnreadable({ claim, detail: "the answer of Kubernetes is no claim", remedy: undefined })
        )
        return metadata.annotations ?? {}
      })
    }))
  )
