import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { BackupId } from "./Backup.ts"
import { judgeBackupSource, judgeSnapshotSource, judgeVolumeSource } from "./decisions/source.ts"
import type { DomainError } from "./errors.ts"
import type { SnapshotId } from "./Snapshot.ts"
import type { CopySource, VolumeSource } from "./Volume.ts"

/** What Cinder is to copy, and the least size of the copy. */
interface Found {
  readonly source: CopySource | undefined
  readonly sizeGiB: number | undefined
}

/** Finds what a new volume shall be made from. A snapshot costs one look; a backup, which comes under the same name, two. */
export const makeFindSource = Effect.gen(function* () {
  const cinder = yield* Cinder

  const backup = (id: BackupId) =>
    cinder.getBackup(id).pipe(
      Effect.flatMap(judgeBackupSource),
      Effect.map((sizeGiB): Found => ({ source: { _tag: "backup", id }, sizeGiB }))
    )

  const snapshotOrBackup = (id: SnapshotId) =>
    cinder.getSnapshot(id).pipe(
      Effect.flatMap(judgeSnapshotSource),
      Effect.map((sizeGiB): Found => ({ source: { _tag: "snapshot", id }, sizeGiB })),
      Effect.catchTag("SnapshotNotFound", (absent) =>
        Effect.catchTag(backup(BackupId(id)), "BackupNotFound", () => absent)
      )
    )

  return (source: VolumeSource | undefined): Effect.Effect<Found, DomainError> => {
    switch (source?._tag) {
      case undefined:
        return Effect.succeed({ source, sizeGiB: undefined })
      case "snapshot":
        return snapshotOrBackup(source.id)
      case "volume":
        return cinder.getVolume(source.id).pipe(
          Effect.flatMap(judgeVolumeSource),
          Effect.map((sizeGiB): Found => ({ source, sizeGiB }))
        )
    }
  }
})
