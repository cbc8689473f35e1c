import { type OwnNode, startupTaint } from "../OwnNode.ts"

export interface ComingFacts {
  readonly node: OwnNode | undefined
  readonly isRegistered: boolean
}

/** The startup taint may go once kubelet knows the driver: from then on the node's limit of volumes is known, too. */
export const decideComing = ({ node, isRegistered }: ComingFacts): "done" | "wait" | "removeTaint" => {
  if (node === undefined) return "wait"
  if (!node.taints.some(({ key }) => key === startupTaint)) return isRegistered ? "done" : "wait"
  return isRegistered ? "removeTaint" : "wait"
}

/** What those put on a node who empty it: https://kubernetes.io/docs/reference/labels-annotations-taints/ and autoscalers. */
const emptyingTaints: ReadonlySet<string> = new Set([
  "node.kubernetes.io/unschedulable",
  "ToBeDeletedByClusterAutoscaler",
  "karpenter.sh/disrupted",
  "karpenter.sh/disruption"
])

export interface GoingFacts {
  /** Undefined when Kubernetes has no such node any more. */
  readonly node: OwnNode | undefined
  /** Undefined before it was asked for: it is a list of the whole cluster. */
  readonly attachments: ReadonlyArray<string> | undefined
}

export type GoingVerdict =
  | { readonly _tag: "Go" }
  | { readonly _tag: "LookAtAttachments" }
  | { readonly _tag: "Wait"; readonly volumes: ReadonlyArray<string> }

const isBeingEmptied = ({ unschedulable, taints }: OwnNode): boolean =>
  unschedulable || taints.some(({ key }) => emptyingTaints.has(key))

/** Whether the node plugin may end: at once where it is only replaced, and where the node goes once its volumes are elsewhere. */
export const decideGoing = ({ node, attachments }: GoingFacts): GoingVerdict => {
  if (node !== undefined && !isBeingEmptied(node)) return { _tag: "Go" }
  const inUse = node?.volumes ?? []
  if (inUse.length > 0) return { _tag: "Wait", volumes: inUse }
  if (attachments === undefined) return { _tag: "LookAtAttachments" }
  return attachments.length === 0 ? { _tag: "Go" } : { _tag: "Wait", volumes: attachments }
}
