import { Schema } from "effect"
import type { NodeSeen, PodSeen } from "../../domain/ClusterObjects.ts"
import type { EventSeen } from "../../domain/decisions/doctor/Report.ts"
import { zoneKey } from "../../domain/Topology.ts"
import { serverIn } from "./nodeWire.ts"
import { decoding, isDeleting, Meta, maybe, millisOf, Time } from "./shapes.ts"

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

export const toNodeSeen = decoding(
  Node,
  ({ metadata, spec, status }): NodeSeen => ({
    name: metadata.name,
    ready: status?.conditions?.find(({ type }) => type === "Ready")?.status ?? "Unknown",
    taints: (spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`),
    unschedulable: spec?.unschedulable ?? false,
    zoneLabel: metadata.labels?.[zoneKey],
    providerServer: serverIn(spec?.providerID)
  })
)

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
