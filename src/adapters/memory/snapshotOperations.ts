import { type Effect, Either } from "effect"
import { answerOnly, found, refuseIf, updatedText } from "./decisions.ts"
import { pageOf } from "./IndexedTable.ts"
import { compareRows, hasMetadata, isOneOf, isValue } from "./matching.ts"
import { refuseMetadataValues, refuseSnapshot, refuseText } from "./volumeRules.ts"
import type { WorldCinder } from "./World.ts"
import type { Accepted, Engine } from "./worldEngine.ts"
import { invalidSnapshot, snapshotNotFound, volumeNotFound, type WorldFault } from "./worldErrors.ts"
import type { SnapshotSpec } from "./worldRequests.ts"
import { addMessage, type WorldState } from "./worldState.ts"
import type { SnapshotRecord } from "./worldTypes.ts"

const findSnapshot = (state: WorldState, id: string) => found(state.snapshots.get(id), () => snapshotNotFound(id))

export const changeSnapshot = (state: WorldState, id: string, change: Partial<SnapshotRecord>, now: number): void => {
  const row = state.snapshots.get(id)
  if (row !== undefined) state.snapshots.put({ ...row, ...change, updatedAt: now })
}

const decideCreate = (
  engine: Engine,
  spec: SnapshotSpec,
  now: number
): Either.Either<Accepted<SnapshotRecord>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks } = engine
    yield* refuseIf(refuseText("name", spec.name) ?? refuseText("description", spec.description))
    yield* refuseIf(refuseMetadataValues(spec.metadata))
    const volume = yield* found(state.volumes.get(spec.volumeId), () => volumeNotFound(spec.volumeId))
    yield* refuseIf(refuseSnapshot(volume, spec.force ?? false))
    yield* refuseIf(state.quota.refuseSnapshot(volume.sizeGiB, volume.type))
    const row: SnapshotRecord = {
      id: state.newId(),
      name: spec.name,
      description: spec.description,
      volumeId: volume.id,
      status: "creating",
      sizeGiB: volume.sizeGiB,
      zone: volume.zone,
      type: volume.type,
      metadata: { ...spec.metadata },
      progressPercent: 0,
      createdAt: now,
      updatedAt: undefined
    }
    state.snapshots.put(row)
    state.quota.countSnapshot(1, row.sizeGiB, volume.type)
    return {
      answer: row,
      work: engine.carryOut({
        name: "snapshot",
        ending: plan.drawWork("snapshot", [row.id, row.name, volume.id]),
        begin: disks.createSnapshot(row.id, volume.id),
        finish: (end, at) => {
          if (state.snapshots.get(row.id)?.status !== "creating") return
          if (end === "succeeds")
            return changeSnapshot(state, row.id, { status: "available", progressPercent: 100 }, at)
          changeSnapshot(state, row.id, { status: "error" }, at)
          const about = { type: "VOLUME_SNAPSHOT", id: row.id } as const
          addMessage(state, about, "009_013", "create snapshot:Snapshot failed to create.", at)
        }
      })
    }
  })

/** Marks the snapshot `deleting` and returns the work that ends it; the caller has checked that this is legal. */
export const snapshotDeletion = (engine: Engine, snapshot: SnapshotRecord, now: number): Effect.Effect<void> => {
  const { state, plan, disks } = engine
  changeSnapshot(state, snapshot.id, { status: "deleting" }, now)
  return engine.carryOut({
    name: "snapshotDelete",
    ending: plan.drawWork("snapshotDelete", [snapshot.id, snapshot.name]),
    end: disks.removeSnapshot(snapshot.id),
    finish: (end, at) => {
      if (state.snapshots.get(snapshot.id)?.status !== "deleting") return
      const about = { type: "VOLUME_SNAPSHOT", id: snapshot.id } as const
      if (end === "succeeds") {
        state.snapshots.remove(snapshot.id)
        state.quota.countSnapshot(-1, snapshot.sizeGiB, snapshot.type)
      } else if (end === "reverts") {
        changeSnapshot(state, snapshot.id, { status: snapshot.status }, at)
        addMessage(state, about, "010_015", "delete snapshot:Snapshot is busy.", at)
      } else {
        changeSnapshot(state, snapshot.id, { status: "error_deleting" }, at)
        addMessage(state, about, "010_016", "delete snapshot:Snapshot failed to delete.", at)
      }
    }
  })
}

/** The requests of Cinder that concern snapshots. */
export const snapshotOperations = (
  engine: Engine
): Pick<WorldCinder, "createSnapshot" | "showSnapshot" | "listSnapshots" | "updateSnapshot" | "deleteSnapshot"> => {
  const { state } = engine
  return {
    createSnapshot: (spec) => engine.request("createSnapshot", (now) => decideCreate(engine, spec, now)),
    showSnapshot: (id) => engine.request("showSnapshot", () => Either.map(findSnapshot(state, id), answerOnly)),
    listSnapshots: (request) =>
      engine.request("listSnapshots", () =>
        Either.gen(function* () {
          const { marker, name, volumeId } = request
          const after =
            marker === undefined
              ? undefined
              : yield* found(state.snapshots.entry(marker), () => snapshotNotFound(marker))
          const candidates =
            name !== undefined
              ? state.snapshots.entriesWhere("name", name)
              : volumeId !== undefined
                ? state.snapshots.entriesWhere("volumeId", volumeId)
                : state.snapshots.entries()
          return answerOnly(
            pageOf(candidates, {
              matches: (row) =>
                isValue(row.volumeId, volumeId) &&
                isOneOf(row.status, request.status) &&
                isOneOf(row.zone, request.zone) &&
                hasMetadata(row, request.metadata),
              compare: compareRows(request.sort?.key ?? "created_at"),
              direction: request.sort?.direction ?? "desc",
              limit: request.limit,
              after
            })
          )
        })
      ),
    updateSnapshot: (id, update) =>
      engine.request("updateSnapshot", (now) =>
        Either.gen(function* () {
          const row = yield* findSnapshot(state, id)
          yield* refuseIf(refuseText("name", update.name) ?? refuseText("description", update.description))
          yield* refuseIf(refuseMetadataValues(update.metadata))
          const texts = update.name !== undefined || update.description !== undefined
          const changed: SnapshotRecord = {
            ...row,
            name: updatedText(update.name, row.name),
            description: updatedText(update.description, row.description),
            metadata: update.metadata ?? row.metadata,
            updatedAt: texts ? now : row.updatedAt
          }
          state.snapshots.put(changed)
          return answerOnly(changed)
        })
      ),
    deleteSnapshot: (id) =>
      engine.request("deleteSnapshot", (now) =>
        Either.gen(function* () {
          const row = yield* findSnapshot(state, id)
          if (row.status !== "available" && row.status !== "error") {
            return yield* Either.left(
              invalidSnapshot("Snapshot status must be available or error and must not be part of a group.")
            )
          }
          return { answer: undefined, work: snapshotDeletion(engine, row, now) }
        })
      )
  }
}
