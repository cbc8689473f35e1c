import { type Duration, Effect, Layer } from "effect"
import { ClusterDenied, ClusterFailure, type ClusterRule } from "../../domain/clusterErrors.ts"
import { ClusterView } from "../../ports/ClusterView.ts"
import { asking, type ClientOptions, type ClientProblem, makeClients, type RequestFailure } from "./clusterClient.ts"
import { toEvent, toNodePlugin, toNodeSeen, toPod } from "./viewRunning.ts"
import { toClaim, toPersistentVolume, toStorageClass, toVolumeAttachment } from "./viewVolumes.ts"

export interface ViewOptions extends ClientOptions {
  /** The driver's name, as its CSIDriver and CSINode objects have it. */
  readonly driver: string
  /** For each object, with a login by a program of its own. */
  readonly limit: Duration.Duration
}

const pageSize = 500
/** Nobody reads more warnings than that. */
const mostWarnings = 5
/** Events that are looked through for the newest ones. */
const mostEvents = 100

/** A page of a list as the library has it. */
interface Listing {
  readonly items: ReadonlyArray<unknown>
  readonly metadata?: { readonly _continue?: string }
}

const makeView = (options: ViewOptions) =>
  Effect.map(makeClients({ ...options, requestLimit: options.limit }), ({ core, storage }) => {
    /** A kubeconfig may have a program of its own log in, which has no limit but this one. */
    const ask = <A>(
      rule: ClusterRule,
      request: () => Promise<A>
    ): Effect.Effect<A | undefined, ClusterFailure | ClusterDenied> => {
      const operation = `${rule.verb} ${rule.resource}`
      const meaningOf = ({ status, detail }: RequestFailure) => {
        if (status === 404) return Effect.succeed(undefined)
        return Effect.fail(
          status === 403 ? new ClusterDenied({ rule, detail }) : new ClusterFailure({ operation, detail })
        )
      }
      return Effect.timeoutFail(Effect.disconnect(Effect.catchAll(asking(request), meaningOf)), {
        duration: options.limit,
        onTimeout: () => new ClusterFailure({ operation, detail: "Kubernetes did not answer in time" })
      })
    }

    const one = <A>(
      resource: string,
      group: string,
      request: () => Promise<unknown>,
      read: (object: unknown) => A | undefined
    ) =>
      Effect.flatMap(ask({ verb: "get", resource, group }, request), (object) => {
        if (object === undefined) return Effect.succeed(undefined)
        const found = read(object)
        return found === undefined && resource !== "csinodes"
          ? new ClusterFailure({ operation: `get ${resource}`, detail: "the answer of Kubernetes cannot be read" })
          : Effect.succeed(found)
      })

    const all = <A>(
      resource: string,
      group: string,
      page: (limit: number, from: string | undefined) => Promise<Listing>,
      read: (object: unknown) => A | undefined
    ) =>
      Effect.gen(function* () {
        let found: ReadonlyArray<A> = []
        let from: string | undefined
        do {
          const next = yield* ask({ verb: "list", resource, group }, () => page(pageSize, from))
          found = [...found, ...(next?.items ?? []).flatMap((object) => read(object) ?? [])]
          from = next?.metadata?._continue || undefined
        } while (from !== undefined)
        return found
      })

    const continued = (from: string | undefined) => (from === undefined ? {} : { _continue: from })
    const readAttachment = toVolumeAttachment(options.driver)
    const group = "storage.k8s.io"

    return ClusterView.of({
      claim: (namespace, name) =>
        one("persistentvolumeclaims", "", () => core.readNamespacedPersistentVolumeClaim({ namespace, name }), toClaim),
      volume: (name) => one("persistentvolumes", "", () => core.readPersistentVolume({ name }), toPersistentVolume),
      volumeOf: (handle) =>
        Effect.map(
          all(
            "persistentvolumes",
            "",
            (limit, from) => core.listPersistentVolume({ limit, ...continued(from) }),
            toPersistentVolume
          ),
          (volumes) => volumes.find((volume) => volume.driver === options.driver && volume.handle === handle)
        ),
      storageClass: (name) => one("storageclasses", group, () => storage.readStorageClass({ name }), toStorageClass),
      storageClasses: all(
        "storageclasses",
        group,
        (limit, from) => storage.listStorageClass({ limit, ...continued(from) }),
        toStorageClass
      ),
      attachments: all(
        "volumeattachments",
        group,
        (limit, from) => storage.listVolumeAttachment({ limit, ...continued(from) }),
        readAttachment
      ),
      pod: (namespace, name) => one("pods", "", () => core.readNamespacedPod({ namespace, name }), toPod),
      node: (name) => one("nodes", "", () => core.readNode({ name }), toNodeSeen),
      plugin: (name) => one("csinodes", group, () => storage.readCSINode({ name }), toNodePlugin(options.driver)),
      warnings: (kind, namespace, name) =>
        Effect.map(
          ask({ verb: "list", resource: "events", group: "" }, () =>
            core.listNamespacedEvent({
              namespace: namespace === "" ? "default" : namespace,
              fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name},type=Warning`,
              limit: mostEvents
            })
          ),
          (list) =>
            (list?.items ?? [])
              .flatMap((object) => toEvent(object) ?? [])
              .filter(({ type }) => type === "Warning")
              .sort((one, other) => (other.at ?? 0) - (one.at ?? 0))
              .slice(0, mostWarnings)
        )
    })
  })

/** Objects of the cluster that the options lead to, through the Kubernetes client library. Building it asks nothing. */
export const layerClusterView = (options: ViewOptions): Layer.Layer<ClusterView, ClientProblem> =>
  Layer.effect(ClusterView, makeView(options))
