import { Context, type Duration, Effect, Option } from "effect"
import { CinderReading, NovaReading } from "../ports/CloudReading.ts"
import { CloudSurvey } from "../ports/CloudSurvey.ts"
import { ClusterView } from "../ports/ClusterView.ts"
import { HostReading } from "../ports/HostReading.ts"
import type { ControllerOptions } from "./ControllerSettings.ts"
import { within } from "./cloudChecks.ts"
import type { ClusterDenied, ClusterFailure } from "./clusterErrors.ts"
import type { Finding } from "./decisions/doctor/Finding.ts"
import { absent, type Look, ruleText, seen, unseen } from "./decisions/doctor/Look.ts"
import type { EventSeen, Replay, Report } from "./decisions/doctor/Report.ts"
import type { CloudFailure } from "./errors.ts"
import type { UuidGuard } from "./NodeSettings.ts"

/** How an object is looked at. */
export interface LookingOptions extends ControllerOptions {
  /** How Kubernetes knows the driver. */
  readonly driver: string
  /** For each question. */
  readonly limit: Duration.Duration
  /** The name of the node that this machine is; empty where nobody told. */
  readonly nodeName: string
  /** This machine is to be looked at whatever node it is. */
  readonly lookHere: boolean
  readonly formatNoise: boolean
  readonly uuidGuard: UuidGuard
  /** Where kubelet has this driver's volume staged. */
  readonly stagingPathOf: (handle: string) => string
  /** Why a thing cannot be asked that is not there. */
  readonly withoutCluster: string
  readonly withoutCloud: string
}

export class Looking extends Context.Tag("cinder-csi/domain/Looking")<Looking, LookingOptions>() {}

/** Who can be asked; undefined: nobody. */
export const whoAnswers = Effect.gen(function* () {
  const options = yield* Looking
  const cluster = Option.getOrUndefined(yield* Effect.serviceOption(ClusterView))
  const cinder = Option.getOrUndefined(yield* Effect.serviceOption(CinderReading))
  const nova = Option.getOrUndefined(yield* Effect.serviceOption(NovaReading))
  const survey = Option.getOrUndefined(yield* Effect.serviceOption(CloudSurvey))
  const host = Option.getOrUndefined(yield* Effect.serviceOption(HostReading))
  const cloud =
    cinder === undefined || nova === undefined || survey === undefined ? undefined : { cinder, nova, survey }
  return { options, cluster, cloud, host }
})

export type Answering = Effect.Effect.Success<typeof whoAnswers>

type Cluster = NonNullable<Answering["cluster"]>
type Cloud = NonNullable<Answering["cloud"]>

/** Looks at an object of Kubernetes; what cannot be seen is no reason to stop. */
export const lookAtCluster = <A>(
  { cluster, options }: Answering,
  look: (cluster: Cluster) => Effect.Effect<A | undefined, ClusterFailure | ClusterDenied>
): Effect.Effect<Look<A>> =>
  cluster === undefined
    ? Effect.succeed(unseen(options.withoutCluster))
    : look(cluster).pipe(
        Effect.map((found) => (found === undefined ? absent : seen(found))),
        Effect.catchTags({
          ClusterDenied: (denied) => Effect.succeed(unseen(denied.detail, ruleText(denied.rule))),
          ClusterFailure: (failure) => Effect.succeed(unseen(failure.message))
        })
      )

/** Looks at something of the cloud; `missing` are the errors that say that it is not there. */
export const lookAtCloud = <A, E extends { readonly _tag: string; readonly message: string }>(
  { cloud, options }: Answering,
  operation: string,
  look: (cloud: Cloud) => Effect.Effect<A, E | CloudFailure>
): Effect.Effect<Look<A>> =>
  cloud === undefined
    ? Effect.succeed(unseen(options.withoutCloud))
    : within(
        options.limit,
        "Cinder",
        operation
      )(look(cloud)).pipe(
        Effect.map((found): Look<A> => seen(found)),
        Effect.catchAll((error) => Effect.succeed(/NotFound$/.test(error._tag) ? absent : unseen(error.message)))
      )

export const warningsOf = (
  answering: Answering,
  kind: string,
  namespace: string,
  name: string
): Effect.Effect<ReadonlyArray<EventSeen>> =>
  Effect.map(
    lookAtCluster(answering, ({ warnings }) => warnings(kind, namespace, name)),
    (look) => (look._tag === "Seen" ? look.value : [])
  )

/** A replay in limited time; undefined where the cloud does not answer. */
export const replayed = ({ options }: Answering, question: Effect.Effect<Replay>): Effect.Effect<Replay | undefined> =>
  Effect.timeoutTo(Effect.disconnect(question), {
    duration: options.limit,
    onSuccess: (replay): Replay | undefined => replay,
    onTimeout: () => undefined
  })

export const reportOf = (
  findings: ReadonlyArray<Finding | undefined>,
  replays: ReadonlyArray<Replay | undefined> = [],
  events: ReadonlyArray<EventSeen> = []
): Report => ({
  findings: findings.filter((finding) => finding !== undefined),
  replays: replays.filter((replay) => replay !== undefined),
  events
})

/** In their order, and nothing twice. */
export const joined = (reports: ReadonlyArray<Report>): Report => {
  const once = <A>(items: ReadonlyArray<A>, keyOf: (item: A) => string) => [
    ...new Map(items.map((item) => [keyOf(item), item])).values()
  ]
  return {
    findings: once(
      reports.flatMap(({ findings }) => findings),
      ({ id, title }) => `${id} ${title}`
    ),
    replays: once(
      reports.flatMap(({ replays }) => replays),
      ({ about, call }) => `${call} ${about}`
    ),
    events: once(
      reports.flatMap(({ events }) => events),
      ({ about, at, message }) => `${about} ${at} ${message}`
    )
  }
}
