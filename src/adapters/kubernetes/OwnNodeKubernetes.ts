import type { FileSystem } from "@effect/platform"
import { Effect, Layer, Schema } from "effect"
import { ClusterFailure, NodeChanged } from "../../domain/clusterErrors.ts"
import { type OwnNode, startupTaint } from "../../domain/OwnNode.ts"
import { OwnNodes } from "../../ports/OwnNodes.ts"
import type { AccessProblem } from "./ClusterAccess.ts"
import { type KubernetesFailure, type KubernetesOptions, makeKubernetes, neededBy } from "./KubernetesHttp.ts"
import { toNodePlugin } from "./nodeWire.ts"

export interface OwnNodeOptions extends KubernetesOptions {
  readonly nodeName: string
  /** The driver's name, as its CSIDriver and CSINode objects have it. */
  readonly driver: string
  /** What the operator asked for, to be named where Kubernetes cannot be asked. */
  readonly setting: string
}

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const WireNode = Schema.parseJson(
  Schema.Struct({
    metadata: Schema.Struct({ name: Schema.String, uid: Schema.String, resourceVersion: Schema.String }),
    spec: Schema.Struct({
      unschedulable: maybe(Schema.Boolean),
      taints: maybe(
        Schema.Array(
          Schema.Struct({
            key: Schema.String,
            value: maybe(Schema.String),
            effect: Schema.String,
            timeAdded: maybe(Schema.String)
          })
        )
      )
    }),
    status: maybe(
      Schema.Struct({
        volumesInUse: maybe(Schema.Array(Schema.String)),
        volumesAttached: maybe(Schema.Array(Schema.Struct({ name: Schema.String })))
      })
    )
  })
)

const WireAttachments = Schema.parseJson(
  Schema.Struct({
    metadata: Schema.Struct({ continue: maybe(Schema.String) }),
    items: Schema.Array(
      Schema.Struct({
        spec: Schema.Struct({
          attacher: Schema.String,
          nodeName: Schema.String,
          source: Schema.Struct({ persistentVolumeName: maybe(Schema.String) })
        })
      })
    )
  })
)

const decodeNode = Schema.decodeUnknown(WireNode)
const decodeAttachments = Schema.decodeUnknown(WireAttachments)
const parseJson = Schema.decodeUnknown(Schema.parseJson())

/** Each is about a kilobyte. */
const attachmentsPerPage = 500

const toOwnNode = ({ metadata, spec, status }: typeof WireNode.Type, driver: string): OwnNode => {
  const prefix = `kubernetes.io/csi/${driver}^`
  const names = [...(status?.volumesInUse ?? []), ...(status?.volumesAttached ?? []).map(({ name }) => name)]
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    unschedulable: spec.unschedulable ?? false,
    taints: (spec.taints ?? []).map(({ key, value, effect, timeAdded }) => ({
      key,
      value: value ?? undefined,
      effect,
      ...(timeAdded == null ? {} : { timeAdded })
    })),
    volumes: [...new Set(names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)))]
  }
}

const makeOwnNode = (options: OwnNodeOptions) =>
  Effect.gen(function* () {
    const { nodeName, driver, setting } = options
    const { get, patch } = yield* neededBy(setting, makeKubernetes(options))
    const path = `/api/v1/nodes/${encodeURIComponent(nodeName)}`
    const failing =
      (operation: string) =>
      ({ detail }: KubernetesFailure) =>
        new ClusterFailure({ operation, detail })
    const unreadable = (operation: string) => () =>
      new ClusterFailure({ operation, detail: "the answer of Kubernetes cannot be read" })

    const read = <A, E>(path: string, operation: string, decode: (body: string) => Effect.Effect<A, E>) =>
      get(path).pipe(
        Effect.flatMap((body) => Effect.mapError(decode(body), unreadable(operation))),
        Effect.catchTag("KubernetesFailure", (failure) =>
          failure.status === 404 ? Effect.succeed(undefined) : Effect.fail(failing(operation)(failure))
        )
      )

    const attachmentsFrom = (
      next: string,
      found: ReadonlyArray<string>
    ): Effect.Effect<ReadonlyArray<string>, ClusterFailure> =>
      Effect.gen(function* () {
        const query = new URLSearchParams({
          limit: `${attachmentsPerPage}`,
          ...(next === "" ? {} : { continue: next })
        })
        const operation = "list VolumeAttachments"
        const page = yield* read(`/apis/storage.k8s.io/v1/volumeattachments?${query}`, operation, decodeAttachments)
        if (page === undefined) return yield* new ClusterFailure({ operation, detail: "Kubernetes has no such list" })
        const here = page.items.filter(({ spec }) => spec.attacher === driver && spec.nodeName === nodeName)
        const all = [...found, ...here.map(({ spec }) => spec.source.persistentVolumeName ?? "an inline volume")]
        return page.metadata.continue ? yield* attachmentsFrom(page.metadata.continue, all) : all
      })

    return OwnNodes.of({
      look: Effect.map(read(path, `read node ${nodeName}`, decodeNode), (node) =>
        node === undefined ? undefined : toOwnNode(node, driver)
      ),
      registered: ({ uid }) =>
        Effect.map(
          read(
            `/apis/storage.k8s.io/v1/csinodes/${encodeURIComponent(nodeName)}`,
            `read CSINode ${nodeName}`,
            parseJson
          ),
          (object) => toNodePlugin(driver, uid)(object)?.serverId
        ),
      removeStartupTaint: Effect.fn("OwnNodes.removeStartupTaint")((node) =>
        patch(path, {
          metadata: { resourceVersion: node.resourceVersion },
          spec: { taints: node.taints.filter(({ key }) => key !== startupTaint) }
        }).pipe(
          Effect.mapError((failure) =>
            failure.status === 409 ? new NodeChanged({ name: nodeName }) : failing(`untaint node ${nodeName}`)(failure)
          )
        )
      ),
      attachments: attachmentsFrom("", [])
    })
  })

/** The node of this name, over the HTTP client that the driver has anyway. */
export const layerOwnNodeKubernetes = (
  options: OwnNodeOptions
): Layer.Layer<OwnNodes, AccessProblem, FileSystem.FileSystem> => Layer.scoped(OwnNodes, makeOwnNode(options))
