import { forbidden, listPage, objectOr404, type Route } from "./routes.ts"

const kinds = {
  PersistentVolume: { apiVersion: "v1", root: "/api/v1", resource: "persistentvolumes" },
  StorageClass: { apiVersion: "storage.k8s.io/v1", root: "/apis/storage.k8s.io/v1", resource: "storageclasses" },
  VolumeSnapshotContent: {
    apiVersion: "snapshot.storage.k8s.io/v1",
    root: "/apis/snapshot.storage.k8s.io/v1",
    resource: "volumesnapshotcontents"
  }
} as const

export type VolumeKind = keyof typeof kinds

type Json = Readonly<Record<string, unknown>>

/** What a test does to the records of volumes behind the API. */
export interface VolumeObjects {
  readonly routes: ReadonlyArray<Route>
  /** Made at the beginning of 2026 unless it says otherwise. */
  readonly put: (kind: VolumeKind, name: string, object: Json, metadata?: Json) => void
  readonly remove: (kind: VolumeKind, name: string) => void
  /** The cluster does not know the kind any more, as without its CustomResourceDefinition. */
  readonly forget: (kind: VolumeKind) => void
}

const isKind = (name: string): name is VolumeKind => Object.hasOwn(kinds, name)

/** `denied` are resources that the caller's role does not let it see. */
export const makeVolumeObjects = (denied: ReadonlySet<string>): VolumeObjects => {
  const objects = new Map<VolumeKind, Map<string, unknown>>(
    Object.keys(kinds)
      .filter(isKind)
      .map((kind) => [kind, new Map()])
  )
  return {
    put: (kind, name, object, metadata = {}) =>
      void objects.get(kind)?.set(name, {
        kind,
        apiVersion: kinds[kind].apiVersion,
        metadata: { name, uid: `uid of ${name}`, creationTimestamp: "2026-01-01T00:00:00Z", ...metadata },
        ...object
      }),
    remove: (kind, name) => void objects.get(kind)?.delete(name),
    forget: (kind) => void objects.delete(kind),
    routes: Object.entries(kinds).map(([kind, { apiVersion, resource, root }]) => ({
      method: "GET",
      path: new RegExp(`^${root}/${resource}(?:/([^/]+))?$`),
      answer: ([name], request) => {
        const all = isKind(kind) ? objects.get(kind) : undefined
        if (denied.has(resource)) return forbidden(name === undefined ? "list" : "get", resource)
        if (all === undefined) return { status: 404, body: "404 page not found\n" }
        return name === undefined
          ? listPage({ kind: `${kind}List`, apiVersion, version: "1" }, [...all.values()], request)
          : objectOr404(all.get(name), resource, name)
      }
    }))
  }
}
