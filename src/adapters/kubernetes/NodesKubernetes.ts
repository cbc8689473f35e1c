import { Duration, Effect, Layer } from "effect"
import type { ClusterNode } from "../../domain/ClusterNode.ts"
import { ClusterFailure, NodeChanged, NodeNotFound } from "../../domain/clusterErrors.ts"
import { ClusterNodes } from "../../ports/ClusterNodes.ts"
import { asking, type ClientOptions, type ClientProblem, makeClients, type RequestFailure } from "./clusterClient.ts"
import { makeNodeCopy } from "./nodeCopy.ts"
import { makeReport } from "./nodeEvents.ts"
import { taintPatch, toNode, toNodePlugin, untaintPatch } from "./nodeWire.ts"

export interface NodesOptions extends ClientOptions {
  /** The driver's name, as its CSIDriver and CSINode objects have it. */
  readonly driver: string
  /** Between two tries when Kubernetes does not answer, and between two watches. Default 5 seconds. */
  readonly pause?: Duration.Duration
  /** After so long without a word a watch counts as dead. Default 2 minutes. */
  readonly silence?: Duration.Duration
}

const failing = (operation: string) => (failure: RequestFailure) =>
  new ClusterFailure({ operation, detail: failure.detail })

const makeNodes = (options: NodesOptions) =>
  Effect.gen(function* () {
    const { driver, pause = Duration.seconds(5), silence = Duration.minutes(2) } = options
    const { config, core, storage } = yield* makeClients(options)
    const read = toNode(driver)
    const copy = yield* makeNodeCopy({ config, core, toNode: read, pause, silence })
    const report = makeReport(core)

    const patch = (operation: string, node: ClusterNode, body: object) =>
      asking(() => core.patchNode({ name: node.name, body })).pipe(
        Effect.mapError((failure) =>
          failure.status === 409 ? new NodeChanged({ name: node.name }) : failing(operation)(failure)
        ),
        Effect.asVoid
      )

    return ClusterNodes.of({
      list: Effect.mapError(copy.current, (detail) => new ClusterFailure({ operation: "follow the nodes", detail })),
      get: Effect.fn("ClusterNodes.get")(function* (name: string) {
        const operation = `read node ${name}`
        const object = yield* asking(() => core.readNode({ name })).pipe(
          Effect.mapError((failure) =>
            failure.status === 404 ? new NodeNotFound({ name }) : failing(operation)(failure)
          )
        )
        const node = read(object)
        return node ?? (yield* new ClusterFailure({ operation, detail: "the answer of Kubernetes is no node" }))
      }),
      serverOf: Effect.fn("ClusterNodes.serverOf")(({ name, uid }: ClusterNode) =>
        asking(() => storage.readCSINode({ name })).pipe(
          Effect.map((object) => toNodePlugin(driver, uid)(object)?.serverId),
          Effect.catchIf(
            ({ status }) => status === 404,
            () => Effect.succeed(undefined)
          ),
          Effect.mapError(failing(`read CSINode ${name}`))
        )
      ),
      taint: Effect.fn("ClusterNodes.taint")((node, mark) => patch(`taint ${node.name}`, node, taintPatch(node, mark))),
      removeTaint: Effect.fn("ClusterNodes.removeTaint")((node) =>
        patch(`take the taint from ${node.name}`, node, untaintPatch(node))
      ),
      report: Effect.fn("ClusterNodes.report")((node, event) =>
        Effect.mapError(report(node, event), failing(`report about ${node.name}`))
      )
    })
  })

/** Nodes of the cluster that the options lead to, through the Kubernetes client library. */
export const layerNodesKubernetes = (options: NodesOptions): Layer.Layer<ClusterNodes, ClientProblem> =>
  Layer.scoped(ClusterNodes, makeNodes(options))
