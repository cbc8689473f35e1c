import { Console, Duration, Effect, Either } from "effect"
import { parseGoDuration } from "../adapters/config/goDuration.ts"
import { noProxies } from "../adapters/openstack/proxies.ts"
import { awaitGoing } from "../domain/nodeGoing.ts"
import type { PodSurroundings } from "./kubernetesWays.ts"
import { layerOwnNode } from "./ownNode.ts"
import { readFlags, SubcommandRefusal } from "./subcommand.ts"

const command = "await-drain"

const help = `cinder-csi-plugin await-drain: keeps the node plugin alive while its node is emptied, so that it can still unmount.

For the container's preStop hook. On a node that is cordoned, or marked by an autoscaler, it ends when this driver's volumes
have left the node: not in use, not attached, no VolumeAttachment. On any other node it ends at once. If volumes are still
there when the time is over it says which, and ends with 1.

  --within=TIME       longest wait (default 5m); terminationGracePeriodSeconds of the pod has to be longer
  --node=NAME         the node (default: the variable NODE_NAME)
  --kubeconfig=FILE   how to ask Kubernetes (default: the service account of the pod)`

/** Waits as the flags say; fails when the node's volumes are still there at the end. */
export const runAwaitDrain = (
  argv: ReadonlyArray<string>,
  env: Readonly<Record<string, string | undefined>>,
  surroundings: PodSurroundings = {}
) =>
  Effect.gen(function* () {
    const flags = yield* readFlags(command, argv, {
      help: { type: "boolean" },
      within: { type: "string" },
      node: { type: "string" },
      kubeconfig: { type: "string" }
    })
    if (flags.help) return yield* Console.log(help)
    const within = yield* Either.fromNullable(
      parseGoDuration(flags.within ?? "5m"),
      () => new SubcommandRefusal({ command, problem: "--within takes a time, such as 5m or 90s" })
    )
    const kubernetes = {
      kubeconfig: flags.kubeconfig ?? "",
      master: "",
      queriesPerSecond: 0,
      burst: 0,
      minResyncPeriod: Duration.zero,
      serviceHost: env["KUBERNETES_SERVICE_HOST"] ?? "",
      servicePort: env["KUBERNETES_SERVICE_PORT"] ?? ""
    }
    const options = { kubernetes, proxies: noProxies, nodeName: flags.node ?? env["NODE_NAME"] ?? "" }
    yield* awaitGoing(within).pipe(Effect.provide(layerOwnNode(command, options, surroundings)))
  })
