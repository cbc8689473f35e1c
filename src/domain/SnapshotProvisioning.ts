import { Context, Effect, Layer } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { bytesOf } from "./Capacity.ts"
import { checkName } from "./decisions/names.ts"
import { readSnapshotParameters } from "./decisions/parameters.ts"
import { snapshotPhaseOf } from "./decisions/phases.ts"
import { isCut } from "./decisions/snapshot.ts"
import { type DomainError, InvalidInput } from "./errors.ts"
import { OperationLocks } from "./OperationLocks.ts"
import { listPage } from "./pageTokens.ts"
import type { Snapshot, SnapshotId } from "./Snapshot.ts"
import { makeCreateSnapshot } from "./snapshotCreation.ts"
import { makeDeleteSnapshot } from "./snapshotDeletion.ts"
import type { VolumeId } from "./Volume.ts"

export interface SnapshotRequest {
  readonly volumeId: VolumeId
  readonly name: string
  readonly parameters: Readonly<Record<string, string>>
}

export interface ProvisionedSnapshot {
  readonly id: SnapshotId
  readonly volumeId: VolumeId
  /** Least size of a volume made from it. */
  readonly sizeBytes: bigint
  /** Milliseconds since the epoch; the same at each repetition. */
  readonly createdAt: number
  readonly ready: boolean
}

export interface SnapshotFilter {
  readonly snapshotId: SnapshotId | undefined
  readonly volumeId: VolumeId | undefined
}

export interface SnapshotPage {
  readonly entries: ReadonlyArray<ProvisionedSnapshot>
  readonly nextToken: string | undefined
}

const provisioned = (snapshot: Snapshot): ProvisionedSnapshot => ({
  id: snapshot.id,
  volumeId: snapshot.volumeId,
  sizeBytes: bytesOf(snapshot.sizeGiB),
  createdAt: snapshot.createdAt,
  ready: snapshotPhaseOf(snapshot.status) === "free"
})

/** Snapshots from their creation to their deletion. Every method is idempotent. */
export class SnapshotProvisioning extends Context.Tag("cinder-csi/domain/SnapshotProvisioning")<
  SnapshotProvisioning,
  {
    /** Succeeds once the snapshot is `available`: before that the application may not go on writing. */
    readonly create: (request: SnapshotRequest) => Effect.Effect<ProvisionedSnapshot, DomainError>
    /** Succeeds once the snapshot is gone, also if it never was. */
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
      const createSnapshot = yield* makeCreateSnapshot
      const deleteSnapshot = yield* makeDeleteSnapshot

      const create = Effect.fn("SnapshotProvisioning.create")(function* (request: SnapshotRequest) {
        const { volumeId } = request
        const name = yield* checkName("name", request.name)
        if (volumeId === "") return yield* new InvalidInput({ field: "source_volume_id", problem: "must not be empty" })
        const parameters = yield* readSnapshotParameters(request.parameters)
        return provisioned(yield* exclusively([`snapshot named ${name}`], createSnapshot(volumeId, name, parameters)))
      })

      const remove = Effect.fn("SnapshotProvisioning.remove")((id: SnapshotId) =>
        exclusively([`snapshot ${id}`], deleteSnapshot(id))
      )

      const one = (id: SnapshotId, filter: SnapshotFilter) =>
        cinder.getSnapshot(id).pipe(
          Effect.map((snapshot) => [snapshot]),
          Effect.catchTag("SnapshotNotFound", () => Effect.succeed([])),
          Effect.map((found) => ({
            entries: found.filter(
              (snapshot) => isCut(snapshot) && snapshot.volumeId === (filter.volumeId ?? snapshot.volumeId)
            ),
            nextToken: undefined
          }))
        )

      const list = Effect.fn("SnapshotProvisioning.list")(function* (
        filter: SnapshotFilter,
        maxEntries: number,
        token: string
      ) {
        const page =
          filter.snapshotId === undefined
            ? yield* listPage((request) => cinder.listSnapshots(request, filter.volumeId), isCut, maxEntries, token)
            : yield* one(filter.snapshotId, filter)
        return { entries: page.entries.map(provisioned), nextToken: page.nextToken }
      })

      return { create, remove, list }
    })
  ).pipe(Layer.provide(OperationLocks.layer))
}
