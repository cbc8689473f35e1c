import { type ClusterNode, type FailoverMark, isOutOfService, isOwnTaint } from "../ClusterNode.ts"
import type { ServerId } from "../Server.ts"
import type { ServerEvidence } from "../ServerEvidence.ts"
import { type Proof, proofOf } from "./serverOff.ts"

export interface FailoverRules {
  /** How long nothing has been heard of kubelet before anything is done. */
  readonly lostMillis: number
  /** How far apart the two readings are that have to say the same. */
  readonly betweenMillis: number
  /** Whether a server that runs may be stopped. */
  readonly stopServers: boolean
}

/** What Nova said: `gone` when it has no such server, `unseen` when it did not answer. */
export type Seen = ServerEvidence | "gone" | "unseen"

/** Nova's evidence about one node at one time. */
export interface Reading {
  /**
   * When Nova was asked and when it had answered: what it told was so at some time in between. In milliseconds of a clock
   * that nobody sets, since readings that only seem to be apart are one reading.
   */
  readonly askedAt: number
  readonly at: number
  readonly seen: Seen
  /** Since when kubelet is missed and the boot that it told last: another of one of them is another outage. */
  readonly lostSince: number | undefined
  readonly bootId: string
}

export interface FailoverFacts {
  /** As Kubernetes shows it right now, never from a copy. */
  readonly node: ClusterNode
  /** By the clock of the day, which Kubernetes notes its times by. */
  readonly now: number
  /** What this driver's node service told kubelet, as in CSINode, or else the cloud controller manager; undefined where neither did. */
  readonly server: ServerId | undefined
  readonly reading: Reading
  /** The first of an unbroken row of readings that said what this one says, as the last verdict had it. */
  readonly first: Reading | undefined
  /** The compute host when the outage was first seen. */
  readonly hostAtFirst: string | undefined
  /** Whether this outage's server was asked to stop already. */
  readonly stopAsked: boolean
  /** Nodes of the cluster, and how many of them are missed. */
  readonly cluster: { readonly nodes: number; readonly lost: number }
}

/**
 * - `Nothing`: not ours to act on, or not known
 * - `Wait`: this has to be read once more; `first` is to be kept until then
 * - `Stop`: have Nova stop the server
 * - `Taint`, `RemoveTaint`: say, or no longer say, that the machine is off
 * - `Explain`: what keeps it from failing over, for people
 */
export type FailoverVerdict =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Wait"; readonly first: Reading }
  | { readonly _tag: "Stop"; readonly server: ServerId }
  | { readonly _tag: "Taint"; readonly mark: FailoverMark; readonly proof: Proof }
  | { readonly _tag: "RemoveTaint" }
  | { readonly _tag: "Explain"; readonly reason: string; readonly note: string }

const nothing: FailoverVerdict = { _tag: "Nothing" }
const explain = (reason: string, note: string): FailoverVerdict => ({ _tag: "Explain", reason, note })

/** Nova's record must not have changed in between either: a server that was started and stopped again is another reading. */
const saysTheSame = (one: Reading, other: Reading): boolean =>
  typeof one.seen === "object" &&
  typeof other.seen === "object" &&
  one.lostSince === other.lostSince &&
  one.bootId === other.bootId &&
  one.seen.status === other.seen.status &&
  one.seen.task === other.seen.task &&
  one.seen.power === other.seen.power &&
  one.seen.locked === other.seen.locked &&
  one.seen.hostId === other.seen.hostId &&
  one.seen.hostStatus === other.seen.hostStatus &&
  one.seen.updatedAt === other.seen.updatedAt

/** Goes on only when two readings at the distance of the rules agree. */
const readTwice = ({ first, reading }: FailoverFacts, rules: FailoverRules, then: FailoverVerdict): FailoverVerdict => {
  if (first === undefined || !saysTheSame(first, reading)) return { _tag: "Wait", first: reading }
  return reading.askedAt - first.at >= rules.betweenMillis ? then : { _tag: "Wait", first }
}

