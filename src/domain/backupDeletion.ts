import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { CloudWatch } from "../ports/CloudWatch.ts"
import type { Backup, BackupId } from "./Backup.ts"
import { ControllerSettings } from "./ControllerSettings.ts"
import { temporariesOf } from "./decisions/backup.ts"
import { backupPhaseOf } from "./decisions/phases.ts"
import type { RemovalFacts } from "./decisions/removal.ts"
import { pursueRemoval, untilRemoved } from "./removing.ts"
import { makeCleanTemporaries } from "./temporarySnapshots.ts"

const seenAs = (backup: Backup | undefined): RemovalFacts["seen"] =>
  backup === undefined ? undefined : { status: backup.status, phase: backupPhaseOf(backup.status) }

/**
 * Deletes a backup, after the temporary snapshot that may be left of its making: once the backup is gone, nothing leads
 * there. It costs a look, a list, a deletion and the polls; what is no backup costs the look.
 */
export const makeDeleteBackup = Effect.gen(function* () {
  const cinder = yield* Cinder
  const watch = yield* CloudWatch
  const { cluster } = yield* ControllerSettings
  const cleanTemporaries = yield* makeCleanTemporaries

  const look = (id: BackupId) =>
    Effect.catchTag(cinder.getBackup(id), "BackupNotFound", () => Effect.succeed(undefined))

  const watchOn = (id: BackupId) => (facts: RemovalFacts) => watch.backup(id, "delete", untilRemoved(facts, seenAs))

  return Effect.fnUntraced(function* (id: BackupId) {
    const backup = yield* look(id)
    if (backup === undefined) return
    const { name, volumeId } = backup
    if (name !== "") {
      yield* cleanTemporaries(name, (snapshots) => temporariesOf(snapshots, { named: [], volumeId, cluster }))
    }
    const request = yield* cinder.deleteBackup(id).pipe(
      Effect.uninterruptible,
      Effect.as("accepted" as const),
      Effect.catchIf(
        ({ reason }) => reason === "invalid",
        ({ detail }) => Effect.succeed({ refused: detail })
      )
    )
    const facts = { subject: `backup ${id}`, seen: undefined, request, waitedMillis: 0 }
    const asked: RemovalFacts =
      request === "accepted" ? yield* watchOn(id)(facts) : { ...facts, seen: seenAs(yield* look(id)) }
    yield* pursueRemoval(asked, watchOn(id), cinder.explain(id))
  })
})
