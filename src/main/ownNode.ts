import { Effect, Layer } from "effect"
import { driverName } from "../adapters/csi/identity.ts"
import { AccessProblem } from "../adapters/kubernetes/ClusterAccess.ts"
import { layerOwnNodeKubernetes } from "../adapters/kubernetes/OwnNodeKubernetes.ts"
import { type ClusterOptions, type PodSurroundings, waysToKubernetes } from "./kubernetesWays.ts"

export { removeStartupTaint } from "../domain/nodeComing.ts"

/** The node that this pod runs on; `setting` is what asks for it. */
export const layerOwnNode = (
  setting: string,
  options: ClusterOptions & { readonly nodeName: string },
  surroundings: PodSurroundings = {}
) =>
  Layer.unwrapEffect(
    Effect.suspend(() => {
      const { nodeName } = options
      if (nodeName === "") {
        return Effect.fail(
          new AccessProblem({
            problem: `${setting} needs the node's name in the variable NODE_NAME (fieldRef: spec.nodeName)`
          })
        )
      }
      const ways = waysToKubernetes(options, surroundings)
      return Effect.succeed(layerOwnNodeKubernetes({ ...ways, nodeName, driver: driverName, setting }))
    })
  )
