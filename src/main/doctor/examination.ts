import { createHash } from "node:crypto"
import type { FileSystem } from "@effect/platform"
import { Effect, Either, Layer, type Scope } from "effect"
import { driverName } from "../../adapters/csi/identity.ts"
import { isTroubled } from "../../domain/decisions/doctor/Finding.ts"
import type { Report } from "../../domain/decisions/doctor/Report.ts"
import { Looking, type LookingOptions } from "../../domain/looking.ts"
import {
  lookAtClaim,
  lookAtOneNode,
  lookAtPersistentVolume,
  lookAtPod,
  lookAtVolume,
  type Walked
} from "../../domain/objectWalks.ts"
import type { CinderReading, NovaReading } from "../../ports/CloudReading.ts"
import type { CloudSurvey } from "../../ports/CloudSurvey.ts"
import { clusterOf, type PodPlaces } from "./cluster.ts"
import type { Configuration } from "./configuration.ts"
import type { DoctorOptions, Patient } from "./options.ts"
import type { ExitCode } from "./reportJson.ts"
import { layerThisNode, type NodePlaces } from "./thisNode.ts"

/** https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/csi/csi_attacher.go (makeDeviceMountPath) */
const stagingPathIn = (kubeletFolder: string) => (handle: string) =>
  `${kubeletFolder}/plugins/kubernetes.io/csi/${driverName}/${createHash("sha256").update(handle).digest("hex")}/globalmount`

export const lookingOptions = (
  options: DoctorOptions,
  { broken, cloud, conf }: Configuration,
  withoutCluster: string
): LookingOptions => ({
  driver: driverName,
  limit: options.limit,
  nodeName: options.nodeName,
  lookHere: options.provideNode === true,
  cluster: options.cluster,
  withTopology: options.withTopology,
  ignoreVolumeZone: conf?.blockStorage.ignoreVolumeAz ?? false,
  zoneMap: cloud?.section.zoneMap ?? new Map(),
  multiWriterFileSystem: conf?.blockStorage.multiWriterFileSystem ?? false,
  removeStaleAttachments: conf?.blockStorage.removeStaleAttachments ?? false,
  formatNoise: conf?.blockStorage.formatNoise ?? false,
  uuidGuard: conf?.blockStorage.uuidGuard ?? "refuse",
  stagingPathOf: stagingPathIn(options.kubeletFolder),
  withoutCluster,
  withoutCloud: broken
    ? "cloud.conf cannot be used"
    : "there is no cloud.conf: give --cloud-config to see Cinder and Nova"
})

const walk = (patient: Exclude<Patient, { readonly kind: "requirements" }>): Effect.Effect<Walked, never, Looking> => {
  switch (patient.kind) {
    case "pvc":
      return lookAtClaim(patient.namespace, patient.name)
    case "pod":
      return lookAtPod(patient.namespace, patient.name)
    case "pv":
      return lookAtPersistentVolume(patient.name)
    case "volume":
      return lookAtVolume(patient.name)
    case "node":
      return lookAtOneNode(patient.name)
  }
}

export interface Examined {
  readonly report: Report
  readonly exitCode: ExitCode
}

const isNode = ({ nodeName, provideNode }: DoctorOptions): boolean => nodeName !== "" || provideNode === true

const isRefused = ({ replays }: Report): boolean => replays.some(({ answer }) => answer._tag === "Refuses")

/** One object with its chain, by everybody who can be asked. */
export const examineObject = (
  patient: Exclude<Patient, { readonly kind: "requirements" }>,
  options: DoctorOptions,
  configuration: Configuration,
  cloud: Layer.Layer<CinderReading | NovaReading | CloudSurvey> | undefined,
  places: { readonly node: NodePlaces; readonly pod: PodPlaces }
): Effect.Effect<Examined, never, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const cluster = yield* clusterOf(options, places.pod)
    const looking = lookingOptions(options, configuration, Either.isLeft(cluster) ? cluster.left : "")
    const { found, report } = yield* walk(patient).pipe(
      Effect.provideService(Looking, looking),
      Effect.provide(Either.isRight(cluster) ? Layer.succeedContext(cluster.right) : Layer.empty),
      Effect.provide(cloud ?? Layer.empty),
      Effect.provide(isNode(options) ? layerThisNode(options.limit, places.node) : Layer.empty)
    )
    const worthSaying = configuration.findings.filter(({ status }) => status === "failed")
    const findings = [...worthSaying, ...report.findings]
    const isBroken = isTroubled(findings) || isRefused(report)
    return { report: { ...report, findings }, exitCode: configuration.broken || !found ? 2 : isBroken ? 1 : 0 }
  })
