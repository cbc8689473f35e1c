import { Effect, type Scope } from "effect"
import type { ClaimRef } from "../../../src/domain/Claim.ts"
import { ca, server } from "../certificates.ts"
import { type Reply, type ScriptedServer, type Seen, scriptedServer } from "../ScriptedServer.ts"
import { type ClusterObjects, makeClusterObjects } from "./clusterObjects.ts"
import { type Route, refusal } from "./routes.ts"
import { makeViewedObjects, type ViewedObjects } from "./viewedObjects.ts"
import { makeVolumeObjects, type VolumeObjects } from "./volumeObjects.ts"

export { refusal } from "./routes.ts"

type Annotations = Readonly<Record<string, string>>

/** What a test does to the cluster behind the API. */
export interface KubernetesApi extends ScriptedServer {
  /** Nodes, what their kubelets registered, and events. */
  readonly cluster: ClusterObjects
  readonly storage: VolumeObjects
  /** Claims and pods in full, and warnings about all kinds. */
  readonly viewed: ViewedObjects
  readonly putClaim: (claim: ClaimRef, annotations?: Annotations) => void
  /** Bearer tokens that are accepted. A client certificate of the test's authority always is. */
  readonly tokens: Set<string>
  /** Whether the caller's role has the right that a request needs. */
  readonly rights: { claims: boolean }
  /** Answers to the next requests, ahead of everything else. */
  readonly upset: Array<Reply>
  /** Answers to the next request of the method. */
  readonly refuseNext: (method: string, reply: Reply) => void
}

const keyOf = ({ namespace, name }: ClaimRef) => `${namespace}/${name}`

/** Enough of the Kubernetes API on 127.0.0.1 for what the driver asks of it; over TLS unless told otherwise. */
export const kubernetesApi = (
  options: { readonly tls?: boolean } = {}
): Effect.Effect<KubernetesApi, never, Scope.Scope> => {
  const claims = new Map<string, unknown>()
  const tokens = new Set<string>()
  const rights = { claims: true }
  const upset: Array<Reply> = []
  const refusals = new Map<string, Reply>()

  const cluster = makeClusterObjects()
  const viewed = makeViewedObjects()
  const storage = makeVolumeObjects(viewed.denied)
  const routes: ReadonlyArray<Route> = [
    ...cluster.routes,
    ...storage.routes,
    ...viewed.routes,
    {
      method: "GET",
      path: /^\/api\/v1\/namespaces\/([^/]+)\/persistentvolumeclaims\/([^/]+)$/,
      answer: ([namespace = "", name = ""]) => {
        if (!rights.claims) {
          return refusal(
            403,
            "Forbidden",
            `persistentvolumeclaims "${name}" is forbidden: User "system:serviceaccount:kube-system:csi" cannot get ` +
              `resource "persistentvolumeclaims" in API group "" in the namespace "${namespace}"`
          )
        }
        const body = claims.get(keyOf({ namespace, name }))
        return body === undefined ? viewed.get("persistentvolumeclaims", namespace, name) : { status: 200, body }
      }
    }
  ]

  const answer = (request: Seen): Reply => {
    const next = upset.shift()
    if (next !== undefined) return next
    const refused = refusals.get(request.method)
    refusals.delete(request.method)
    if (refused !== undefined) return refused
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1]
    if (request.clientName === undefined && !tokens.has(token ?? ""))
      return refusal(401, "Unauthorized", "Unauthorized")
    for (const { method, path, answer } of routes) {
      const groups = path.exec(request.path)?.slice(1)
      if (method === request.method && groups !== undefined) return answer(groups, request)
    }
    return { status: 404, body: "404 page not found\n" }
  }

  const putClaim = (claim: ClaimRef, annotations?: Annotations) => {
    const metadata = { ...claim, uid: `uid of ${keyOf(claim)}`, ...(annotations === undefined ? {} : { annotations }) }
    claims.set(keyOf(claim), { kind: "PersistentVolumeClaim", apiVersion: "v1", metadata, spec: {}, status: {} })
  }

  const tls = options.tls === false ? undefined : { ...server, ca }
  return Effect.map(scriptedServer(answer, tls), (served) => ({
    ...served,
    cluster,
    storage,
    viewed,
    putClaim,
    tokens,
    rights,
    upset,
    refuseNext: (method, reply) => void refusals.set(method, reply)
  }))
}
