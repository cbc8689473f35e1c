import type { Reply, Seen } from "../ScriptedServer.ts"
import { type Route, refusal } from "./routes.ts"

type Json = Readonly<Record<string, unknown>>

/** Kinds of objects that the doctor reads, by the word that paths have for them. */
type Resource = "persistentvolumeclaims" | "persistentvolumes" | "storageclasses" | "pods"

/** What a test puts behind the API. */
export interface ViewedObjects {
  readonly routes: ReadonlyArray<Route>
  /** The namespace is empty for objects that have none. */
  readonly put: (resource: Resource, namespace: string, name: string, object: Json) => void
  readonly get: (resource: Resource, namespace: string, name: string) => Reply
  readonly warn: (kind: string, namespace: string, name: string, reason: string, message: string) => void
  /** Resources that the caller's role does not let it see, such as `persistentvolumes`. */
  readonly denied: Set<string>
}

const kinds: Readonly<Record<Resource, readonly [kind: string, apiVersion: string]>> = {
  persistentvolumeclaims: ["PersistentVolumeClaim", "v1"],
  persistentvolumes: ["PersistentVolume", "v1"],
  storageclasses: ["StorageClass", "storage.k8s.io/v1"],
  pods: ["Pod", "v1"]
}

const forbidden = (verb: string, resource: string) =>
  refusal(403, "Forbidden", `${resource} is forbidden: User "jane" cannot ${verb} resource "${resource}"`)

export const makeViewedObjects = (): ViewedObjects => {
  const objects = new Map<string, Json>()
  const events: Array<Json & { readonly involvedObject: Json }> = []
  const denied = new Set<string>()
  const keyOf = (resource: string, namespace: string, name: string) => `${resource}/${namespace}/${name}`

  const get = (resource: Resource, namespace: string, name: string): Reply => {
    if (denied.has(resource)) return forbidden("get", resource)
    const body = objects.get(keyOf(resource, namespace, name))
    return body === undefined ? refusal(404, "NotFound", `${resource} "${name}" not found`) : { status: 200, body }
  }

  const listEvents = (namespace: string, { query }: Seen): Reply => {
    if (denied.has("events")) return forbidden("list", "events")
    const wanted = new Map(
      (query.get("fieldSelector") ?? "").split(",").map((pair) => {
        const [field = "", value = ""] = pair.split("=")
        return [field, value] as const
      })
    )
    const fits = ({ involvedObject, type }: Json & { readonly involvedObject: Json }) =>
      involvedObject["kind"] === wanted.get("involvedObject.kind") &&
      involvedObject["name"] === wanted.get("involvedObject.name") &&
      (involvedObject["namespace"] ?? "default") === namespace &&
      type === wanted.get("type")
    return { status: 200, body: { kind: "EventList", apiVersion: "v1", metadata: {}, items: events.filter(fits) } }
  }

  const namespaced = (resource: Resource): Route => ({
    method: "GET",
    path: new RegExp(`^/api/v1/namespaces/([^/]+)/${resource}/([^/]+)$`),
    answer: ([namespace = "", name = ""]) => get(resource, namespace, name)
  })
  const global = (resource: Resource, root: string): Route => ({
    method: "GET",
    path: new RegExp(`^${root}/${resource}/([^/]+)$`),
    answer: ([name = ""]) => get(resource, "", name)
  })

  return {
    denied,
    get,
    put: (resource, namespace, name, object) => {
      const [kind, apiVersion] = kinds[resource]
      const metadata = Object(object["metadata"])
      const place = namespace === "" ? {} : { namespace }
      objects.set(keyOf(resource, namespace, name), {
        kind,
        apiVersion,
        ...object,
        metadata: { uid: `uid-of-${name}`, ...metadata, name, ...place }
      })
    },
    warn: (kind, namespace, name, reason, message) => {
      const involvedObject = { kind, name, ...(namespace === "" ? {} : { namespace }) }
      const lastTimestamp = new Date(1_700_000_000_000 + events.length * 60_000).toISOString()
      events.push({
        metadata: { name: `e${events.length}` },
        involvedObject,
        type: "Warning",
        reason,
        message,
        count: 3,
        lastTimestamp
      })
    },
    routes: [
      namespaced("pods"),
      global("persistentvolumes", "/api/v1"),
      global("storageclasses", "/apis/storage.k8s.io/v1"),
      {
        method: "GET",
        path: /^\/api\/v1\/namespaces\/([^/]+)\/events$/,
        answer: ([namespace = ""], request) => listEvents(namespace, request)
      }
    ]
  }
}
