import { Option, Schema } from "effect"
import type {
  ClusterAttachment,
  ClusterClass,
  ClusterServer,
  ClusterSnapshot,
  ClusterVolume
} from "../../domain/ClusterVolume.ts"
import { zoneKey } from "../../domain/Topology.ts"
import { VolumeId } from "../../domain/Volume.ts"
import { millisOf, Time } from "./nodeWire.ts"
import { bytesIn } from "./quantity.ts"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Meta = Schema.Struct({
  name: Schema.String,
  uid: maybe(Schema.String),
  creationTimestamp: maybe(Time),
  deletionTimestamp: maybe(Time)
})

const CsiSource = Schema.Struct({ driver: Schema.String, volumeHandle: Schema.String })
const InTreeSource = Schema.Struct({ volumeID: Schema.String })

/** https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-v1/ */
const WireVolume = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    csi: maybe(CsiSource),
    cinder: maybe(InTreeSource),
    capacity: maybe(Schema.Record({ key: Schema.String, value: Schema.String })),
    persistentVolumeReclaimPolicy: maybe(Schema.String),
    storageClassName: maybe(Schema.String),
    claimRef: maybe(Schema.Struct({ namespace: maybe(Schema.String), name: maybe(Schema.String) })),
    nodeAffinity: maybe(
      Schema.Struct({
        required: maybe(
          Schema.Struct({
            nodeSelectorTerms: Schema.Array(
              Schema.Struct({
                matchExpressions: maybe(
                  Schema.Array(
                    Schema.Struct({
                      key: Schema.String,
                      operator: Schema.String,
                      values: maybe(Schema.Array(Schema.String))
                    })
                  )
                )
              })
            )
          })
        )
      })
    )
  }),
  status: maybe(
    Schema.Struct({ phase: maybe(Schema.String), message: maybe(Schema.String), lastPhaseTransitionTime: maybe(Time) })
  )
})

/** https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume-attachment-v1/ */
const WireAttachment = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    attacher: Schema.String,
    nodeName: Schema.String,
    source: Schema.Struct({
      persistentVolumeName: maybe(Schema.String),
      inlineVolumeSpec: maybe(Schema.Struct({ csi: maybe(CsiSource), cinder: maybe(InTreeSource) }))
    })
  }),
  status: maybe(Schema.Struct({ attached: maybe(Schema.Boolean) }))
})

/** https://kubernetes.io/docs/concepts/storage/volume-snapshots/#volume-snapshot-contents */
const WireSnapshot = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    driver: Schema.String,
    source: maybe(Schema.Struct({ snapshotHandle: maybe(Schema.String) }))
  }),
  status: maybe(Schema.Struct({ snapshotHandle: maybe(Schema.String) }))
})

const WireClass = Schema.Struct({
  metadata: Meta,
  provisioner: Schema.String,
  parameters: maybe(Schema.Record({ key: Schema.String, value: Schema.String }))
})

type Source = { readonly [K in "csi" | "cinder"]?: (typeof WireVolume.Type.spec)[K] }

const decoding = <A, I, B>(schema: Schema.Schema<A, I>, read: (wire: A) => B | undefined) => {
  const decode = Schema.decodeUnknownOption(schema)
  return (object: unknown): B | undefined => Option.getOrUndefined(Option.flatMapNullable(decode(object), read))
}

/** What was made for the driver within Kubernetes is served by this one (https://kubernetes.io/docs/concepts/storage/volumes/#csi-migration). */
const volumeIn = (driver: string, { csi, cinder }: Source): VolumeId | undefined => {
  const id = csi ? (csi.driver === driver ? csi.volumeHandle : undefined) : cinder?.volumeID
  return id === undefined ? undefined : VolumeId(id)
}

type Affinity = typeof WireVolume.Type.spec.nodeAffinity

const zonesIn = (affinity: Affinity): ReadonlyArray<string> =>
  (affinity?.required?.nodeSelectorTerms ?? []).flatMap(({ matchExpressions }) =>
    (matchExpressions ?? []).flatMap(({ key, operator, values }) =>
      key === zoneKey && operator === "In" ? (values ?? []) : []
    )
  )

const claimIn = (claim: typeof WireVolume.Type.spec.claimRef) =>
  claim?.namespace && claim.name ? { namespace: claim.namespace, name: claim.name } : undefined

/** Undefined for what is no volume of the driver; so are all that follow. */
export const toClusterVolume = (driver: string) =>
  decoding(WireVolume, ({ metadata, spec, status }): ClusterVolume | undefined => {
    const volumeId = volumeIn(driver, spec)
    if (volumeId === undefined) return undefined
    return {
      name: metadata.name,
      uid: metadata.uid ?? "",
      volumeId,
      capacityBytes: bytesIn(spec.capacity?.["storage"] ?? ""),
      phase: status?.phase ?? "",
      phaseSince: millisOf(status?.lastPhaseTransitionTime),
      problem: status?.message || undefined,
      reclaimPolicy: spec.persistentVolumeReclaimPolicy ?? "",
      className: spec.storageClassName || undefined,
      claim: claimIn(spec.claimRef),
      zones: zonesIn(spec.nodeAffinity),
      createdAt: millisOf(metadata.creationTimestamp) ?? 0
    }
  })

export const toClusterAttachment = (driver: string) =>
  decoding(WireAttachment, ({ metadata, spec, status }): ClusterAttachment | undefined =>
    spec.attacher === driver
      ? {
          name: metadata.name,
          uid: metadata.uid ?? "",
          nodeName: spec.nodeName,
          volumeName: spec.source.persistentVolumeName || undefined,
          volumeId: volumeIn(driver, spec.source.inlineVolumeSpec ?? {}),
          attached: status?.attached ?? false,
          deleting: metadata.deletionTimestamp != null,
          createdAt: millisOf(metadata.creationTimestamp) ?? 0
        }
      : undefined
  )

export const toClusterSnapshot = (driver: string) =>
  decoding(WireSnapshot, ({ metadata, spec, status }): ClusterSnapshot | undefined =>
    spec.driver === driver
      ? { name: metadata.name, handle: (status?.snapshotHandle ?? spec.source?.snapshotHandle) || undefined }
      : undefined
  )

export const toClusterClass = (driver: string) =>
  decoding(WireClass, ({ metadata, provisioner, parameters }): ClusterClass | undefined =>
    provisioner === driver ? { name: metadata.name, volumeType: parameters?.["type"] || undefined } : undefined
  )

const WireNodeName = Schema.Struct({ metadata: Meta })

export const toClusterServer = (serverIn: (object: unknown) => ClusterServer["serverId"] | undefined) => {
  const nameOf = decoding(WireNodeName, ({ metadata }) => metadata.name)
  return (object: unknown): ClusterServer | undefined => {
    const nodeName = nameOf(object)
    const serverId = serverIn(object)
    return nodeName === undefined || serverId === undefined ? undefined : { nodeName, serverId }
  }
}
