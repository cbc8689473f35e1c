import type { Reply, Seen, Sink } from "../ScriptedServer.ts"
import { listPage, type Route, refusal, statusBody } from "./routes.ts"

type Json = Readonly<Record<string, unknown>>

export interface Stored extends Json {
  readonly metadata: { readonly name: string; readonly resourceVersion: string } & Json
}

/** What a test does to the objects behind the API. */
export interface ClusterObjects {
  readonly routes: ReadonlyArray<Route>
  /** Merges the change into the node, as a controller would, or makes it. */
  readonly putNode: (name: string, change: Json) => void
  readonly removeNode: (name: string) => void
  readonly node: (name: string) => Stored | undefined
  /** What kubelet writes when the driver registers; undefined takes it away. */
  readonly register: (name: string, driver: string, nodeId: string | undefined) => void
  readonly events: ReadonlyMap<string, Stored>
  /** Kubernetes forgets events after an hour. */
  readonly forgetEvents: () => void
  readonly attachments: Map<string, Json>
  /** Open watches of nodes. */
  readonly watches: () => number
  /** Tells the open watches the version of the hour, and nothing else. */
  readonly bookmark: () => void
  readonly endWatches: (how: "well" | "broken") => void
  /** How the next watches end, as soon as they are there. */
  readonly shortWatches: Array<"well" | "gone">
  /** Versions before now are compacted: watches from there are refused, open ones are told so. */
  readonly compact: () => void
  /** Open watches hear of no change any more, as behind a connection that died silently. */
  readonly deafen: () => void
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** https://www.rfc-editor.org/rfc/rfc7396 */
const merged = (target: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = { ...(isObject(target) ? target : {}) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merged(result[key], value)
  }
  return result
}

const metadataOf = (value: unknown): Json => (isObject(value) && isObject(value["metadata"]) ? value["metadata"] : {})

/** Nodes, CSINodes, VolumeAttachments and events, each change with a version of its own. */
export const makeClusterObjects = (): ClusterObjects => {
  const nodes = new Map<string, Stored>()
  const csiNodes = new Map<string, Json>()
  const events = new Map<string, Stored>()
  const attachments = new Map<string, Json>()
  let sinks: Array<Sink> = []
  let deaf: Array<Sink> = []
  let version = 100
  let oldest = 0
  let history: Array<{ readonly version: number; readonly type: string; readonly object: Stored }> = []

  const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`
  const tell = (type: string, object: Stored) => {
    history.push({ version, type, object })
    for (const sink of sinks) sink.write(line(type, object))
  }
  const stored = (kind: string, name: string, value: unknown): Stored => {
    version += 1
    const metadata = { ...metadataOf(value), name, resourceVersion: `${version}` }
    return { apiVersion: "v1", kind, ...(isObject(value) ? value : {}), metadata }
  }
  const setNode = (name: string, value: unknown) => {
    const type = nodes.has(name) ? "MODIFIED" : "ADDED"
    const node = stored("Node", name, value)
    nodes.set(name, node)
    tell(type, node)
    return node
  }
  const found = (object: Json | undefined, what: string): Reply =>
    object === undefined ? refusal(404, "NotFound", `${what} not found`) : { status: 200, body: object }

  const shortWatches: Array<"well" | "gone"> = []
  const watch = ({ query }: Seen): Reply => {
    const end = shortWatches.shift()
    if (end === "well") return { stream: (sink) => sink.end("well") }
    if (end === "gone") return { stream: (sink) => goneTo(sink) }
    const from = Number(query.get("resourceVersion"))
    if (from < oldest) return { stream: (sink) => goneTo(sink) }
    return {
      stream: (sink) => {
        sinks.push(sink)
        for (const past of history) if (past.version > from) sink.write(line(past.type, past.object))
      }
    }
  }
  const goneTo = (sink: Sink) => {
    sink.write(line("ERROR", statusBody(410, "Expired", `too old resource version`)))
    sink.end("well")
  }
  const pageOf = (kind: string, apiVersion: string, all: ReadonlyArray<Json>, request: Seen): Reply =>
    listPage({ kind, apiVersion, version: `${version}` }, all, request)
  const list = (request: Seen) => pageOf("NodeList", "v1", [...nodes.values()], request)

  const patched = (name: string, { body, headers }: Seen): Reply => {
    const before = nodes.get(name)
    if (before === undefined) return refusal(404, "NotFound", `nodes "${name}" not found`)
    if (headers["content-type"] !== "application/merge-patch+json") {
      return refusal(415, "UnsupportedMediaType", `not taken here: ${headers["content-type"]}`)
    }
    const wanted = metadataOf(body)["resourceVersion"]
    if (wanted !== undefined && wanted !== before.metadata.resourceVersion) {
      return refusal(409, "Conflict", `Operation cannot be fulfilled on nodes "${name}": the object has been modified`)
    }
    return { status: 200, body: setNode(name, merged(before, body)) }
  }

  const nodePath = /^\/api\/v1\/nodes\/([^/]+)$/
  const eventPath = /^\/api\/v1\/namespaces\/default\/events\/([^/]+)$/
  return {
    putNode: (name, change) =>
      void setNode(name, merged(nodes.get(name) ?? { metadata: { uid: `uid of ${name}` } }, change)),
    removeNode: (name) => {
      const node = nodes.get(name)
      nodes.delete(name)
      if (node !== undefined) tell("DELETED", stored("Node", name, node))
    },
    node: (name) => nodes.get(name),
    register: (name, driver, nodeID) =>
      void csiNodes.set(name, {
        kind: "CSINode",
        apiVersion: "storage.k8s.io/v1",
        metadata: {
          name,
          ownerReferences: [
            { apiVersion: "v1", kind: "Node", name, uid: nodes.get(name)?.metadata["uid"] ?? `uid of ${name}` }
          ]
        },
        spec: { drivers: nodeID === undefined ? [] : [{ name: driver, nodeID, topologyKeys: [] }] }
      }),
    events,
    forgetEvents: () => events.clear(),
    attachments,
    watches: () => sinks.length,
    bookmark: () => {
      for (const sink of sinks) {
        sink.write(line("BOOKMARK", { kind: "Node", apiVersion: "v1", metadata: { resourceVersion: `${version}` } }))
      }
    },
    endWatches: (how) => {
      const open = [...sinks, ...deaf]
      sinks = []
      deaf = []
      for (const sink of open) sink.end(how)
    },
    shortWatches,
    compact: () => {
      version += 1
      oldest = version
      history = []
      const open = sinks
      sinks = []
      for (const sink of open) goneTo(sink)
    },
    deafen: () => {
      deaf = [...deaf, ...sinks]
      sinks = []
    },
    routes: [
      {
        method: "GET",
        path: /^\/api\/v1\/nodes$/,
        answer: (_, request) => (request.query.get("watch") === "true" ? watch(request) : list(request))
      },
      { method: "GET", path: nodePath, answer: ([name = ""]) => found(nodes.get(name), `nodes "${name}"`) },
      { method: "PATCH", path: nodePath, answer: ([name = ""], request) => patched(name, request) },
      {
        method: "GET",
        path: /^\/apis\/storage.k8s.io\/v1\/csinodes\/([^/]+)$/,
        answer: ([name = ""]) => found(csiNodes.get(name), `csinodes "${name}"`)
      },
      {
        method: "GET",
        path: /^\/apis\/storage.k8s.io\/v1\/csinodes$/,
        answer: (_, request) => pageOf("CSINodeList", "storage.k8s.io/v1", [...csiNodes.values()], request)
      },
      {
        method: "GET",
        path: /^\/apis\/storage.k8s.io\/v1\/volumeattachments$/,
        answer: (_, request) => pageOf("VolumeAttachmentList", "storage.k8s.io/v1", [...attachments.values()], request)
      },
      {
        method: "POST",
        path: /^\/api\/v1\/namespaces\/default\/events$/,
        answer: (_, { body }) => {
          const name = String(metadataOf(body)["name"])
          if (events.has(name)) return refusal(409, "AlreadyExists", `events "${name}" already exists`)
          const event = stored("Event", name, body)
          events.set(name, event)
          return { status: 201, body: event }
        }
      },
      { method: "GET", path: eventPath, answer: ([name = ""]) => found(events.get(name), `events "${name}"`) },
      {
        method: "PATCH",
        path: eventPath,
        answer: ([name = ""], { body }) => {
          const event = events.get(name)
          if (event === undefined) return refusal(404, "NotFound", `events "${name}" not found`)
          const after = stored("Event", name, merged(event, body))
          events.set(name, after)
          return { status: 200, body: after }
        }
      }
    ]
  }
}
