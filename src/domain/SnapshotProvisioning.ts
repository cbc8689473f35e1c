import { Context, Effect, Layer } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { type Backup, BackupId } from "./Backup.ts"
import { makeCreateBackup } from "./backupCreation.ts"
import { makeDeleteBackup } from "./backupDeletion.ts"
import { bytesOf } from "./Capacity.ts"
import { ControllerSettings } from "./ControllerSettings.ts"
import { isListed } from "./decisions/backup.ts"
import { checkName } from "./decisions/names.ts"
import { readSnapshotParameters, type SnapshotParameters } from "./decisions/parameters.ts"
import { backupPhaseOf, snapshotPhaseOf } from "./decisions/phases.ts"
import { clusterKey } from "./decisions/plan.ts"
import { isCut } from "./decisions/snapshot.ts"
import { type CloudFailure, type DomainError, InvalidInput } from "./errors.ts"
import { makeNoticeOnce } from "./noticeOnce.ts"
import { OperationLocks } from "./OperationLocks.ts"
import { type Snapshot, SnapshotId } from "./Snapshot.ts"
import { makeCreateSnapshot } from "./snapshotCreation.ts"
import { makeDeleteSnapshot } from "./snapshotDeletion.ts"
import { makeListSnapshots } from "./snapshotListing.ts"
import type { VolumeId } from "./Volume.ts"

/** A snapshot to cut, known by its name. */
export interface SnapshotRequest {
  readonly volumeId: VolumeId
  readonly name: string
  readonly parameters: Readonly<Record<string, string>>
}

/** A snapshot as the orchestrator sees it. */
export interface ProvisionedSnapshot {
  /** Of a snapshot or of a backup. */
  readonly id: SnapshotId
  readonly volumeId: VolumeId
  /** Least size of a volume made from it. */
  readonly sizeBytes: bigint
  /** Milliseconds since the epoch; the same at each repetition. */
  readonly createdAt: number
  /** A backup is not ready while it is being copied; its point in time is fixed then. */
  readonly ready: boolean
}

/** Which snapshots to list; undefined is all. */
export interface SnapshotFilter {
  readonly snapshotId: SnapshotId | undefined
  readonly volumeId: VolumeId | undefined
}

/** A page of the list. */
export interface SnapshotPage {
  readonly entries: ReadonlyArray<ProvisionedSnapshot>
  readonly nextToken: string | undefined
}

const fromSnapshot = (snapshot: Snapshot): ProvisionedSnapshot => ({
  id: snapshot.id,
  volumeId: snapshot.volumeId,
  sizeBytes: bytesOf(snapshot.sizeGiB),
  createdAt: snapshot.createdAt,
  ready: snapshotPhaseOf(snapshot.status) === "free"
})

const fromBackup = (backup: Backup): ProvisionedSnapshot => ({
  id: SnapshotId(backup.id),
  volumeId: backup.volumeId,
  sizeBytes: bytesOf(backup.sizeGiB),
  createdAt: backup.cutAt,
  ready: ["free", "busy"].includes(backupPhaseOf(backup.status))
})

const provisioned = (row: Snapshot | Backup): ProvisionedSnapshot =>
  "cutAt" in row ? fromBackup(row) : fromSnapshot(row)

/** Snapshots and the backups behind them, from their creation to their deletion. Every method is idempotent. */
export class SnapshotProvisioning extends Context.Tag("cinder-csi/domain/SnapshotProvisioning")<
  SnapshotProvisioning,
  {
    /**
     * Succeeds once a snapshot is `available`, a backup once it is asked for: before its point in time is fixed the
     * application may not go on writing.
     */
    readonly create: (request: SnapshotRequest) => Effect.Effect<ProvisionedSnapshot, DomainError>
    /** Succeeds once the snapshot or backup is gone, also if it never was. */
    readonly remove: (id: SnapshotId) => Effect.Effect<void, DomainError>
    /** Filters are ANDed; what matches nothing gives an empty page. `maxEntries` 0 means all that is left. */
    readonly list: (
      filter: SnapshotFilter,
      maxEntries: number,
      token: string
    ) => Effect.Effect<SnapshotPage, DomainError>
  }
>() {
  static readonly layer = Layer.effect(
    SnapshotProvisioning,
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const exclusively = yield* OperationLocks
      const { cluster } = yield* ControllerSettings
      const createSnapshot = yield* makeCreateSnapshot
      const createBackup = yield* makeCreateBackup
      const deleteSnapshot = yield* makeDeleteSnapshot
      const deleteBackup = yield* makeDeleteBackup
      const listSnapshots = yield* makeListSnapshots
      const noticeOnce = yield* makeNoticeOnce

      const make = (volumeId: VolumeId, name: string, { backup, metadata }: SnapshotParameters) =>
        backup === undefined
          ? Effect.map(
              createSnapshot({ name, volumeId, metadata: { ...metadata, [clusterKey]: cluster } }),
              provisioned
            )
          : Effect.map(createBackup({ name, volumeId, metadata, ...backup }), (made) => provisioned(made.backup))

      const create = Effect.fn("SnapshotProvisioning.create")(function* (request: SnapshotRequest) {
        const { volumeId } = request
        const name = yield* checkName("name", request.name)
        if (volumeId === "") return yield* new InvalidInput({ field: "source_volume_id", problem: "must not be empty" })
        const parameters = yield* readSnapshotParameters(request.parameters)
        for (const key of parameters.unknown) {
          yield* noticeOnce(`snapshot parameter ${JSON.stringify(key)} means nothing to this driver`)
        }
        return yield* exclusively([`snapshot named ${name}`], make(volumeId, name, parameters))
      })

      /** Most ids are those of snapshots, so that a backup is looked for only where there is no snapshot. */
      const removeEither = (id: SnapshotId) =>
        Effect.flatMap(deleteSnapshot(id), (outcome) =>
          outcome === "absent" ? deleteBackup(BackupId(id)) : Effect.void
        )

      const remove = Effect.fn("SnapshotProvisioning.remove")((id: SnapshotId) =>
        exclusively([`snapshot ${id}`], removeEither(id))
      )

      const backupShown = (id: BackupId): Effect.Effect<Backup | undefined, CloudFailure> =>
        cinder.getBackup(id).pipe(
          Effect.map((backup) => (isListed(backup) ? backup : undefined)),
          Effect.catchTag("BackupNotFound", () => Effect.succeed(undefined))
        )

      const shown = (id: SnapshotId): Effect.Effect<Snapshot | Backup | undefined, CloudFailure> =>
        cinder.getSnapshot(id).pipe(
          Effect.map((snapshot) => (isCut(snapshot) ? snapshot : undefined)),
          Effect.catchTag("SnapshotNotFound", () => backupShown(BackupId(id)))
        )

      const one = (id: SnapshotId, filter: SnapshotFilter) =>
        Effect.map(shown(id), (found) => ({
          entries: found === undefined || found.volumeId !== (filter.volumeId ?? found.volumeId) ? [] : [found],
          nextToken: undefined
        }))

      const list = Effect.fn("SnapshotProvisioning.list")(function* (
        filter: SnapshotFilter,
        maxEntries: number,
        token: string
      ) {
        const page =
          filter.snapshotId === undefined
            ? yield* listSnapshots(filter.volumeId, maxEntries, token)
            : yield* one(filter.snapshotId, filter)
        return { entries: page.entries.map(provisioned), nextToken: page.nextToken }
      })

      return { create, remove, list }
    })
  ).pipe(Layer.provide(OperationLocks.layer))
}
