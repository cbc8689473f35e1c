import { Effect, Layer } from "effect"
import { ClusterFailure } from "../../domain/clusterErrors.ts"
import { ClusterVolumes } from "../../ports/ClusterVolumes.ts"
import { asking, type ClientOptions, type ClientProblem, makeClients, type RequestFailure } from "./clusterClient.ts"
import { serverInCsiNode } from "./nodeWire.ts"
import {
  toClusterAttachment,
  toClusterClass,
  toClusterServer,
  toClusterSnapshot,
  toClusterVolume
} from "./volumeWire.ts"

export interface VolumesOptions extends ClientOptions {
  /** The driver's name, as its CSIDriver and CSINode objects have it. */
  readonly driver: string
}

interface ObjectPage {
  readonly items: ReadonlyArray<unknown>
  readonly metadata?: { readonly _continue?: string; readonly continue?: string }
}

interface From {
  readonly limit: number
  readonly _continue?: string
}

/** Few enough that a page is a megabyte or so. */
const pageSize = 500

/** Kubernetes forgets after some minutes where a list was to go on. */
const mostRestarts = 3

/** All objects of a kind, of which no more is kept than what is read of them. */
const readAll = <A>(list: (from: From) => Promise<ObjectPage>, read: (object: unknown) => A | undefined) =>
  Effect.gen(function* () {
    const found: Array<A> = []
    let next: string | undefined
    do {
      const from: From = { limit: pageSize, ...(next === undefined ? {} : { _continue: next }) }
      const { items, metadata } = yield* asking(() => list(from))
      for (const item of items) {
        const object = read(item)
        if (object !== undefined) found.push(object)
      }
      next = (metadata?._continue ?? metadata?.continue) || undefined
    } while (next !== undefined)
    return found
  }).pipe(Effect.retry({ while: ({ status }) => status === 410, times: mostRestarts }))

const remedyOf = (resource: string, { status, detail }: RequestFailure): string => {
  if (status === 403) return `${detail}; let the user or service account list ${resource}`
  return status === 401 ? `${detail}; check the kubeconfig, or the token of the service account` : detail
}

/** `resource` is how a role names what could not be listed. */
const listing = (resource: string) => (failure: RequestFailure) =>
  new ClusterFailure({ operation: `list ${resource}`, detail: remedyOf(resource, failure) })

const contents = { group: "snapshot.storage.k8s.io", version: "v1", plural: "volumesnapshotcontents" }

const makeVolumes = (options: VolumesOptions) =>
  Effect.map(makeClients(options), ({ core, storage, custom }) => {
    const { driver } = options
    return ClusterVolumes.of({
      volumes: readAll((from) => core.listPersistentVolume(from), toClusterVolume(driver)).pipe(
        Effect.mapError(listing("persistentvolumes"))
      ),
      attachments: readAll((from) => storage.listVolumeAttachment(from), toClusterAttachment(driver)).pipe(
        Effect.mapError(listing("volumeattachments"))
      ),
      snapshots: readAll(
        (from): Promise<ObjectPage> => custom.listClusterCustomObject({ ...contents, ...from }),
        toClusterSnapshot(driver)
      ).pipe(
        Effect.catchIf(
          ({ status }) => status === 404,
          () => Effect.succeed(undefined)
        ),
        Effect.mapError(listing("volumesnapshotcontents"))
      ),
      servers: readAll(
        (from) => storage.listCSINode(from),
        toClusterServer((object) => serverInCsiNode(driver, object))
      ).pipe(Effect.mapError(listing("csinodes"))),
      classes: readAll((from) => storage.listStorageClass(from), toClusterClass(driver)).pipe(
        Effect.mapError(listing("storageclasses"))
      )
    })
  })

/** Volumes of the cluster that the options lead to, through the Kubernetes client library. Building it asks nothing. */
export const layerVolumesKubernetes = (options: VolumesOptions): Layer.Layer<ClusterVolumes, ClientProblem> =>
  Layer.effect(ClusterVolumes, makeVolumes(options))
