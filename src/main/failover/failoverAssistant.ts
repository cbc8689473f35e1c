import { Console, Effect, Layer, LogLevel } from "effect"
import { loadCloudConf } from "../../adapters/config/loadCloudConf.ts"
import { describeProblem } from "../../adapters/config/problems.ts"
import { driverName } from "../../adapters/csi/identity.ts"
import { layerNodesKubernetes, type NodesOptions } from "../../adapters/kubernetes/NodesKubernetes.ts"
import { FailoverAssistant } from "../../domain/FailoverAssistant.ts"
import { FailoverSettings } from "../../domain/FailoverSettings.ts"
import { asService } from "../asService.ts"
import { layerCloudPower } from "../cloudLayers.ts"
import { serviceAccountFolder } from "../kubernetesWays.ts"
import { layerLogFormat } from "../logFormat.ts"
import { observing } from "../observing.ts"
import { serveClouds } from "../rotation.ts"
import { version } from "../version.ts"
import { type AssistantOptions, readAssistantOptions } from "./options.ts"

const help = `cinder-csi-plugin failover-assistant: gives up nodes whose server is off, so that their volumes go to other nodes.

When a node's kubelet is not heard of any more, Kubernetes keeps the node's pods and volumes where they are until somebody
says that the machine is off. The assistant says so (the taint node.kubernetes.io/out-of-service) when Nova shows, in two
readings, that the server is off, and takes the taint away when the node is back from another boot. It never says so of a
server that runs, or of one whose compute host does not answer. What keeps it from acting is an Event of the Node:
kubectl describe node NAME.

  --cloud-config=FILE   how to ask Nova: the cloud.conf of the controller. Several are merged: the last value of a key wins
  --cloud-name=NAME     the section [Global "NAME"] in place of plain [Global]
  --kubeconfig=FILE     how to ask Kubernetes (default: the service account of the pod)
  --http-endpoint=ADDR  serve metrics, such as at :8080 (default: nowhere)

In cloud.conf, each with its default:

  [FailoverAssistant]
  lost-after = 60s         after so long without word of a kubelet that Kubernetes misses (50 s earlier) it is looked at
  between-readings = 30s   how far apart the two readings are
  stop-servers = false     have Nova stop the server of such a node when it still runs, once in an outage, no node of the
                           control plane, and none while more than a third of the nodes are missed; then two readings again
  dry-run = false          say in logs and Events what would be done, and do nothing

Begin with dry-run = true. One replica is enough; deploy/kubernetes/components/failover-assistant has what it may do.`

/** Builds the assistant as the options say; the reading of its files is all that can fail. */
export const layerAssistant = (options: AssistantOptions, pod: Partial<NodesOptions> = {}) =>
  Layer.unwrapScoped(
    Effect.gen(function* () {
      const load = loadCloudConf(options.cloudConfig, { missingFiles: "refuse", cloudsYaml: options.cloudsYaml })
      const conf = yield* load
      yield* Effect.forEach(conf.warnings, (warning) => Effect.logWarning(describeProblem(warning)), { discard: true })
      const settings = yield* conf.failover
      const clouds = yield* serveClouds(load, conf, [options.cloudName])
      const { cloud: section, live } = yield* Effect.orDie(Effect.fromNullable(clouds.get(options.cloudName)))
      const observe = (yield* observing(options.httpEndpoint)).requestsOf(options.cloudName)
      const userAgent = `cinder-csi-plugin/${version} failover-assistant`
      const cloud = { userAgent, observe, proxies: options.proxies, ignoreMicroversions: false }
      const { kubeconfig, serviceHost, servicePort } = options
      const nodes = {
        kubeconfig,
        serviceHost,
        servicePort,
        serviceAccountFolder,
        userAgent,
        driver: driverName,
        ...pod
      }
      yield* Effect.logInfo(
        `cinder-csi-plugin ${version} watches the nodes of the cluster${settings.dryRun ? ", on a dry run" : ""}`
      )
      return FailoverAssistant.layer.pipe(
        Layer.provide(layerNodesKubernetes(nodes)),
        Layer.provide(layerCloudPower(section, live, cloud)),
        Layer.provide(Layer.succeed(FailoverSettings, settings)),
        Layer.provideMerge(layerLogFormat(conf.telemetry.logFormat))
      )
    })
  )

/** Assists until interrupted. */
export const runFailoverAssistant = (argv: ReadonlyArray<string>, env: Readonly<Record<string, string | undefined>>) =>
  Effect.gen(function* () {
    const options = yield* readAssistantOptions(argv, env)
    if (options === undefined) return yield* Console.log(help)
    return yield* Effect.flatMap(FailoverAssistant, ({ run }) => run).pipe(
      Effect.provide(layerAssistant(options)),
      asService(LogLevel.Info)
    )
  })
