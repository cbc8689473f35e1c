import { Schema } from "effect"
import type {
  ClaimSeen,
  PersistentVolumeSeen,
  SnapshotContentSeen,
  StorageClassSeen,
  VolumeAttachmentSeen
} from "../../domain/ClusterObjects.ts"
import { zoneKey } from "../../domain/Topology.ts"
import { VolumeId } from "../../domain/Volume.ts"
import { bytesIn } from "./quantity.ts"
import { decoding, isDeleting, Meta, maybe, millisOf, Texts, Time } from "./shapes.ts"

const Claim = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    storageClassName: maybe(Schema.String),
    volumeName: maybe(Schema.String),
    volumeMode: maybe(Schema.String),
    accessModes: maybe(Schema.Array(Schema.String)),
    resources: maybe(Schema.Struct({ requests: maybe(Texts) })),
    dataSource: maybe(Schema.Struct({ kind: Schema.String, name: Schema.String }))
  }),
  status: maybe(
    Schema.Struct({
      phase: maybe(Schema.String),
      capacity: maybe(Texts),
      conditions: maybe(
        Schema.Array(Schema.Struct({ type: Schema.String, status: Schema.String, message: maybe(Schema.String) }))
      )
    })
  )
})

const storage = (amounts: Readonly<Record<string, string>> | null | undefined): bigint | undefined => {
  const text = amounts?.["storage"]
  return text === undefined ? undefined : bytesIn(text)
}

export const toClaim = decoding(
  Claim,
  ({ metadata, spec, status }): ClaimSeen => ({
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid ?? "",
    phase: status?.phase ?? "Pending",
    className: spec.storageClassName || undefined,
    volumeName: spec.volumeName || undefined,
    requestedBytes: storage(spec.resources?.requests),
    capacityBytes: storage(status?.capacity),
    accessModes: spec.accessModes ?? [],
    isBlock: spec.volumeMode === "Block",
    selectedNode: metadata.annotations?.["volume.kubernetes.io/selected-node"],
    source: spec.dataSource == null ? undefined : `${spec.dataSource.kind}/${spec.dataSource.name}`,
    deleting: isDeleting(metadata),
    conditions: (status?.conditions ?? [])
      .filter((condition) => condition.status === "True")
      .map(({ type, message }) => (message ? `${type}: ${message}` : type))
  })
)

const CsiSource = Schema.Struct({
  driver: Schema.String,
  volumeHandle: Schema.String,
  fsType: maybe(Schema.String),
  volumeAttributes: maybe(Texts)
})
const InTreeSource = Schema.Struct({ volumeID: Schema.String })
const Sources = { csi: maybe(CsiSource), cinder: maybe(InTreeSource) }

/** What was made for the driver within Kubernetes is served by this one (https://kubernetes.io/docs/concepts/storage/volumes/#csi-migration). */
const volumeIn = (driver: string, { csi, cinder }: Schema.Struct.Type<typeof Sources>): VolumeId | undefined => {
  const id = csi ? (csi.driver === driver ? csi.volumeHandle : undefined) : cinder?.volumeID
  return id === undefined ? undefined : VolumeId(id)
}

const Expression = Schema.Struct({
  key: Schema.String,
  operator: Schema.String,
  values: maybe(Schema.Array(Schema.String))
})
const Affinity = Schema.Struct({
  required: maybe(
    Schema.Struct({
      nodeSelectorTerms: Schema.Array(Schema.Struct({ matchExpressions: maybe(Schema.Array(Expression)) }))
    })
  )
})

const zonesIn = (affinity: typeof Affinity.Type | null | undefined): ReadonlyArray<string> =>
  (affinity?.required?.nodeSelectorTerms ?? []).flatMap(({ matchExpressions }) =>
    (matchExpressions ?? []).flatMap(({ key, operator, values }) =>
      key === zoneKey && operator === "In" ? (values ?? []) : []
    )
  )

/** https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-v1/ */
const PersistentVolume = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    ...Sources,
    claimRef: maybe(Schema.Struct({ namespace: maybe(Schema.String), name: maybe(Schema.String) })),
    persistentVolumeReclaimPolicy: maybe(Schema.String),
    storageClassName: maybe(Schema.String),
    capacity: maybe(Texts),
    accessModes: maybe(Schema.Array(Schema.String)),
    volumeMode: maybe(Schema.String),
    mountOptions: maybe(Schema.Array(Schema.String)),
    nodeAffinity: maybe(Affinity)
  }),
  status: maybe(
    Schema.Struct({ phase: maybe(Schema.String), message: maybe(Schema.String), lastPhaseTransitionTime: maybe(Time) })
  )
})

