import { Effect, Either } from "effect"
import type { ClaimSeen, PersistentVolumeSeen, StorageClassSeen } from "./ClusterObjects.ts"
import { requestFor } from "./decisions/doctor/claimRequest.ts"
import { judgeReplay } from "./decisions/doctor/cloudLinks.ts"
import {
  claimSubject,
  judgeClaim,
  judgeClass,
  judgeLastAnswer,
  judgePersistentVolume,
  volumeSubject
} from "./decisions/doctor/clusterLinks.ts"
import { replayCreation } from "./decisions/doctor/creation.ts"
import { type Finding, failed, skipped, subject } from "./decisions/doctor/Finding.ts"
import { type Look, notSeen, valueIn } from "./decisions/doctor/Look.ts"
import type { Replay, Report } from "./decisions/doctor/Report.ts"
import { phaseOf } from "./decisions/phases.ts"
import { planVolume } from "./decisions/plan.ts"
import { type Answering, joined, lookAtCloud, lookAtCluster, reportOf, warningsOf } from "./looking.ts"
import type { Volume, VolumeId } from "./Volume.ts"
import { walkVolume } from "./volumeWalk.ts"

const creationSubject = subject("driver.create", "the making of the volume")

/** Cinder's words about those of the volumes that are broken. */
const wordsAbout = (answering: Answering, volumes: ReadonlyArray<Volume>) =>
  Effect.map(
    Effect.forEach(
      volumes.filter(({ status }) => phaseOf(status) === "broken"),
      ({ id }) =>
        Effect.map(
          lookAtCloud(answering, "list messages", ({ cinder }) => cinder.explain(id)),
          (look): ReadonlyArray<readonly [VolumeId, string]> => {
            const words = valueIn(look)
            return words === undefined ? [] : [[id, words]]
          }
        )
    ),
    (pairs) => new Map(pairs.flat())
  )

/** What the driver would answer if it were asked for the claim's volume now. */
const walkCreation = (answering: Answering, claim: ClaimSeen, of: StorageClassSeen): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const { options } = answering
    const { selectedNode } = claim
    const node =
      selectedNode === undefined
        ? undefined
        : valueIn(yield* lookAtCluster(answering, (cluster) => cluster.node(selectedNode)))
    const plan = planVolume(requestFor(claim, of, node), options)
    const name = `pvc-${claim.uid}`
    const [named, zones, types, quotas] = yield* Effect.all(
      [
        lookAtCloud(answering, "find volumes", ({ cinder }) => cinder.findVolumes(name)),
        lookAtCloud(answering, "list zones", ({ survey }) => survey.zones("Cinder")),
        lookAtCloud(answering, "list the volume types", ({ survey }) => survey.volumeTypes),
        lookAtCloud(answering, "show the quotas", ({ survey }) => survey.quotas)
      ],
      { concurrency: "unbounded" }
    )
    if (named._tag === "Unseen" && Either.isRight(plan)) return reportOf([notSeen(creationSubject, named)])
    const volumes = valueIn(named) ?? []
    const answer = replayCreation({
      plan,
      cluster: options.cluster,
      named: volumes,
      zones: valueIn(zones),
      types: valueIn(types),
      quotas: valueIn(quotas),
      said: yield* wordsAbout(answering, volumes)
    })
    const replay: Replay = { call: "CreateVolume", about: `volume ${name}`, answer }
    const evidence = volumes.map(
      ({ id, status, zone }) => `Cinder has volume ${id} of that name, ${status}, in zone ${zone}`
    )
    return reportOf([judgeReplay(creationSubject, replay, evidence)], [replay])
  })

const isOurs = ({ options }: Answering, { provisioner }: StorageClassSeen): boolean => provisioner === options.driver

/** A claim without a volume: whose turn it is, and what the driver would answer. */
const walkPending = (answering: Answering, claim: ClaimSeen, of: Look<StorageClassSeen>): Effect.Effect<Report> => {
  const known = valueIn(of)
  if (known === undefined || !isOurs(answering, known)) return Effect.succeed(reportOf([]))
  const waits = known.waitsForPod && claim.selectedNode === undefined
  return waits
    ? Effect.succeed(
        reportOf([skipped(creationSubject, "nobody asks the driver before a node is chosen for a pod of the claim")])
      )
    : walkCreation(answering, claim, known)
}

/** A persistent volume with all that is behind it. */
export const walkPersistentVolume = (
  answering: Answering,
  pv: PersistentVolumeSeen,
  claim: ClaimSeen | undefined
): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const driver = { name: answering.options.driver }
    const judged = judgePersistentVolume(driver, volumeSubject(pv.name), pv)
    if (pv.volumeId === undefined) return reportOf([judged])
    const [behind, events] = yield* Effect.all(
      [
        walkVolume(answering, { handle: pv.volumeId, pv, claim }),
        warningsOf(answering, "PersistentVolume", "", pv.name)
      ],
      { concurrency: 2 }
    )
    return joined([reportOf([judged], [], events), behind])
  })

const walkBound = (answering: Answering, claim: ClaimSeen, volumeName: string): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const about = volumeSubject(volumeName)
    const look = yield* lookAtCluster(answering, ({ volume }) => volume(volumeName))
    switch (look._tag) {
      case "Seen":
        return yield* walkPersistentVolume(answering, look.value, claim)
      case "Unseen":
        return reportOf([notSeen(about, look)])
      case "Absent":
        return reportOf([
          failed(about, "it is gone from Kubernetes", "the claim is lost: make it anew, on a volume that has the data")
        ])
    }
  })

/** A claim with its whole chain. */
export const walkClaim = (answering: Answering, claim: ClaimSeen): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const { className, name, namespace, volumeName } = claim
    const of =
      className === undefined
        ? ({ _tag: "Absent" } as const)
        : yield* lookAtCluster(answering, ({ storageClass }) => storageClass(className))
    const waiting = volumeName === undefined
    const [events, behind] = yield* Effect.all(
      [
        warningsOf(answering, "PersistentVolumeClaim", namespace, name),
        waiting ? walkPending(answering, claim, of) : walkBound(answering, claim, volumeName)
      ],
      { concurrency: 2 }
    )
    const driver = { name: answering.options.driver }
    const findings: ReadonlyArray<Finding | undefined> = [
      judgeClaim(claimSubject(namespace, name), claim),
      judgeClass(driver, claim, of, waiting),
      waiting ? judgeLastAnswer(events) : undefined
    ]
    return joined([reportOf(findings, [], events), behind])
  })
