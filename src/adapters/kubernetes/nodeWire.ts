import { Option, Schema } from "effect"
import {
  type ClusterNode,
  type FailoverMark,
  isOwnTaint,
  outOfServiceTaint,
  ownTaintValue
} from "../../domain/ClusterNode.ts"
import type { NodePluginSeen } from "../../domain/ClusterObjects.ts"
import { ServerId } from "../../domain/Server.ts"
import { decoding, maybe, millisOf, Texts, Time } from "./shapes.ts"

/** Ours; other programs leave it alone. */
export const markAnnotation = "cinder.csi.openstack.org/failover"

const WireTaint = Schema.Struct({
  key: Schema.String,
  value: maybe(Schema.String),
  effect: Schema.String,
  timeAdded: maybe(Time)
})

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/ */
const WireNode = Schema.Struct({
  metadata: Schema.Struct({
    name: Schema.String,
    uid: Schema.String,
    resourceVersion: Schema.String,
    annotations: maybe(Texts),
    labels: maybe(Texts)
  }),
  spec: maybe(Schema.Struct({ providerID: maybe(Schema.String), taints: maybe(Schema.Array(WireTaint)) })),
  status: maybe(
    Schema.Struct({
      conditions: maybe(
        Schema.Array(Schema.Struct({ type: Schema.String, status: Schema.String, lastTransitionTime: maybe(Time) }))
      ),
      nodeInfo: maybe(Schema.Struct({ bootID: maybe(Schema.String) })),
      volumesAttached: maybe(Schema.Array(Schema.Struct({ name: Schema.String })))
    })
  )
})

const decode = Schema.decodeUnknownOption(WireNode)

const Mark = Schema.parseJson(Schema.Struct({ server: Schema.String, boot: Schema.String }))
const decodeMark = Schema.decodeUnknownOption(Mark)

const markOf = (text: string | undefined): FailoverMark | undefined => {
  const mark = Option.getOrUndefined(decodeMark(text))
  return mark === undefined ? undefined : { serverId: ServerId(mark.server), bootId: mark.boot }
}

const readyWords = ["True", "False", "Unknown"] as const

/** https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/openstack-cloud-controller-manager/using-openstack-cloud-controller-manager.md */
export const serverIn = (providerId: string | null | undefined): ServerId | undefined => {
  const id = /^openstack:\/\/[^/]*\/([0-9a-f-]{36})$/i.exec(providerId ?? "")?.[1]
  return id === undefined ? undefined : ServerId(id)
}

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#node-role-kubernetes-io-control-plane, and its older name. */
const controlPlaneLabels = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"]

const timeText = (time: Date | string): string => (typeof time === "string" ? time : time.toISOString())

/** Undefined for what is no node. */
export const toNode =
  (driver: string) =>
  (object: unknown): ClusterNode | undefined => {
    const read = Option.getOrUndefined(decode(object))
    if (read === undefined) return undefined
    const { metadata, spec, status } = read
    const condition = status?.conditions?.find(({ type }) => type === "Ready")
    const volumePrefix = `kubernetes.io/csi/${driver}^`
    return {
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      ready: readyWords.find((word) => word === condition?.status),
      readySince: millisOf(condition?.lastTransitionTime),
      taints: (spec?.taints ?? []).map(({ key, value, effect, timeAdded }) => ({
        key,
        value: value ?? undefined,
        effect,
        ...(timeAdded == null ? {} : { timeAdded: timeText(timeAdded) })
      })),
      mark: markOf(metadata.annotations?.[markAnnotation]),
      bootId: status?.nodeInfo?.bootID ?? "",
      providerServer: serverIn(spec?.providerID),
      volumes: (status?.volumesAttached ?? []).flatMap(({ name }) =>
        name.startsWith(volumePrefix) ? [name.slice(volumePrefix.length)] : []
      ),
      isControlPlane: controlPlaneLabels.some((label) => metadata.labels?.[label] !== undefined)
    }
  }

const change = ({ resourceVersion }: ClusterNode, taints: ClusterNode["taints"], mark: string | null) => ({
  metadata: { resourceVersion, annotations: { [markAnnotation]: mark } },
  spec: { taints }
})

/** A merge patch; with the version in it, Kubernetes refuses it for any other one. */
export const taintPatch = (node: ClusterNode, { serverId, bootId }: FailoverMark) =>
  change(
    node,
    [...node.taints, { key: outOfServiceTaint, value: ownTaintValue, effect: "NoExecute" }],
    JSON.stringify({ server: serverId, boot: bootId })
  )

export const untaintPatch = (node: ClusterNode) =>
  change(
    node,
    node.taints.filter((taint) => !isOwnTaint(taint)),
    null
  )

const CsiNode = Schema.Struct({
  metadata: Schema.Struct({
    name: Schema.String,
    ownerReferences: maybe(Schema.Array(Schema.Struct({ kind: Schema.String, uid: Schema.String })))
  }),
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

/**
 * https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/csi-node-v1/: it belongs to a node, and
 * may outlive it for a while, in which another one of the same name has begun. Undefined takes it for whichever node.
 */
export const toNodePlugin = (driver: string, nodeUid?: string) =>
  decoding(CsiNode, ({ metadata, spec }): NodePluginSeen | undefined => {
    const owners = metadata.ownerReferences?.filter(({ kind }) => kind === "Node") ?? []
    const isOfNode = nodeUid === undefined || owners.length === 0 || owners.some(({ uid }) => uid === nodeUid)
    const found = isOfNode ? spec.drivers?.find(({ name }) => name === driver) : undefined
    return found === undefined
      ? undefined
      : {
          nodeName: metadata.name,
          serverId: ServerId(found.nodeID),
          allocatable: found.allocatable?.count ?? undefined
        }
  })
