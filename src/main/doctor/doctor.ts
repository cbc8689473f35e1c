import { FileSystem } from "@effect/platform"
import { Clock, Console, Effect, Either, Logger, LogLevel } from "effect"
import { isTroubled } from "../../domain/decisions/doctor/Finding.ts"
import { onlyFindings } from "../../domain/decisions/doctor/Report.ts"
import { version } from "../version.ts"
import { clusterOf, type PodPlaces } from "./cluster.ts"
import { type Configuration, readConfiguration } from "./configuration.ts"
import { type Examined, examineObject } from "./examination.ts"
import { type Face, showingProgress, terminal } from "./face.ts"
import { help } from "./help.ts"
import { command, type DoctorOptions, type Patient, readDoctorOptions } from "./options.ts"
import { layerCloudReading } from "./readingCloud.ts"
import { type ExitCode, toDoctorReport } from "./reportJson.ts"
import { checkRequirements } from "./requirements.ts"
import { describeReport } from "./text.ts"
import type { NodePlaces } from "./thisNode.ts"

type Environment = Readonly<Record<string, string | undefined>>

/** Where it speaks and what it looks at, if not what every process has: for tests. */
export interface DoctorSurroundings {
  readonly face?: Face
  readonly node?: NodePlaces
  readonly pod?: PodPlaces
}

const nameOf = (patient: Patient): string => {
  switch (patient.kind) {
    case "requirements":
      return "What the driver needs"
    case "pvc":
    case "pod":
      return `${patient.kind} ${patient.namespace}/${patient.name}`
    case "pv":
    case "node":
    case "volume":
      return `${patient.kind} ${patient.name}`
  }
}

/** Asks nothing yet. */
const cloudOf = ({ conf, cloud }: Configuration, { proxies }: DoctorOptions) =>
  cloud === undefined
    ? undefined
    : layerCloudReading(
        cloud.section,
        { current: () => cloud.access, look: Effect.void },
        {
          userAgent: `cinder-csi-plugin/${version} doctor`,
          observe: () => undefined,
          proxies,
          ignoreMicroversions: conf?.blockStorage.ignoreVolumeMicroversion ?? false
        }
      )

const isFolder = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.exists(path)).pipe(
    Effect.orElseSucceed(() => false),
    Effect.timeoutTo({ duration: "5 seconds", onSuccess: (there) => there, onTimeout: () => true })
  )

const examine = (options: DoctorOptions, env: Environment, surroundings: DoctorSurroundings) =>
  Effect.gen(function* () {
    const configuration = yield* readConfiguration(options, env["CLOUD_CONFIG"])
    const cloud = cloudOf(configuration, options)
    const { patient } = options
    const { node = {}, pod = {} } = surroundings
    if (patient.kind !== "requirements") {
      return yield* examineObject(patient, options, configuration, cloud, { node, pod })
    }
    const cluster = yield* clusterOf(options, pod)
    const isNode = options.provideNode ?? (yield* isFolder(options.kubeletFolder))
    const findings = yield* checkRequirements(options, configuration, cloud, cluster, isNode, node)
    const examined: Examined = {
      report: onlyFindings(findings),
      exitCode: configuration.broken ? 2 : isTroubled(findings) ? 1 : 0
    }
    return examined
  }).pipe(Effect.scoped)

/** Looks, says what it saw, and answers with the code to end with. Fails never: what goes wrong is said. */
export const runDoctor = (
  argv: ReadonlyArray<string>,
  env: Environment,
  surroundings: DoctorSurroundings = {}
): Effect.Effect<ExitCode, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const face = surroundings.face ?? terminal(env)
    const read = yield* Effect.either(readDoctorOptions(argv, env))
    if (Either.isLeft(read)) {
      yield* face.err(`cinder-csi-plugin: ${read.left.message}\n`)
      return 2
    }
    const options = read.right
    if (options === undefined) {
      yield* Console.log(help)
      return 0
    }
    const about = nameOf(options.patient)
    const { report, exitCode } = yield* showingProgress(face)(examine(options, env, surroundings))
    const told = toDoctorReport(about, report, exitCode, yield* Clock.currentTimeMillis)
    yield* face.out(options.json ? `${JSON.stringify(told, undefined, 2)}\n` : `${describeReport(told, face.paper)}\n`)
    return exitCode
  }).pipe(Effect.withSpan(command), Logger.withMinimumLogLevel(LogLevel.None))
