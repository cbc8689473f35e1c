import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import { ControllerSettings } from "./ControllerSettings.ts"
import { makeFindSource } from "./copySources.ts"
import { sizeWithin } from "./decisions/capacity.ts"
import {
  awaitedIn,
  buried,
  type CreateAction,
  type CreateFacts,
  created,
  decideCreate,
  movedOn,
  seenAgain,
  zoneRefused
} from "./decisions/create.ts"
import { readCreateRefusal } from "./decisions/createRefusal.ts"
import { silence } from "./decisions/explanations.ts"
import { hintMetadata } from "./decisions/hints.ts"
import { phaseOf, staleReadMillis } from "./decisions/phases.ts"
import { description, type VolumePlan } from "./decisions/plan.ts"
import { failedRestoreOf, sourceMetadata } from "./decisions/source.ts"
import { type CloudFailure, type DomainError, Refused } from "./errors.ts"
import { makeKnownZones } from "./knownZones.ts"
import { makeNoticeOnce } from "./noticeOnce.ts"
import { pursue } from "./pursue.ts"
import type { SchedulerHints } from "./SchedulerHints.ts"
import type { Volume } from "./Volume.ts"
import { makeHintsFor } from "./volumeHints.ts"
import { untilDecided } from "./watching.ts"

type Hints = Effect.Effect<SchedulerHints, DomainError>

/** How long a request without an answer gets until its volume shows in the list. */
const pauseBeforeLookingAgain = "2 seconds"

/**
 * Makes the volume of a plan, or adopts the one that an earlier call made. Without a source and with all going well it
 * costs one list, one creation and the polls.
 */
export const makeCreateVolume = Effect.gen(function* () {
  const cinder = yield* Cinder
  const watch = yield* CloudWatch
  const { cluster } = yield* ControllerSettings
  const noticeOnce = yield* makeNoticeOnce
  const knownZones = yield* makeKnownZones
  const hintsFor = yield* makeHintsFor
  const findSource = yield* makeFindSource

  /** The request may have been carried out, so it is not repeated: its volume is adopted if it shows. */
  const afterSilence = Effect.fnUntraced(function* (facts: CreateFacts, failure: CloudFailure) {
    yield* Effect.sleep(pauseBeforeLookingAgain)
    const named = yield* cinder.findVolumes(facts.plan.name)
    const isNew = (volume: Volume) =>
      phaseOf(volume.status) !== "leaving" && !facts.named.some(({ id }) => id === volume.id)
    return named.some(isNew) ? { ...facts, named } : yield* failure
  })

  const afterFailure = (facts: CreateFacts, zone: string | undefined, failure: CloudFailure) => {
    if (failure.reason === "unanswered") return afterSilence(facts, failure)
    const refusal = readCreateRefusal(failure, facts.plan)
    return refusal._tag === "OtherZone"
      ? Effect.succeed(zoneRefused(facts, zone, refusal.detail))
      : Effect.fail(refusal.error)
  }

  const create = Effect.fnUntraced(function* (facts: CreateFacts, zone: string | undefined, hintsOf: Hints) {
    const { name, bounds, volumeType } = facts.plan
    const { source, sizeGiB: sourceGiB } = yield* findSource(facts.plan.source)
    const sizeGiB = yield* sizeWithin(bounds, sourceGiB)
    const hints = yield* hintsOf
    const metadata = { ...facts.plan.metadata, ...hintMetadata(hints), ...sourceMetadata(source) }
    return yield* cinder.createVolume({ name, description, sizeGiB, zone, volumeType, source, hints, metadata }).pipe(
      Effect.uninterruptible,
      Effect.map((volume) => created(facts, zone, volume)),
      Effect.catchTag("CloudFailure", (failure) => afterFailure(facts, zone, failure))
    )
  })

  const remove = (volume: Volume) => Effect.uninterruptible(cinder.deleteVolume(volume.id))

  /** What Cinder says of a restore that failed it says of the backup, without naming the volume. */
  const explain = (volume: Volume) =>
    Effect.flatMap(cinder.explain(volume.id), (explanation) => {
      const backup = failedRestoreOf(volume)
      return explanation !== undefined || backup === undefined
        ? Effect.succeed(explanation)
        : Effect.map(
            cinder.explain(backup),
            (said) => said && `the newest message about backup ${backup} is ${JSON.stringify(said)}`
          )
    })

  const act = Effect.fnUntraced(function* (action: CreateAction, facts: CreateFacts, hints: Hints) {
    switch (action._tag) {
      case "Create":
        return yield* create(facts, action.zone, hints)
      case "AskZones":
        return { ...facts, zones: yield* knownZones.ask }
      case "Bury": {
        const explanation = yield* explain(action.remains)
        yield* Effect.logWarning(`volume ${action.remains.id} failed and is deleted: ${explanation ?? silence}`)
        yield* remove(action.remains)
        return buried(facts, action.remains, explanation)
      }
      case "MoveOn": {
        const { id, zone } = action.volume
        yield* Effect.logWarning(
          `volume ${id} is deleted: ${facts.fresh?.zone} was asked for and Cinder made it in ${zone}`
        )
        yield* remove(action.volume)
        return movedOn(facts, action.volume)
      }
      case "Discard":
        yield* remove(action.volume)
        return yield* action.error
      case "Explain": {
        const { id, status } = action.volume
        const explanation = yield* explain(action.volume)
        return yield* new Refused({
          subject: `volume ${facts.plan.name}`,
          because: `volume ${id} of that name is ${status}: ${explanation ?? silence}`,
          remedy: "delete it or have its state reset"
        })
      }
    }
  })

  const wait = (facts: CreateFacts) => {
    const awaited = awaitedIn(facts)
    if (awaited === undefined) return Effect.dieMessage("a creation waits for no volume")
    const isLeaving = phaseOf(awaited.status) === "leaving"
    const look = (seen: Volume | undefined, waitedMillis: number) =>
      seen === undefined && !isLeaving && waitedMillis < staleReadMillis ? facts : seenAgain(facts, awaited.id, seen)
    return watch.volume(
      awaited.id,
      isLeaving ? "delete" : "create",
      untilDecided(decideCreate, look, (next) => awaitedIn(next)?.id === awaited.id)
    )
  }

  return Effect.fnUntraced(function* (plan: VolumePlan) {
    for (const key of plan.unknown) yield* noticeOnce(`parameter ${JSON.stringify(key)} means nothing to this driver`)
    const named = yield* cinder.findVolumes(plan.name)
    const zones = yield* knownZones.remembered
    const facts = { plan, cluster, named, fresh: undefined, watched: [], setbacks: [], zones, vanished: false }
    const hints = yield* Effect.cached(hintsFor(plan))
    const volume = yield* pursue<CreateFacts, CreateAction, Volume, DomainError, never>(facts, {
      decide: decideCreate,
      act: (action, now) => act(action, now, hints),
      wait
    })
    const spare = named.filter(({ id }) => id !== volume.id).map(({ id, status }) => `${id} (${status})`)
    if (spare.length > 0)
      yield* Effect.logWarning(`volume ${plan.name} is ${volume.id}; also named so: ${spare.join(", ")}`)
    return volume
  })
})
