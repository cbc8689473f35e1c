import type { ServerId } from "./Server.ts"

/** Kubernetes takes it for an administrator's word that the machine is off (https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/). */
export const outOfServiceTaint = "node.kubernetes.io/out-of-service"

/** The value that tells the assistant's own taints from those of people, which it never removes. */
export const ownTaintValue = "cinder-csi-failover"

/** What the assistant writes on a node beside its taint. */
export interface FailoverMark {
  readonly serverId: ServerId
  /** Of the guest that was found to be off; empty where kubelet had told none. */
  readonly bootId: string
}

export interface Taint {
  readonly key: string
  readonly value: string | undefined
  readonly effect: string
  /** Kubernetes' own; it stays as it is when another taint comes or goes. */
  readonly timeAdded?: string
}

/** A node as Kubernetes has it on record, so that a dead node still shows what it last told. */
export interface ClusterNode {
  readonly name: string
  readonly uid: string
  /** A change of this record, and of no later one, names it. */
  readonly resourceVersion: string
  /** `Unknown` when kubelet has not been heard of for a while; undefined where the condition is missing. */
  readonly ready: "True" | "False" | "Unknown" | undefined
  /** When `ready` became what it is, in milliseconds since the epoch. */
  readonly readySince: number | undefined
  readonly taints: ReadonlyArray<Taint>
  readonly mark: FailoverMark | undefined
  /** Another one after each start of the guest's kernel; empty where kubelet has told none. */
  readonly bootId: string
  /** What the cloud controller manager says that the node is; undefined where it says nothing that is a server's id. */
  readonly providerServer: ServerId | undefined
  /** Volumes of this driver that Kubernetes has attached to the node. */
  readonly volumes: ReadonlyArray<string>
  /** Runs a part of Kubernetes itself, which may be well when kubelet is not heard of. */
  readonly isControlPlane: boolean
}

/** Whether nothing was heard of the node's kubelet between two looks at it. */
export const isSameOutage = (one: ClusterNode, other: ClusterNode): boolean =>
  one.uid === other.uid &&
  one.ready === other.ready &&
  one.readySince === other.readySince &&
  one.bootId === other.bootId

export const isOwnTaint = ({ key, value }: Taint): boolean => key === outOfServiceTaint && value === ownTaintValue

export const isOutOfService = ({ key }: Taint): boolean => key === outOfServiceTaint
