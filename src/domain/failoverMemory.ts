import type { ClusterNode } from "./ClusterNode.ts"
import type { Reading, Seen } from "./decisions/failover.ts"

/** What is remembered of a node's outage while it lasts. */
export interface Outage {
  readonly lostSince: number | undefined
  readonly bootId: string
  readonly hostAtFirst: string | undefined
  readonly first: Reading | undefined
  readonly stopAsked: boolean
  /** What was said last, and when; a sentence is not repeated with every look. */
  readonly said: { readonly text: string; readonly at: number } | undefined
}

export interface OutageMemory {
  /** Of the outage that the node shows now; what was noted of an earlier one is forgotten. */
  readonly of: (node: ClusterNode, seen: Seen) => Outage
  readonly note: (node: ClusterNode, change: Partial<Outage>) => void
  /** Forgets nodes that are not among these. */
  readonly keep: (nodes: ReadonlyArray<ClusterNode>) => void
}

export const makeOutageMemory = (): OutageMemory => {
  const outages = new Map<string, Outage>()
  const fresh = ({ readySince, bootId }: ClusterNode): Outage => ({
    lostSince: readySince,
    bootId,
    hostAtFirst: undefined,
    first: undefined,
    stopAsked: false,
    said: undefined
  })
  const current = (node: ClusterNode): Outage => {
    const known = outages.get(node.uid)
    return known?.lostSince === node.readySince && known?.bootId === node.bootId ? known : fresh(node)
  }
  return {
    of: (node, seen) => {
      const outage = current(node)
      const host = typeof seen === "object" && seen.hostId !== "" ? seen.hostId : undefined
      const noted = { ...outage, hostAtFirst: outage.hostAtFirst ?? host }
      outages.set(node.uid, noted)
      return noted
    },
    note: (node, change) => void outages.set(node.uid, { ...current(node), ...change }),
    keep: (nodes) => {
      const kept = new Set(nodes.map(({ uid }) => uid))
      for (const uid of outages.keys()) if (!kept.has(uid)) outages.delete(uid)
    }
  }
}
