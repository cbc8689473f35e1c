import { Option, Schema } from "effect"
import type {
  ClaimSeen,
  NodePluginSeen,
  NodeSeen,
  PersistentVolumeSeen,
  PodSeen,
  StorageClassSeen,
  VolumeAttachmentSeen
} from "../../domain/ClusterObjects.ts"
import type { EventSeen } from "../../domain/decisions/doctor/Report.ts"
import { ServerId } from "../../domain/Server.ts"
import { zoneKey } from "../../domain/Topology.ts"
import { bytesIn } from "./quantity.ts"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))
const Texts = Schema.Record({ key: Schema.String, value: Schema.String })
/** The library makes dates of times, and objects of its own of some that have microseconds. */
const Time = Schema.Union(Schema.DateFromSelf, Schema.String)

const Meta = Schema.Struct({
  name: Schema.String,
  namespace: maybe(Schema.String),
  uid: maybe(Schema.String),
  annotations: maybe(Texts),
  labels: maybe(Texts),
  deletionTimestamp: maybe(Time)
})

const isDeleting = ({ deletionTimestamp }: typeof Meta.Type): boolean => deletionTimestamp != null

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

const decoding =
  <A, I, B>(schema: Schema.Schema<A, I>, read: (wire: A) => B) =>
  (object: unknown): B | undefined =>
    Option.getOrUndefined(Option.map(Schema.decodeUnknownOption(schema)(object), read))

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

const Waiting = maybe(Schema.Struct({ waiting: maybe(Schema.Struct({ reason: maybe(Schema.String) })) }))

const Pod = Schema.Struct({
  metadata: Meta,
  spec: Schema.Struct({
    nodeName: maybe(Schema.String),
    volumes: maybe(
      Schema.Array(
        Schema.Struct({
          name: Schema.String,
          persistentVolumeClaim: maybe(Schema.Struct({ claimName: Schema.String })),
          ephemeral: maybe(Schema.Unknown)
        })
      )
    )
  }),
  status: maybe(
    Schema.Struct({
      phase: maybe(Schema.String),
      containerStatuses: maybe(Schema.Array(Schema.Struct({ state: Waiting })))
    })
  )
})

/** A generic ephemeral volume has a claim that is named after pod and volume (https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/). */
export const toPod = decoding(
  Pod,
  ({ metadata, spec, status }): PodSeen => ({
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    phase: status?.phase ?? "",
    nodeName: spec.nodeName || undefined,
    claims: (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
      if (persistentVolumeClaim != null) return [persistentVolumeClaim.claimName]
      return ephemeral == null ? [] : [`${metadata.name}-${name}`]
    }),
    waiting: [...new Set((status?.containerStatuses ?? []).flatMap(({ state }) => state?.waiting?.reason ?? []))],
    deleting: isDeleting(metadata)
  })
)

const Node = Schema.Struct({
  metadata: Meta,
  spec: maybe(
    Schema.Struct({
      providerID: maybe(Schema.String),
      unschedulable: maybe(Schema.Boolean),
      taints: maybe(Schema.Array(Schema.Struct({ key: Schema.String, effect: Schema.String })))
    })
  ),
  status: maybe(
    Schema.Struct({ conditions: maybe(Schema.Array(Schema.Struct({ type: Schema.String, status: Schema.String }))) })
  )
})

export const toNodeSeen = decoding(Node, ({ metadata, spec, status }): NodeSeen => {
  const [, server] = /^openstack:\/\/[^/]*\/([0-9a-f-]{36})$/i.exec(spec?.providerID ?? "") ?? []
  return {
    name: metadata.name,
    ready: status?.conditions?.find(({ type }) => type === "Ready")?.status ?? "Unknown",
    taints: (spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`),
    unschedulable: spec?.unschedulable ?? false,
    zoneLabel: metadata.labels?.[zoneKey],
    providerServer: server === undefined ? undefined : ServerId(server)
  }
})

const CsiNode = Schema.Struct({
  spec: Schema.Struct({
    drivers: maybe(
      Schema.Array(
        Schema.Struct({
          name: Schema.String,
          nodeID: Schema.String,
          allocatable: maybe(Schema.Struct({ count: maybe(Schema.Number) }))
        })
      )
    )
  })
})

export const toNodePlugin = (driver: string) =>
  decoding(CsiNode, ({ spec }): NodePluginSeen | undefined => {
    const found = spec.drivers?.find(({ name }) => name === driver)
    return found === undefined
      ? undefined
      : { serverId: ServerId(found.nodeID), allocatable: found.allocatable?.count ?? undefined }
  })

const Event = Schema.Struct({
  involvedObject: Schema.Struct({
    kind: maybe(Schema.String),
    namespace: maybe(Schema.String),
    name: maybe(Schema.String)
  }),
  type: maybe(Schema.String),
  reason: maybe(Schema.String),
  message: maybe(Schema.String),
  count: maybe(Schema.Number),
  lastTimestamp: maybe(Time),
  eventTime: maybe(Time),
  firstTimestamp: maybe(Time)
})

const millisOf = (...times: ReadonlyArray<Date | string | null | undefined>): number | undefined => {
  const millis = times.map((time) => new Date(time ?? "").getTime()).find((one) => !Number.isNaN(one))
  return millis
}

export const toEvent = decoding(Event, (wire): EventSeen => {
  const { kind, namespace, name } = wire.involvedObject
  return {
    about: `${kind ?? ""} ${namespace ? `${namespace}/` : ""}${name ?? ""}`,
    type: wire.type ?? "",
    reason: wire.reason ?? "",
    message: wire.message ?? "",
    count: wire.count ?? 1,
    at: millisOf(wire.lastTimestamp, wire.eventTime, wire.firstTimestamp)
  }
})
