import type { Reply, Seen } from "../ScriptedServer.ts"
import { forbidden, objectOr404, type Route } from "./routes.ts"

type Json = Readonly<Record<string, unknown>>

const kinds = { persistentvolumeclaims: "PersistentVolumeClaim", pods: "Pod" } as const

/** Kinds of objects in namespaces that the doctor reads, by the word that paths have for them. */
type Resource = keyof typeof kinds

/** What a test puts behind the API. */
export interface ViewedObjects {
  readonly routes: ReadonlyArray<Route>
  readonly put: (resource: Resource, namespace: string, name: string, object: Json) => void
  readonly get: (resource: Resource, namespace: string, name: string) => Reply
  readonly warn: (kind: string, namespace: string, name: string, reason: string, message: string) => void
  /** Resources that the caller's role does not let it see, such as `persistentvolumes`. */
  readonly denied: Set<string>
}

export const makeViewedObjects = (): ViewedObjects => {
  const objects = new Map<string, Json>()
  const events: Array<Json & { readonly involvedObject: Json }> = []
  const denied = new Set<string>()
  const keyOf = (resource: string, namespace: string, name: string) => `${resource}/${namespace}/${name}`

  const get = (resource: Resource, namespace: string, name: string): Reply => {
    if (denied.has(resource)) return forbidden("get", resource)
    return objectOr404(objects.get(keyOf(resource, namespace, name)), resource, name)
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

  return {
    denied,
    get,
    put: (resource, namespace, name, object) => {
      const metadata = Object(object["metadata"])
      objects.set(keyOf(resource, namespace, name), {
        kind: kinds[resource],
        apiVersion: "v1",
        ...object,
        metadata: { uid: `uid-of-${name}`, ...metadata, name, namespace }
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
      {
        method: "GET",
        path: /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)$/,
        answer: ([namespace = "", name = ""]) => get("pods", namespace, name)
      },
      {
        method: "GET",
        path: /^\/api\/v1\/namespaces\/([^/]+)\/events$/,
        answer: ([namespace = ""], request) => listEvents(namespace, request)
      }
    ]
  }
}
