import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import { ControllerSettings } from "./ControllerSettings.ts"
import { sizeWithin } from "./decisions/capacity.ts"
import {
  awaitedIn,
  buried,
  type CreateAction,
  type CreateFacts,
  created,
  decideCreate,
  seenAgain,
  zoneRefused
} from "./decisions/create.ts"
import { readCreateRefusal } from "./decisions/createRefusal.ts"
import { silence } from "./decisions/explanations.ts"
import { phaseOf, staleReadMillis } from "./decisions/phases.ts"
import { description, type VolumePlan } from "./decisions/plan.ts"
import { judgeSnapshotSource, judgeVolumeSource } from "./decisions/source.ts"
import { type CloudFailure, type DomainError, Refused } from "./errors.ts"
import { makeNoticeOnce } from "./noticeOnce.ts"
import { type Pursuit, pursue } from "./pursue.ts"
import type { Volume, VolumeSource } from "./Volume.ts"
import { untilDecided } from "./watching.ts"

/** How long a request without an answer gets to show in the list of volumes. */
const pauseBeforeLookingAgain = "2 seconds"

/** Makes the volume of a plan, or adopts the one that an earlier call made. */
export const makeCreateVolume = Effect.gen(function* () {
  const cinder = yield* Cinder
  const watch = yield* CloudWatch
  const { cluster } = yield* ControllerSettings
  const noticeOnce = yield* makeNoticeOnce

  const sourceSize = (source: VolumeSource | undefined): Effect.Effect<number | undefined, DomainError> => {
    if (source === undefined) return Effect.succeed(undefined)
    const judged =
      source._tag === "snapshot"
        ? Effect.map(cinder.getSnapshot(source.id), judgeSnapshotSource)
        : Effect.map(cinder.getVolume(source.id), judgeVolumeSource)
    return Effect.flatMap(judged, (verdict) => pursueSource(verdict))
  }

  return createVolume
})
