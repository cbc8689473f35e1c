import type { ClusterNode } from "../../src/domain/ClusterNode.ts"
import type { FailoverFacts, FailoverRules, Reading } from "../../src/domain/decisions/failover.ts"
import { ServerId } from "../../src/domain/Server.ts"
import type { ServerEvidence } from "../../src/domain/ServerEvidence.ts"

export const rules: FailoverRules = { lostMillis: 60_000, betweenMillis: 30_000, stopServers: false }
export const server = ServerId("11111111-1111-4111-8111-111111111111")
export const lostSince = 1_000_000

export const running: ServerEvidence = {
  status: "ACTIVE",
  task: undefined,
  power: "running",
  locked: false,
  hostId: "host-a",
  hostStatus: undefined,
  updatedAt: 500
}
export const off: ServerEvidence = { ...running, status: "SHUTOFF", power: "off" }

/** A node with a volume that has not been heard of since `lostSince`. */
export const lostNode: ClusterNode = {
  name: "node-1",
  uid: "uid-1",
  resourceVersion: "7",
  ready: "Unknown",
  readySince: lostSince,
  taints: [{ key: "node.kubernetes.io/unreachable", value: undefined, effect: "NoExecute" }],
  mark: undefined,
  bootId: "boot-1",
  providerServer: server,
  volumes: ["v1"],
  isControlPlane: false
}

export const readingOf = (seen: Reading["seen"], at: number, node: ClusterNode = lostNode): Reading => ({
  askedAt: at,
  at,
  seen,
  lostSince: node.readySince,
  bootId: node.bootId
})

/** A node lost for two minutes, read now for the second time. */
export const factsOf = (seen: Reading["seen"], change: Partial<FailoverFacts> = {}): FailoverFacts => {
  const node = change.node ?? lostNode
  return {
    node,
    now: change.reading?.at ?? lostSince + 120_000,
    server,
    reading: readingOf(seen, lostSince + 120_000, node),
    first: readingOf(seen, lostSince + 90_000, node),
    hostAtFirst: "host-a",
    stopAsked: false,
    cluster: { nodes: 3, lost: 1 },
    ...change
  }
}