const claimIn = (claim: typeof PersistentVolume.Type.spec.claimRef) =>
  claim?.namespace && claim.name ? { namespace: claim.namespace, name: claim.name } : undefined

export const toPersistentVolume = (driver: string) =>
  decoding(
    PersistentVolume,
    ({ metadata, spec, status }): PersistentVolumeSeen => ({
      name: metadata.name,
      uid: metadata.uid ?? "",
      phase: status?.phase ?? "",
      phaseSince: millisOf(status?.lastPhaseTransitionTime),
      problem: status?.message || undefined,
      driver: spec.csi?.driver,
      volumeId: volumeIn(driver, spec),
      fsType: spec.csi?.fsType ?? "",
      attributes: spec.csi?.volumeAttributes ?? {},
      mountOptions: spec.mountOptions ?? [],
      claim: claimIn(spec.claimRef),
      reclaimPolicy: spec.persistentVolumeReclaimPolicy ?? "",
      className: spec.storageClassName || undefined,
      capacityBytes: storage(spec.capacity),
      accessModes: spec.accessModes ?? [],
      isBlock: spec.volumeMode === "Block",
      zones: zonesIn(spec.nodeAffinity),
      deleting: isDeleting(metadata),
      createdAt: millisOf(metadata.creationTimestamp) ?? 0
    })
  )

const StorageClass = Schema.Struct({
  metadata: Meta,
  provisioner: Schema.String,
  parameters: maybe(Texts),
  volumeBindingMode: maybe(Schema.String),
  allowVolumeExpansion: maybe(Schema.Boolean)
})

export const toStorageClass = decoding(
  StorageClass,
  (wire): StorageClassSeen => ({
    name: wire.metadata.name,
    provisioner: wire.provisioner,
    parameters: wire.parameters ?? {},
    waitsForPod: wire.volumeBindingMode === "WaitForFirstConsumer",
    expandable: wire.allowVolumeExpansion ?? false,
    isDefault: wire.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true"
  })
)

const Trouble = maybe(Schema.Struct({ message: maybe(Schema.String) }))

/** https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume-attachment-v1/ */
const VolumeAttachment = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    attacher: Schema.String,
    nodeName: Schema.String,
    source: Schema.Struct({
      persistentVolumeName: maybe(Schema.String),
      inlineVolumeSpec: maybe(Schema.Struct(Sources))
    })
  }),
  status: maybe(Schema.Struct({ attached: maybe(Schema.Boolean), attachError: Trouble, detachError: Trouble }))
})

/** Those of other drivers are nothing. */
export const toVolumeAttachment = (driver: string) =>
  decoding(VolumeAttachment, ({ metadata, spec, status }): VolumeAttachmentSeen | undefined => {
    if (spec.attacher !== driver) return undefined
    const error = isDeleting(metadata) ? status?.detachError : status?.attachError
    return {
      name: metadata.name,
      uid: metadata.uid ?? "",
      volumeName: spec.source.persistentVolumeName || undefined,
      volumeId: volumeIn(driver, spec.source.inlineVolumeSpec ?? {}),
      nodeName: spec.nodeName,
      attached: status?.attached ?? false,
      deleting: isDeleting(metadata),
      error: error?.message || undefined,
      createdAt: millisOf(metadata.creationTimestamp) ?? 0
    }
  })

/** https://kubernetes.io/docs/concepts/storage/volume-snapshots/#volume-snapshot-contents */
const SnapshotContent = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    driver: Schema.String,
    source: maybe(Schema.Struct({ snapshotHandle: maybe(Schema.String) }))
  }),
  status: maybe(Schema.Struct({ snapshotHandle: maybe(Schema.String) }))
})

/** Those of other drivers are nothing. */
export const toSnapshotContent = (driver: string) =>
  decoding(SnapshotContent, ({ metadata, spec, status }): SnapshotContentSeen | undefined =>
    spec.driver === driver
      ? { name: metadata.name, handle: (status?.snapshotHandle ?? spec.source?.snapshotHandle) || undefined }
      : undefined
  )
