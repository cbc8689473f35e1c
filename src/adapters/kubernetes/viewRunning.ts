import { Schema } from "effect"
import type { NodePluginSeen, NodeSeen, PodSeen } from "../../domain/ClusterObjects.ts"
import type { EventSeen } from "../../domain/decisions/doctor/Report.ts"
import { ServerId } from "../../domain/Server.ts"
import { zoneKey } from "../../domain/Topology.ts"
import { decoding, isDeleting, Meta, maybe, Time } from "./viewShapes.ts"

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
