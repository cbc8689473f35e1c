import { Effect, Layer } from "effect"
import { type CloudCheckOptions, checkCloud, cloudSkipped } from "../../domain/cloudChecks.ts"
import { type Finding, skipped } from "../../domain/decisions/doctor/Finding.ts"
import { nodeSubject } from "../../domain/decisions/doctor/node.ts"
import { checkNode } from "../../domain/nodeChecks.ts"
import type { NovaReading } from "../../ports/CloudReading.ts"
import type { CloudSurvey } from "../../ports/CloudSurvey.ts"
import type { Configuration } from "./configuration.ts"
import type { DoctorOptions } from "./options.ts"
import { layerThisNode, type NodePlaces } from "./thisNode.ts"

const checksOf = ({ conf, cloud }: Configuration, options: DoctorOptions): CloudCheckOptions | undefined =>
  cloud === undefined
    ? undefined
    : {
        authUrl: cloud.section.authUrl,
        insecure: cloud.section.tls.insecure,
        ignoreMicroversions: conf?.blockStorage.ignoreVolumeMicroversion ?? false,
        ignoreVolumeZone: conf?.blockStorage.ignoreVolumeAz ?? false,
        zoneMap: cloud.section.zoneMap,
        withTopology: options.withTopology,
        limit: options.limit
      }

/** What has to be so before anything works: of the cloud, and of this node if it is one. */
export const checkRequirements = (
  options: DoctorOptions,
  configuration: Configuration,
  cloud: Layer.Layer<CloudSurvey | NovaReading> | undefined,
  isNode: boolean,
  places: NodePlaces
): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.scoped(
    Effect.gen(function* () {
      const checks = checksOf(configuration, options)
      const built = cloud === undefined ? undefined : yield* Layer.build(cloud)
      const nova = built === undefined ? Layer.empty : Layer.succeedContext(built)

      const ofCloud =
        built === undefined || checks === undefined
          ? Effect.succeed(cloudSkipped(configuration.broken ? "cloud.conf cannot be used" : "there is no cloud.conf"))
          : options.provideController
            ? Effect.provide(checkCloud(checks), built)
            : Effect.succeed(cloudSkipped("--provide-controller-service=false: a node asks no cloud"))
      const socket = options.socket ?? `${options.kubeletFolder}/plugins/cinder.csi.openstack.org/csi.sock`
      const ofNode = isNode
        ? checkNode({ kubeletFolder: options.kubeletFolder, socket, limit: options.limit }).pipe(
            Effect.provide(layerThisNode(options.limit, places)),
            Effect.provide(nova)
          )
        : Effect.succeed(options.provideNode === false ? [] : [skipped(nodeSubject, "kubelet's folder is not here")])
      const [cloudFindings, nodeFindings] = yield* Effect.all([ofCloud, ofNode], { concurrency: 2 })
      return [...configuration.findings, ...cloudFindings, ...nodeFindings]
    })
  )
