import { Clock, Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import type { Backup, BackupId, MarkedBackup } from "./Backup.ts"
import { ControllerSettings } from "./ControllerSettings.ts"
import {
  type BackupAction,
  type BackupFacts,
  type BackupResult,
  decideBackup,
  isFinalRefusal,
  temporariesOf
} from "./decisions/backup.ts"
import { silence } from "./decisions/explanations.ts"
import type { BackupParameters } from "./decisions/parameters.ts"
import { clusterKey, description } from "./decisions/plan.ts"
import { temporaryKey } from "./decisions/snapshot.ts"
import { type CloudFailure, type DomainError, type QuotaExceeded, Refused, StillWorking } from "./errors.ts"
import { pursue } from "./pursue.ts"
import type { Snapshot } from "./Snapshot.ts"
import { makeCreateSnapshot } from "./snapshotCreation.ts"
import { makeCleanTemporaries } from "./temporarySnapshots.ts"
import type { VolumeId } from "./Volume.ts"

/** How long a request without an answer gets until its backup shows in the list. */
const pauseBeforeLookingAgain = "2 seconds"

export interface BackupPlan extends BackupParameters {
  readonly name: string
  readonly volumeId: VolumeId
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Backs a volume up by way of a temporary snapshot, or goes on with what an earlier call began. It answers once Cinder has
 * the backup, which fixes the point in time, and does not wait for the copy: the caller asks again. Everything is found by
 * name, so that nothing is lost when this process ends. The first call costs two lists more than a snapshot and two
 * requests for the backup; each further one a list until the backup is complete.
 */
export const makeCreateBackup = Effect.gen(function* () {
  const cinder = yield* Cinder
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

  const shown = Effect.fnUntraced(function* (
    facts: BackupFacts,
    id: BackupId,
    metadata: BackupPlan["metadata"]
  ): Effect.fn.Return<BackupFacts, DomainError> {
    const backup = yield* Effect.catchTag(
      cinder.getBackup(id),
      "BackupNotFound",
      () => new StillWorking({ subject: `backup ${facts.name}`, state: "accepted and not shown yet" })
    )
    return { ...facts, named: [...facts.named, { ...backup, metadata }], fresh: id }
  })

  const copy = (
    facts: BackupFacts,
    snapshot: Snapshot,
    { zone, metadata }: Pick<BackupPlan, "zone" | "metadata">
  ): Effect.Effect<BackupFacts, DomainError> => {
    const { name, volumeId } = facts
    return cinder.createBackup({ volumeId, snapshotId: snapshot.id, name, description, zone, metadata }).pipe(
      Effect.uninterruptible,
      Effect.matchEffect({
        onSuccess: (id) => shown(facts, id, metadata),
        onFailure: (error: CloudFailure | QuotaExceeded): Effect.Effect<BackupFacts, DomainError> =>
          error._tag === "QuotaExceeded" ? afterRefusal(facts, error) : afterFailure(facts, error)
      })
    )
  }

  const reasonFor = ({ id, failReason }: Backup) =>
    failReason === undefined
      ? Effect.map(cinder.explain(id), (explanation) => explanation ?? silence)
      : Effect.succeed(failReason)

  const giveUp = Effect.fnUntraced(function* (name: string, remains: MarkedBackup) {
    const reason = yield* reasonFor(remains)
    yield* Effect.logWarning(`backup ${remains.id} failed and is deleted: ${reason}`)
    yield* Effect.uninterruptible(cinder.deleteBackup(remains.id))
    const because = `Cinder could not make it: ${reason}`
    return yield* new Refused({ subject: `backup ${name}`, because, remedy: undefined })
  })

  const actFor = (plan: BackupPlan) => {
    const own = { ...plan.metadata, [clusterKey]: cluster }
    return (action: BackupAction, facts: BackupFacts): Effect.Effect<BackupFacts, DomainError> =>
      Effect.gen(function* () {
        switch (action._tag) {
          case "Cut": {
            const { name, volumeId } = facts
            const cut = yield* cutSnapshot({ name, volumeId, metadata: { ...own, [temporaryKey]: "true" } })
            // Another process may have gone on with the same snapshot while this one waited for it.
            return { ...facts, cut, named: yield* cinder.findBackups(name) }
          }
          case "Copy":
            return yield* copy(facts, action.snapshot, { zone: plan.zone, metadata: { ...own, type: "backup" } })
          case "Clean":
            return yield* clean(facts)
          case "GiveUp":
            return yield* giveUp(facts.name, action.remains)
          case "Explain": {
            const { id, status } = action.backup
            return yield* new Refused({
              subject: `backup ${facts.name}`,
              because: `backup ${id} of that name is ${status}: ${yield* reasonFor(action.backup)}`,
              remedy: "delete it, or the VolumeSnapshot that it belongs to, and take another"
            })
          }
        }
      })
  }

  return Effect.fnUntraced(function* (plan: BackupPlan) {
    const { name, volumeId, secondsPerGiB } = plan
    const named = yield* cinder.findBackups(name)
    const now = yield* Clock.currentTimeMillis
    const result = yield* pursue<BackupFacts, BackupAction, BackupResult, DomainError, never>(
      { name, volumeId, cluster, named, cut: undefined, fresh: undefined, cleaned: false, now, secondsPerGiB },
      { decide: decideBackup, act: actFor(plan), wait: () => Effect.dieMessage("the creation of a backup never waits") }
    )
    const spare = named.filter(({ id }) => id !== result.backup.id).map(({ id, status }) => `${id} (${status})`)
    if (spare.length > 0) {
      yield* Effect.logWarning(`backup ${name} is ${result.backup.id}; also named so: ${spare.join(", ")}`)
    }
    return result
  })
})
