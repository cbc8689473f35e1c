import { Console, Context, Effect, Layer, Logger, LogLevel } from "effect"
import { loadCloudConf } from "../../adapters/config/loadCloudConf.ts"
import { describeProblem } from "../../adapters/config/problems.ts"
import { driverName } from "../../adapters/csi/identity.ts"
import { layerClusterView } from "../../adapters/kubernetes/ClusterViewKubernetes.ts"
import { audit } from "../../domain/Audit.ts"
import type { AuditRules } from "../../domain/AuditFacts.ts"
import { CloudInventory } from "../../ports/CloudInventory.ts"
import { ClusterView } from "../../ports/ClusterView.ts"
import { layerCloudInventory } from "../cloudLayers.ts"
import { Ending } from "../Ending.ts"
import { type PodSurroundings, serviceAccountFolder } from "../kubernetesWays.ts"
import { serveClouds } from "../rotation.ts"
import { version } from "../version.ts"
import { auditJson } from "./json.ts"
import { type AuditOptions, readAuditOptions } from "./options.ts"
import { auditText } from "./text.ts"

const help = `cinder-csi-plugin audit: what costs money and belongs to nobody, and what does not belong together.

Compares the volumes, snapshots, backups and attachments of an OpenStack project with what Kubernetes has on record, and
reports what one has and the other does not. It only reads: nothing is deleted, detached or changed.

In the controller's pod, which has all that is needed (with Helm: deployment/openstack-cinder-csi-controllerplugin):
  kubectl -n kube-system exec deployment/csi-cinder-controllerplugin -c cinder-csi-plugin -- \\
    /bin/cinder-csi-plugin audit --cloud-config=/etc/config/cloud.conf --cluster=kubernetes

From a machine with a kubeconfig:
  cinder-csi-plugin audit --cloud-config=cloud.conf --cluster=kubernetes --kubeconfig=$HOME/.kube/config

  --cloud-config=FILE    how to ask the cloud: the cloud.conf of the controller. Several are merged: the last value wins
  --cluster=NAME         what the driver runs with as --cluster. All that it makes bears this name, and only that is
                         judged; what other clusters have is counted. Two clusters of one name cannot be told apart
  --cloud-name=NAME      the section [Global "NAME"] in place of plain [Global]; may be repeated
  --kubeconfig=FILE      how to ask Kubernetes (default: the variable KUBECONFIG, else the service account of the pod)
  --without-kubernetes   tell what the cloud alone shows, which is little: no orphans
  --grace=TIME           leave out what was made or changed less than so long ago (default 1h)
  --json                 for programs: docs/operations.md has the form

Ends with 0 when nothing was found, 1 when something was, 2 when it could not look.`

/** Of the whole run: ten thousand volumes take some seconds. */
const longestRun = "10 minutes"

export interface AuditSurroundings extends PodSurroundings {
  readonly colour?: boolean
}

const clusterOf = (options: AuditOptions, surroundings: PodSurroundings, userAgent: string) => {
  if (!options.withKubernetes) return Effect.succeed(undefined)
  const { kubeconfig, serviceHost, servicePort } = options
  const pod = { serviceAccountFolder, serviceHost, servicePort, ...surroundings }
  return Layer.build(layerClusterView({ ...pod, kubeconfig, userAgent, driver: driverName, limit: longestRun })).pipe(
    Effect.map(Context.get(ClusterView)),
    Effect.mapError(
      ({ message }) =>
        new Ending({ code: 2, text: `${message}; or take what the cloud alone shows: --without-kubernetes` })
    )
  )
}

const auditing = (options: AuditOptions, surroundings: AuditSurroundings) =>
  Effect.gen(function* () {
    const userAgent = `cinder-csi-plugin/${version} audit`
    const load = loadCloudConf(options.cloudConfig, { missingFiles: "refuse", cloudsYaml: options.cloudsYaml })
    const conf = yield* load
    yield* Effect.forEach(conf.warnings, (warning) => Console.error(`warning: ${describeProblem(warning)}`), {
      discard: true
    })
    const served = yield* serveClouds(load, conf, options.cloudNames)
    const cluster = yield* clusterOf(options, surroundings, userAgent)
    const { ignoreVolumeAz, ignoreVolumeMicroversion } = conf.blockStorage
    const ways = {
      userAgent,
      observe: () => undefined,
      proxies: options.proxies,
      ignoreMicroversions: ignoreVolumeMicroversion
    }
    const clouds = yield* Effect.forEach(served, ([name, { cloud, live }]) =>
      Effect.map(Layer.build(layerCloudInventory(cloud, live, ways)), (built) => ({
        name,
        zoneMap: cloud.zoneMap,
        inventory: Context.get(built, CloudInventory)
      }))
    )
    const rules: AuditRules = {
      cluster: options.cluster,
      graceMillis: options.graceMillis,
      ignoreVolumeZone: ignoreVolumeAz,
      everyCloud: [...conf.clouds.keys()].every((name) => options.cloudNames.includes(name))
    }
    const audited = yield* audit(rules, clouds, cluster)
    const colour = surroundings.colour ?? false
    yield* Console.log(
      options.json ? auditJson(audited, rules, options.withKubernetes) : auditText(audited, rules, { colour })
    )
    if (audited.findings.length > 0) return yield* new Ending({ code: 1, text: "" })
  })

/** Audits once; fails with the code that the program ends with unless nothing was found. */
export const runAudit = (
  argv: ReadonlyArray<string>,
  env: Readonly<Record<string, string | undefined>>,
  surroundings: AuditSurroundings = { colour: process.stdout.isTTY === true && !env["NO_COLOR"] }
) =>
  Effect.gen(function* () {
    const options = yield* readAuditOptions(argv, env)
    if (options === undefined) return yield* Console.log(help)
    return yield* auditing(options, surroundings).pipe(
      Effect.scoped,
      Effect.timeoutFail({
        duration: longestRun,
        onTimeout: () => new Ending({ code: 2, text: `audit: not done within ${longestRun}` })
      })
    )
  }).pipe(
    Effect.mapError((error) => (error instanceof Ending ? error : new Ending({ code: 2, text: error.message }))),
    Effect.withTracerEnabled(false),
    // What is printed on stdout is the report alone.
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))),
    Logger.withMinimumLogLevel(LogLevel.Warning)
  )
