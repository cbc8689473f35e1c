import { Clock, Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import type { Backup, BackupId, MarkedBackup } from "./Backup.ts"
import { CallDeadline } from "./CallDeadline.ts"
import { ControllerSettings } from "./ControllerSettings.ts"
import {
  type BackupAction,
  type BackupFacts,
  type BackupResult,
  decideBackup,
  isFinalRefusal,
  isFreshShown,
  patienceFor,
  remedyFor,
  temporariesOf
} from "./decisions/backup.ts"
import { silence } from "./decisions/explanations.ts"
import type { BackupParameters } from "./decisions/parameters.ts"
import { clusterKey, description } from "./decisions/plan.ts"
import { temporaryKey } from "./decisions/snapshot.ts"
import { type CloudFailure, type DomainError, type QuotaExceeded, Refused } from "./errors.ts"
import { pursue } from "./pursue.ts"
import type { Snapshot } from "./Snapshot.ts"
import { makeCreateSnapshot } from "./snapshotCreation.ts"
import { makeCleanTemporaries } from "./temporarySnapshots.ts"
import type { VolumeId } from "./Volume.ts"
import { untilDecided } from "./watching.ts"

/** How long a request without an answer gets until its backup shows in the list. */
const pauseBeforeLookingAgain = "2 seconds"

export interface BackupPlan extends BackupParameters {
  readonly name: string
  readonly volumeId: VolumeId
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Backs a volume up by way of a temporary snapshot, or goes on with what an earlier call began. Once Cinder has the backup,
 * which fixes the point in time, it watches the copy for some seconds, and answers without its end: the caller asks
 * again. Everything is found by name, so that nothing is lost when this process ends. The first call costs two lists more
 * than a snapshot, one request for the backup and the polls; each further one a list until the backup is complete.
 */
export const makeCreateBackup = Effect.gen(function* () {
  const cinder = yield* Cinder
  const watch = yield* CloudWatch
  const { cluster } = yield* ControllerSettings
  const cutSnapshot = yield* makeCreateSnapshot
  const cleanTemporaries = yield* makeCleanTemporaries

  const clean = (facts: BackupFacts) =>
    cleanTemporaries(facts.name, (named) => temporariesOf(named, facts)).pipe(
      Effect.as<BackupFacts>({ ...facts, cleaned: true })
    )

  /** The request may have been carried out, so it is not repeated: its backup is adopted if it shows. */
  const lookAgain = Effect.fnUntraced(function* (facts: BackupFacts) {
    const named = yield* cinder.findBackups(facts.name)
    const isNew = named.some(({ id }) => !facts.named.some((known) => known.id === id))
    return isNew ? { ...facts, named } : undefined
  })

  /** A refusal that repeating does not change must leave nothing behind, since the caller may never come back. */
  const afterRefusal = Effect.fnUntraced(function* (facts: BackupFacts, error: DomainError) {
    yield* clean(facts)
    return yield* Effect.fail(error)
  })

  const afterFailure = Effect.fnUntraced(function* (facts: BackupFacts, failure: CloudFailure) {
    if (failure.reason === "unanswered") yield* Effect.sleep(pauseBeforeLookingAgain)
    if (failure.reason === "unanswered" || failure.reason === "invalid") {
      const found = yield* lookAgain(facts)
      if (found !== undefined) return found
    }
    if (!isFinalRefusal(failure)) return yield* failure
    const subject = `backup ${facts.name}`
    const refusal =
      failure.reason === "invalid" ? new Refused({ subject, because: failure.detail, remedy: undefined }) : failure
    return yield* afterRefusal(facts, refusal)
  })

  const accepted = Effect.fnUntraced(function* (facts: BackupFacts, id: BackupId) {
    const left = (yield* CallDeadline) - (yield* Clock.currentTimeMillis)
    return { ...facts, fresh: { id, patienceMillis: patienceFor(left) } } satisfies BackupFacts
  })

  const ownMetadata = ({ metadata }: BackupPlan) => ({ ...metadata, [clusterKey]: cluster })
  const backupMetadata = (plan: BackupPlan) => ({ ...ownMetadata(plan), type: "backup" })

  const copy = (facts: BackupFacts, snapshot: Snapshot, plan: BackupPlan): Effect.Effect<BackupFacts, DomainError> => {
    const { name, volumeId, zone } = plan
    const metadata = backupMetadata(plan)
    return cinder.createBackup({ volumeId, snapshotId: snapshot.id, name, description, zone, metadata }).pipe(
      Effect.uninterruptible,
      Effect.matchEffect({
        onSuccess: (id) => accepted(facts, id),
        onFailure: (error: CloudFailure | QuotaExceeded): Effect.Effect<BackupFacts, DomainError> =>
          error._tag === "QuotaExceeded" ? afterRefusal(facts, error) : afterFailure(facts, error)
      })
    )
  }

  const reasonFor = ({ id, failReason }: Backup) =>
    failReason === undefined
      ? Effect.map(cinder.explain(id), (explanation) => explanation ?? silence)
      : Effect.succeed(failReason)

  const giveUp = Effect.fnUntraced(function* (facts: BackupFacts, remains: MarkedBackup) {
    const reason = yield* reasonFor(remains)
    yield* Effect.logWarning(`backup ${remains.id} failed and is deleted: ${reason}`)
    yield* Effect.uninterruptible(cinder.deleteBackup(remains.id))
    yield* clean(facts)
    const because = `Cinder could not make it: ${reason}`
    return yield* new Refused({ subject: `backup ${facts.name}`, because, remedy: undefined })
  })

  /** A watch that comes to nothing is no failure once the backup was seen: it is answered as it was then. */
  const watchFor = (plan: BackupPlan) => {
    const metadata = backupMetadata(plan)
    return Effect.fnUntraced(function* (facts: BackupFacts) {
      const { fresh } = facts
      if (fresh === undefined) return yield* Effect.dieMessage("a backup's creation waits for no backup")
      let latest = facts
      const look = (seen: Backup | undefined, watchedMillis: number) => {
        const shown = seen === undefined ? [] : [{ ...seen, metadata }]
        latest = { ...facts, named: [...facts.named, ...shown], watchedMillis }
        return latest
      }
      const end = (yield* Clock.currentTimeMillis) + fresh.patienceMillis
      return yield* watch.backup(fresh.id, "create", untilDecided(decideBackup, look)).pipe(
        Effect.provideService(CallDeadline, end),
        Effect.catchTag("StillWorking", (unfinished) =>
          isFreshShown(latest)
            ? Effect.succeed({ ...latest, watchedMillis: fresh.patienceMillis })
            : Effect.fail(unfinished)
        )
      )
    })
  }

  const actFor =
    (plan: BackupPlan) =>
    (action: BackupAction, facts: BackupFacts): Effect.Effect<BackupFacts, DomainError> =>
      Effect.gen(function* () {
        switch (action._tag) {
          case "Cut": {
            const { name, volumeId } = plan
            const metadata = { ...ownMetadata(plan), [temporaryKey]: "true" }
            const cut = yield* cutSnapshot({ name, volumeId, metadata })
            // Another process may have gone on with the same snapshot while this one waited for it.
            return { ...facts, cut, named: yield* cinder.findBackups(name) }
          }
          case "Copy":
            return yield* copy(facts, action.snapshot, plan)
          case "Clean":
            return yield* clean(facts)
          case "GiveUp":
            return yield* giveUp(facts, action.remains)
          case "Explain": {
            const { id, status } = action.backup
            return yield* new Refused({
              subject: `backup ${facts.name}`,
              because: `backup ${id} of that name is ${status}: ${yield* reasonFor(action.backup)}`,
              remedy: remedyFor(action.backup, cluster)
            })
          }
        }
      })

  return Effect.fnUntraced(function* (plan: BackupPlan) {
    const { name, volumeId, secondsPerGiB } = plan
    const named = yield* cinder.findBackups(name)
    const now = yield* Clock.currentTimeMillis
    const none = { cut: undefined, fresh: undefined, watchedMillis: 0, cleaned: false }
    const result = yield* pursue<BackupFacts, BackupAction, BackupResult, DomainError, never>(
      { name, volumeId, cluster, named, ...none, now, secondsPerGiB },
      { decide: decideBackup, act: actFor(plan), wait: watchFor(plan) }
    )
    const spare = named.filter(({ id }) => id !== result.backup.id).map(({ id, status }) => `${id} (${status})`)
    if (spare.length > 0) {
      yield* Effect.logWarning(`backup ${name} is ${result.backup.id}; also named so: ${spare.join(", ")}`)
    }
    return result
  })
})
