import { type Duration, Effect, Layer } from "effect"
import { ClusterDenied, ClusterFailure, type ClusterRule } from "../../domain/clusterErrors.ts"
import { ClusterView } from "../../ports/ClusterView.ts"
import { asking, type ClientOptions, type ClientProblem, makeClients, RequestFailure } from "./clusterClient.ts"
import { toNodePlugin } from "./nodeWire.ts"
import { toEvent, toNodeSeen, toPod } from "./runningWire.ts"
import { toClaim, toPersistentVolume, toSnapshotContent, toStorageClass, toVolumeAttachment } from "./volumeWire.ts"

export interface ViewOptions extends ClientOptions {
  /** The driver's name, as its CSIDriver and CSINode objects have it. */
  readonly driver: string
  /** For each answer, with a login by a program of its own, which the limit of a request does not reach. */
  readonly limit: Duration.DurationInput
}

/** Few enough that a page is a megabyte or so. */
const pageSize = 500
/** Kubernetes forgets after some minutes where a list was to go on. */
const mostRestarts = 3
/** Nobody reads more warnings than that. */
const mostWarnings = 5
/** Events that are looked through for the newest ones. */
const mostEvents = 100

/** A page of a list as the library has it; of kinds that it does not know, as Kubernetes has it. */
interface Listing {
  readonly items: ReadonlyArray<unknown>
  readonly metadata?: { readonly _continue?: string; readonly continue?: string }
}

interface From {
  readonly limit: number
  readonly _continue?: string
}

const storageGroup = "storage.k8s.io"
const contents = { group: "snapshot.storage.k8s.io", version: "v1", plural: "volumesnapshotcontents" }

const meaningOf =
  (verb: ClusterRule["verb"], resource: string, group: string) =>
  ({ status, detail }: RequestFailure) => {
    if (status === 403) return new ClusterDenied({ rule: { verb, resource, group }, detail })
    const advice = status === 401 ? "; check the kubeconfig, or the token of the service account" : ""
    return new ClusterFailure({ operation: `${verb} ${resource}`, detail: `${detail}${advice}` })
  }

const orAbsent = <A>(answer: Effect.Effect<A, RequestFailure>) =>
  Effect.catchIf(
    answer,
    ({ status }) => status === 404,
    () => Effect.succeed(undefined)
  )

const makeView = (options: ViewOptions) =>
  Effect.map(makeClients(options), ({ core, storage, custom }) => {
    const ask = <A>(request: () => Promise<A>) =>
      Effect.timeoutFail(Effect.disconnect(asking(request)), {
        duration: options.limit,
        onTimeout: () => new RequestFailure({ status: undefined, detail: "Kubernetes did not answer in time" })
      })

    const one = <A>(
      resource: string,
      group: string,
      request: () => Promise<unknown>,
      read: (object: unknown) => A | undefined
    ) =>
      Effect.flatMap(Effect.mapError(orAbsent(ask(request)), meaningOf("get", resource, group)), (object) => {
        if (object === undefined) return Effect.succeed(undefined)
        const found = read(object)
        return found === undefined && resource !== "csinodes"
          ? new ClusterFailure({ operation: `get ${resource}`, detail: "the answer of Kubernetes cannot be read" })
          : Effect.succeed(found)
      })

    /** All objects of a kind, of which no more is kept than what is read of them. */
    const pages = <A>(list: (from: From) => Promise<Listing>, read: (object: unknown) => A | undefined) =>
      Effect.gen(function* () {
        const found: Array<A> = []
        let next: string | undefined
        do {
          const from: From = { limit: pageSize, ...(next === undefined ? {} : { _continue: next }) }
          const { items, metadata } = yield* ask(() => list(from))
          for (const item of items) {
            const object = read(item)
            if (object !== undefined) found.push(object)
          }
          next = (metadata?._continue ?? metadata?.continue) || undefined
        } while (next !== undefined)
        return found
      }).pipe(Effect.retry({ while: ({ status }) => status === 410, times: mostRestarts }))

    const all = <A>(
      resource: string,
      group: string,
      list: (from: From) => Promise<Listing>,
      read: (object: unknown) => A | undefined
    ) => Effect.mapError(pages(list, read), meaningOf("list", resource, group))

    const { driver } = options
    const readVolume = toPersistentVolume(driver)
    const readPlugin = toNodePlugin(driver)

    return ClusterView.of({
      claim: (namespace, name) =>
        one("persistentvolumeclaims", "", () => core.readNamespacedPersistentVolumeClaim({ namespace, name }), toClaim),
      volume: (name) => one("persistentvolumes", "", () => core.readPersistentVolume({ name }), readVolume),
      storageClass: (name) =>
        one("storageclasses", storageGroup, () => storage.readStorageClass({ name }), toStorageClass),
      pod: (namespace, name) => one("pods", "", () => core.readNamespacedPod({ namespace, name }), toPod),
      node: (name) => one("nodes", "", () => core.readNode({ name }), toNodeSeen),
      plugin: (name) => one("csinodes", storageGroup, () => storage.readCSINode({ name }), readPlugin),
      volumes: all(
        "persistentvolumes",
        "",
        (from) => core.listPersistentVolume(from),
        (object) => {
          const volume = readVolume(object)
          return volume?.volumeId === undefined ? undefined : { ...volume, volumeId: volume.volumeId }
        }
      ),
      storageClasses: all(
        "storageclasses",
        storageGroup,
        (from) => storage.listStorageClass(from),
        (object) => {
          const found = toStorageClass(object)
          return found?.provisioner === driver ? found : undefined
        }
      ),
      attachments: all(
        "volumeattachments",
        storageGroup,
        (from) => storage.listVolumeAttachment(from),
        toVolumeAttachment(driver)
      ),
      snapshots: pages(
        (from): Promise<Listing> => custom.listClusterCustomObject({ ...contents, ...from }),
        toSnapshotContent(driver)
      ).pipe(orAbsent, Effect.mapError(meaningOf("list", contents.plural, contents.group))),
      plugins: all("csinodes", storageGroup, (from) => storage.listCSINode(from), readPlugin),
      warnings: (kind, namespace, name) =>
        ask(() =>
          core.listNamespacedEvent({
            namespace: namespace === "" ? "default" : namespace,
            fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name},type=Warning`,
            limit: mostEvents
          })
        ).pipe(
          orAbsent,
          Effect.mapBoth({
            onFailure: meaningOf("list", "events", ""),
            onSuccess: (list) =>
              (list?.items ?? [])
                .flatMap((object) => toEvent(object) ?? [])
                .filter(({ type }) => type === "Warning")
                .sort((one, other) => (other.at ?? 0) - (one.at ?? 0))
                .slice(0, mostWarnings)
          })
        )
    })
  })

/** Objects of the cluster that the options lead to, through the Kubernetes client library. Building it asks nothing. */
export const layerClusterView = (options: ViewOptions): Layer.Layer<ClusterView, ClientProblem> =>
  Layer.effect(ClusterView, makeView(options))
