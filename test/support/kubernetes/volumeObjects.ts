import { listPage, type Route } from "./routes.ts"

const kinds = {
  PersistentVolume: { apiVersion: "v1", path: "/api/v1/persistentvolumes" },
  StorageClass: { apiVersion: "storage.k8s.io/v1", path: "/apis/storage.k8s.io/v1/storageclasses" },
  VolumeSnapshotContent: {
    apiVersion: "snapshot.storage.k8s.io/v1",
    path: "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents"
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

export const makeVolumeObjects = (): VolumeObjects => {
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
    routes: Object.entries(kinds).map(([name, { apiVersion, path }]) => ({
      method: "GET",
      path: new RegExp(`^${path}$`),
      answer: (_, request) => {
        const all = isKind(name) ? objects.get(name) : undefined
        return all === undefined
          ? { status: 404, body: "404 page not found\n" }
          : listPage({ kind: `${name}List`, apiVersion, version: "1" }, [...all.values()], request)
      }
    }))
  }
}
