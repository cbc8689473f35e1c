import { Schema } from "effect"
import type {
  ClaimSeen,
  PersistentVolumeSeen,
  StorageClassSeen,
  VolumeAttachmentSeen
} from "../../domain/ClusterObjects.ts"
import { bytesIn } from "./quantity.ts"
import { decoding, isDeleting, Meta, maybe, Texts } from "./viewShapes.ts"

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

const PersistentVolume = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    csi: maybe(
      Schema.Struct({
        driver: Schema.String,
        volumeHandle: Schema.String,
        fsType: maybe(Schema.String),
        volumeAttributes: maybe(Texts)
      })
    ),
    claimRef: maybe(Schema.Struct({ namespace: Schema.String, name: Schema.String })),
    persistentVolumeReclaimPolicy: maybe(Schema.String),
    capacity: maybe(Texts),
    accessModes: maybe(Schema.Array(Schema.String)),
    volumeMode: maybe(Schema.String),
    mountOptions: maybe(Schema.Array(Schema.String))
  }),
  status: maybe(Schema.Struct({ phase: maybe(Schema.String) }))
})

export const toPersistentVolume = decoding(
  PersistentVolume,
  ({ metadata, spec, status }): PersistentVolumeSeen => ({
    name: metadata.name,
    phase: status?.phase ?? "",
    driver: spec.csi?.driver,
    handle: spec.csi?.volumeHandle ?? "",
    fsType: spec.csi?.fsType ?? "",
    attributes: spec.csi?.volumeAttributes ?? {},
    mountOptions: spec.mountOptions ?? [],
    claim: spec.claimRef ?? undefined,
    reclaimPolicy: spec.persistentVolumeReclaimPolicy ?? "Retain",
    capacityBytes: storage(spec.capacity),
    accessModes: spec.accessModes ?? [],
    isBlock: spec.volumeMode === "Block",
    deleting: isDeleting(metadata)
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

const VolumeAttachment = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    attacher: Schema.String,
    nodeName: Schema.String,
    source: Schema.Struct({ persistentVolumeName: maybe(Schema.String) })
  }),
  status: maybe(Schema.Struct({ attached: maybe(Schema.Boolean), attachError: Trouble, detachError: Trouble }))
})

/** Those of other drivers are nothing. */
export const toVolumeAttachment = (driver: string) => {
  const decode = decoding(VolumeAttachment, (wire) => wire)
  return (object: unknown): VolumeAttachmentSeen | undefined => {
    const wire = decode(object)
    if (wire === undefined || wire.spec.attacher !== driver) return undefined
    const { metadata, spec, status } = wire
    const error = isDeleting(metadata) ? status?.detachError : status?.attachError
    return {
      name: metadata.name,
      volumeName: spec.source.persistentVolumeName ?? "",
      nodeName: spec.nodeName,
      attached: status?.attached ?? false,
      deleting: isDeleting(metadata),
      error: error?.message || undefined
    }
  }
}
