import type { Taint } from "./ClusterNode.ts"

/** Keeps pods from a node until this driver can serve them; an operator has nodes start with it. */
export const startupTaint = "cinder.csi.openstack.org/agent-not-ready"

/** The node that this process runs on, as Kubernetes has it on record. */
export interface OwnNode {
  readonly name: string
  readonly uid: string
  /** A change of this record, and of no later one, names it. */
  readonly resourceVersion: string
  readonly unschedulable: boolean
  readonly taints: ReadonlyArray<Taint>
  /** Volumes of this driver that kubelet still uses or that Kubernetes has attached here. */
  readonly volumes: ReadonlyArray<string>
}
