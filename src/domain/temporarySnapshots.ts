import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import type { Snapshot } from "./Snapshot.ts"
import { makeDeleteSnapshot } from "./snapshotDeletion.ts"

/**
 * Deletes the snapshots of a name that were cut for a backup. One that cannot be deleted is reported and does not stand in
 * the way of the backup; one that cannot be deleted yet does, so that the caller comes back for it.
 */
export const makeCleanTemporaries = Effect.gen(function* () {
  const cinder = yield* Cinder
  const deleteSnapshot = yield* makeDeleteSnapshot

  return Effect.fnUntraced(function* (
    name: string,
    choose: (named: ReadonlyArray<Snapshot>) => ReadonlyArray<Snapshot>
  ) {
    for (const { id } of choose(yield* cinder.findSnapshots(name))) {
      yield* Effect.catchTag(deleteSnapshot(id), "Refused", (refused) =>
        Effect.logWarning(`snapshot ${id}, cut for a backup, is left behind: ${refused.message}`)
      )
    }
  })
})
