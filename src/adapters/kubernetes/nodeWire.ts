import { Option, Schema } from "effect"
import {
  type ClusterNode,
  type FailoverMark,
  isOwnTaint,
  outOfServiceTaint,
  ownTaintValue
} from "../../domain/ClusterNode.ts"
import { ServerId } from "../../domain/Server.ts"

/** Ours; other programs leave it alone. */
export const markAnnotation = "cinder.csi.openstack.org/failover"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

/** The library reads times of an object and leaves those of a watch as they came. */
export const Time = Schema.Union(Schema.DateFromSelf, Schema.String)

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
    annotations: maybe(Schema.Record({ key: Schema.String, value: Schema.String })),
    labels: maybe(Schema.Record({ key: Schema.String, value: Schema.String }))
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

export const millisOf = (time: Date | string | null | undefined): number | undefined => {
  const millis = new Date(time ?? "").getTime()
  return Number.isNaN(millis) ? undefined : millis
}

const readyWords = ["True", "False", "Unknown"] as const

/** https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/openstack-cloud-controller-manager/using-openstack-cloud-controller-manager.md */
const serverIn = (providerId: string | null | undefined): ServerId | undefined => {
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

const WireCsiNode = Schema.Struct({
  metadata: maybe(
    Schema.Struct({ ownerReferences: maybe(Schema.Array(Schema.Struct({ kind: Schema.String, uid: Schema.String }))) })
  ),
  spec: Schema.Struct({ drivers: maybe(Schema.Array(Schema.Struct({ name: Schema.String, nodeID: Schema.String }))) })
})
const decodeCsiNode = Schema.decodeUnknownOption(WireCsiNode)

/**
 * https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/csi-node-v1/: it belongs to a node, and
 * may outlive it for a while, in which another one of the same name has begun. Undefined takes it for whichever node.
 */
export const serverInCsiNode = (driver: string, object: unknown, nodeUid?: string): ServerId | undefined => {
  const read = Option.getOrUndefined(decodeCsiNode(object))
  const owners = read?.metadata?.ownerReferences?.filter(({ kind }) => kind === "Node") ?? []
  const isOfNode = nodeUid === undefined || owners.length === 0 || owners.some(({ uid }) => uid === nodeUid)
  if (!isOfNode) return undefined
  const id = read?.spec.drivers?.find(({ name }) => name === driver)?.nodeID
  return id === undefined ? undefined : ServerId(id)
}
