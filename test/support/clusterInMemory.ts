import { Clock, Effect, Layer } from "effect"
import { type ClusterNode, isOwnTaint, outOfServiceTaint, ownTaintValue } from "../../src/domain/ClusterNode.ts"
import { ClusterFailure, NodeChanged, NodeNotFound } from "../../src/domain/clusterErrors.ts"
import type { ServerId } from "../../src/domain/Server.ts"
import { ClusterNodes, type NodeEvent } from "../../src/ports/ClusterNodes.ts"
import { lostNode } from "./failover.ts"

export interface Cluster {
  readonly layer: Layer.Layer<ClusterNodes>
  /** Puts the node in place, or changes it as kubelet and controllers do. */
  readonly put: (name: string, change: Partial<ClusterNode>) => Effect.Effect<void>
  readonly remove: (name: string) => void
  readonly taintsOf: (name: string) => ReadonlyArray<string>
  /** Reasons of what was reported, in order. */
  readonly events: ReadonlyArray<NodeEvent>
  /** Undefined: as registered. */
  readonly plugins: Map<string, ServerId>
  /** Runs before the next change, as somebody who is quicker. */
  readonly interfere: { next: Effect.Effect<void> | undefined }
  /** Runs once after a node was looked at, before the look leads to anything. */
  readonly meanwhile: { next: Effect.Effect<void> | undefined }
  readonly down: { is: boolean }
}

/** Nodes of Kubernetes as far as the assistant sees them. */
export const clusterInMemory = (): Cluster => {
  const nodes = new Map<string, ClusterNode>()
  const plugins = new Map<string, ServerId>()
  const events: Array<NodeEvent> = []
  const interfere: Cluster["interfere"] = { next: undefined }
  const meanwhile: Cluster["meanwhile"] = { next: undefined }
  const down = { is: false }
  let version = 0

  const set = (node: ClusterNode) => {
    version += 1
    nodes.set(node.name, { ...node, resourceVersion: `${version}` })
  }
  const put = (name: string, change: Partial<ClusterNode>) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const before = nodes.get(name) ?? { ...lostNode, name, uid: `uid of ${name}`, taints: [], ready: "True" as const }
      const since = change.ready === undefined || change.ready === before.ready ? before.readySince : now
      set({ ...before, readySince: since ?? now, ...change })
    })
  const answer = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.suspend(
      (): Effect.Effect<A, E | ClusterFailure> =>
        down.is ? Effect.fail(new ClusterFailure({ operation: "ask Kubernetes", detail: "it is down" })) : effect
    )
  const change = (node: ClusterNode, next: Partial<ClusterNode>) =>
    answer(
      Effect.gen(function* () {
        const other = interfere.next
        interfere.next = undefined
        if (other !== undefined) yield* other
        if (nodes.get(node.name)?.resourceVersion !== node.resourceVersion)
          return yield* new NodeChanged({ name: node.name })
        set({ ...node, ...next })
      })
    )
  const own = { key: outOfServiceTaint, value: ownTaintValue, effect: "NoExecute" }

  return {
    put,
    remove: (name) => void nodes.delete(name),
    taintsOf: (name) => (nodes.get(name)?.taints ?? []).map(({ key, value }) => `${key}=${value ?? ""}`),
    events,
    plugins,
    interfere,
    meanwhile,
    down,
    layer: Layer.succeed(ClusterNodes, {
      list: answer(Effect.sync(() => [...nodes.values()])),
      get: (name) =>
        answer(
          Effect.suspend(() => {
            const node = nodes.get(name)
            return node === undefined ? Effect.fail(new NodeNotFound({ name })) : Effect.succeed(node)
          })
        ),
      serverOf: ({ name }) =>
        answer(
          Effect.suspend(() => {
            const other = meanwhile.next ?? Effect.void
            meanwhile.next = undefined
            return Effect.as(other, plugins.get(name))
          })
        ),
      taint: (node, mark) => change(node, { taints: [...node.taints, own], mark }),
      removeTaint: (node) =>
        change(node, { taints: node.taints.filter((taint) => !isOwnTaint(taint)), mark: undefined }),
      report: (_, event) => answer(Effect.sync(() => void events.push(event)))
    })
  }
}