/** More than a third at once, or all, looks like a network or a control plane in trouble, not like machines that died. */
const isTooMany = ({ nodes, lost }: FailoverFacts["cluster"]): boolean =>
  lost >= nodes || lost > Math.max(1, Math.floor(nodes / 3))

const whileRunning = (
  facts: FailoverFacts,
  rules: FailoverRules,
  server: ServerId,
  { power, locked }: ServerEvidence
): FailoverVerdict => {
  if (power !== "running")
    return explain("ServerUnclear", `server ${server} is ACTIVE, but its power state is ${power}`)
  if (!rules.stopServers) {
    return explain(
      "ServerRuns",
      `server ${server} is ACTIVE in Nova, so that its guest may still write; stop it, or set stop-servers to have that done`
    )
  }
  if (facts.node.isControlPlane) {
    return explain(
      "ControlPlaneRuns",
      `server ${server} is ACTIVE and of the control plane, which may work without its kubelet: it is not stopped; look at it`
    )
  }
  if (facts.stopAsked)
    return explain("StopNotDone", `server ${server} was asked to stop and is ACTIVE; it is not asked again`)
  if (locked)
    return explain("ServerLocked", `server ${server} is locked, so that it is not stopped; unlock it or stop it`)
  if (isTooMany(facts.cluster)) {
    return explain(
      "TooManyNodesLost",
      `server ${server} is not stopped, since so many nodes do not answer at once; that looks like the network`
    )
  }
  return readTwice(facts, rules, { _tag: "Stop", server })
}

/** Not Ready ends the outage as well: the taint may be what keeps away pods that the node needs to become Ready. */
const whenMarked = ({ ready, bootId, mark }: ClusterNode): FailoverVerdict => {
  if (ready !== "True" && ready !== "False") return nothing
  const isKnown = mark !== undefined && mark.bootId !== "" && bootId !== ""
  if (isKnown && bootId !== mark.bootId) return { _tag: "RemoveTaint" }
  return explain(
    "SameBoot",
    "the node's kubelet is back and does not show that it was started anew; make sure that it holds no volume that went elsewhere, restart it, or remove the taint by hand"
  )
}

/**
 * What to do about one node. Only a server that two readings show to be off gets the taint: it has Kubernetes give the
 * node's volumes to others without asking the node (docs/failures.md). What is not known leads to nothing.
 */
export const decideFailover = (facts: FailoverFacts, rules: FailoverRules): FailoverVerdict => {
  const { node, server, reading } = facts
  if (node.taints.some(isOwnTaint)) return whenMarked(node)
  if (node.taints.some(isOutOfService)) return nothing
  // Not Ready is something that kubelet says, so that the guest runs.
  if (node.ready !== "Unknown" || node.readySince === undefined) return nothing
  if (facts.now - node.readySince < rules.lostMillis) return nothing
  if (node.volumes.length === 0) return nothing
  if (server === undefined) {
    return explain(
      "ServerUnknown",
      "neither this driver's registration nor the providerID says which server the node is; if its machine is off, taint it by hand"
    )
  }
  if (node.providerServer !== undefined && node.providerServer !== server) {
    return explain(
      "ServerUnclear",
      `the node is server ${server} for this driver and ${node.providerServer} in its providerID`
    )
  }
  const { seen } = reading
  if (seen === "unseen") return nothing
  if (seen === "gone") {
    return explain(
      "ServerGone",
      `Nova has no server ${server}: the cloud controller manager removes the node, and no taint is needed`
    )
  }
  const proof = proofOf(server, seen, facts.hostAtFirst)
  switch (proof._tag) {
    case "Off":
      return readTwice(facts, rules, { _tag: "Taint", mark: { serverId: server, bootId: node.bootId }, proof })
    case "Runs":
      return whileRunning(facts, rules, server, seen)
    case "Open":
      return explain(proof.reason, proof.note)
  }
}
