import { Effect, Either, Layer } from "effect"
import { checkClasses } from "../../domain/classChecks.ts"
import { type CloudCheckOptions, checkCloud, cloudSkipped } from "../../domain/cloudChecks.ts"
import { type Finding, skipped } from "../../domain/decisions/doctor/Finding.ts"
import { nodeSubject } from "../../domain/decisions/doctor/node.ts"
import { Looking } from "../../domain/looking.ts"
import { checkNode } from "../../domain/nodeChecks.ts"
import type { CinderReading, NovaReading } from "../../ports/CloudReading.ts"
import type { CloudSurvey } from "../../ports/CloudSurvey.ts"
import type { WayToCluster } from "./cluster.ts"
import type { Configuration } from "./configuration.ts"
import { lookingOptions } from "./examination.ts"
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
  cloud: Layer.Layer<CinderReading | CloudSurvey | NovaReading> | undefined,
  cluster: WayToCluster,
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
      const ofClasses = options.provideController
        ? checkClasses.pipe(
            Effect.provideService(
              Looking,
              lookingOptions(options, configuration, Either.isLeft(cluster) ? cluster.left : "")
            ),
            Effect.provide(Either.isRight(cluster) ? Layer.succeedContext(cluster.right) : Layer.empty),
            Effect.provide(built === undefined ? Layer.empty : Layer.succeedContext(built)),
            Effect.map((finding) => [finding])
          )
        : Effect.succeed([])
      const parts = yield* Effect.all([ofCloud, ofClasses, ofNode], { concurrency: "unbounded" })
      return [...configuration.findings, ...parts.flat()]
    })
  )
