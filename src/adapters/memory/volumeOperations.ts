import { Effect, Either } from "effect"
import { answerOnly, found, refuseIf, updatedText } from "./decisions.ts"
import { pageOf } from "./IndexedTable.ts"
import { recordAction } from "./instanceActions.ts"
import { compareRows, hasMetadata, inTime, isOneOf, isValue } from "./matching.ts"
import { snapshotDeletion } from "./snapshotOperations.ts"
import { decideCreate, findType, hasRoom } from "./volumeCreation.ts"
import {
  refuseDelete,
  refuseExtend,
  refuseMetadata,
  refuseMetadataValues,
  refuseRetype,
  refuseText,
  refuseUpdate,
  statusByAttachments
} from "./volumeRules.ts"
import type { WorldCinder } from "./World.ts"
import type { Accepted, Engine } from "./worldEngine.ts"
import { itemNotFound, volumeNotFound, type WorldFault } from "./worldErrors.ts"
import type { ListVolumesRequest, RetypeSpec } from "./worldRequests.ts"
import { addMessage, changeVolume, removeVolume, type VolumeRow, volumeView, type WorldState } from "./worldState.ts"
import type { AttachmentRecord } from "./worldTypes.ts"

const findVolume = (state: WorldState, id: string) => found(state.volumes.get(id), () => volumeNotFound(id))

const matchesVolume = (row: VolumeRow, request: ListVolumesRequest): boolean =>
  isValue(row.name, request.name) &&
  isOneOf(row.status, request.status) &&
  isOneOf(row.zone, request.zone) &&
  isValue(row.sizeGiB, request.sizeGiB) &&
  isValue(row.bootable, request.bootable) &&
  inTime(row.createdAt, request.createdAt) &&
  inTime(row.updatedAt, request.updatedAt) &&
  hasMetadata(row, request.metadata)

const attachmentsOf = (state: WorldState, id: string): ReadonlyArray<AttachmentRecord> =>
  state.attachments.rowsWhere("volumeId", id)

/** Ends a busy status: back to what the attachments say. */
const settle = (engine: Engine, id: string, change: Partial<VolumeRow>, now: number) =>
  changeVolume(engine.state, id, { ...change, status: statusByAttachments(attachmentsOf(engine.state, id)) }, now)

/** Deletes at once what the scheduler never placed; everything else is `deleting` until its work ends. */
export const decideDelete = (
  engine: Engine,
  id: string,
  cascade: boolean,
  now: number
): Either.Either<Accepted<void>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks } = engine
    const row = yield* findVolume(state, id)
    const snapshots = state.snapshots.rowsWhere("volumeId", id)
    const blocking = cascade
      ? snapshots.filter(({ status }) => status !== "available" && status !== "error" && status !== "deleting")
      : snapshots
    const unplaced = row.host === undefined && (row.status === "creating" || row.status === "error")
    if (unplaced) {
      removeVolume(state, row)
      return { answer: undefined }
    }
    yield* refuseIf(
      refuseDelete(row, { attachments: attachmentsOf(state, id).length, blockingSnapshots: blocking.length })
    )
    const ending = plan.drawWork("delete", [id, row.name])
    changeVolume(state, id, { status: "deleting" }, now)
    const ofSnapshots = snapshots
      .filter(({ status }) => status !== "deleting")
      .map((snapshot) => snapshotDeletion(engine, snapshot, now))
    const ofVolume = engine.carryOut({
      name: "delete",
      ending,
      end: disks.remove(id),
      finish: (end, at) => {
        const current = state.volumes.get(id)
        if (current?.status !== "deleting") return
        if (end === "succeeds") removeVolume(state, current)
        else changeVolume(state, id, { status: end === "reverts" ? row.status : "error_deleting" }, at)
      }
    })
    return { answer: undefined, work: Effect.zipRight(Effect.all(ofSnapshots, { discard: true }), ofVolume) }
  })

const decideExtend = (
  engine: Engine,
  id: string,
  newSizeGiB: number,
  allowInUse: boolean,
  now: number
): Either.Either<Accepted<void>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks } = engine
    const row = yield* findVolume(state, id)
    yield* refuseIf(refuseExtend(row, newSizeGiB, allowInUse))
    const byGiB = newSizeGiB - row.sizeGiB
    yield* refuseIf(state.quota.refuseGrowth(newSizeGiB, byGiB, row.type))
    const drawn = plan.drawWork("extend", [id, row.name])
    const ending = drawn === "succeeds" && !hasRoom(engine, row.zone, row.type, byGiB) ? "reverts" : drawn
    state.quota.reserveGrowth(byGiB, row.type)
    changeVolume(state, id, { status: "extending" }, now)
    return {
      answer: undefined,
      work: engine.carryOut({
        name: "extend",
        ending,
        end: disks.resize(id, newSizeGiB),
        finish: (end, at) => {
          const extending = state.volumes.get(id)?.status === "extending"
          state.quota.endGrowth(byGiB, row.type, extending && end === "succeeds")
          if (!extending) return
          const about = { type: "VOLUME", id } as const
          if (end === "succeeds") {
            state.placedGiB.set(row.zone, (state.placedGiB.get(row.zone) ?? 0) + byGiB)
            settle(engine, id, { sizeGiB: newSizeGiB }, at)
            for (const { serverId } of attachmentsOf(state, id)) {
              recordAction(state, { action: "extend_volume", serverId, startTime: now }).finish("Success", at)
            }
          } else if (end === "reverts") {
            settle(engine, id, {}, at)
            addMessage(state, about, "007_003", "extend volume:Could not find any available weighted backend.", at)
          } else {
            changeVolume(state, id, { status: "error_extending" }, at)
            addMessage(state, about, "007_010", "extend volume:Volume Driver failed to extend volume.", at)
          }
        }
      })
    }
  })

const decideRetype = (
  engine: Engine,
  id: string,
  spec: RetypeSpec,
  now: number
): Either.Either<Accepted<void>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan } = engine
    const row = yield* findVolume(state, id)
    const type = yield* findType(state, spec.type)
    const former = yield* findType(state, row.typeId)
    const changesMultiattachInUse = type.multiattach !== row.multiattach && row.status === "in-use"
    yield* refuseIf(refuseRetype(row, type.id !== row.typeId && !changesMultiattachInUse))
    yield* refuseIf(state.quota.refuseRetype(row.sizeGiB, type.name))
    const moves = type.backend !== former.backend
    const stays =
      (moves && (spec.policy !== "on-demand" || state.snapshots.rowsWhere("volumeId", id).length > 0)) ||
      !(type.zones?.includes(row.zone) ?? true)
    const drawn = plan.drawWork("retype", [id, row.name])
    changeVolume(state, id, { status: "retyping" }, now)
    return {
      answer: undefined,
      work: engine.carryOut({
        name: "retype",
        ending: stays ? "reverts" : drawn,
        finish: (end, at) => {
          const current = state.volumes.get(id)
          if (current?.status !== "retyping") return
          if (end !== "succeeds") return settle(engine, id, {}, at)
          state.quota.countTypeOnly(-1, current.sizeGiB, former.name)
          state.quota.countTypeOnly(1, current.sizeGiB, type.name)
          const { name, id: typeId, multiattach, encrypted } = type
          settle(engine, id, { type: name, typeId, multiattach, encrypted }, at)
        }
      })
    }
  })

/** The requests of Cinder that concern volumes. */
export const volumeOperations = (
  engine: Engine
): Pick<
  WorldCinder,
  | "createVolume"
  | "showVolume"
  | "listVolumes"
  | "updateVolume"
  | "mergeVolumeMetadata"
  | "replaceVolumeMetadata"
  | "removeVolumeMetadata"
  | "deleteVolume"
  | "extendVolume"
  | "retypeVolume"
> => {
  const { state } = engine

  const changeMetadata = (id: string, change: (former: VolumeRow["metadata"]) => VolumeRow["metadata"]) =>
    Either.gen(function* () {
      const row = yield* findVolume(state, id)
      yield* refuseIf(refuseMetadata(row))
      const metadata = change(row.metadata)
      yield* refuseIf(refuseMetadataValues(metadata))
      state.volumes.put({ ...row, metadata })
      return answerOnly(metadata)
    })

  return {
    createVolume: (spec) => engine.request("createVolume", (now) => decideCreate(engine, spec, now)),
    showVolume: (id) =>
      engine.request("showVolume", () =>
        Either.map(findVolume(state, id), (row) => answerOnly(volumeView(state, row)))
      ),
    listVolumes: (request) =>
      engine.request("listVolumes", () =>
        Either.gen(function* () {
          const { marker, name } = request
          const after =
            marker === undefined ? undefined : yield* found(state.volumes.entry(marker), () => volumeNotFound(marker))
          const sort = request.sort ?? { key: "created_at", direction: "desc" }
          const page = pageOf(name === undefined ? state.volumes.entries() : state.volumes.entriesWhere("name", name), {
            matches: (row) => matchesVolume(row, request),
            compare: compareRows(sort.key),
            direction: sort.direction,
            limit: request.limit,
            after
          })
          return answerOnly({ ...page, rows: page.rows.map((row) => volumeView(state, row)) })
        })
      ),
    updateVolume: (id, update) =>
      engine.request("updateVolume", (now) =>
        Either.gen(function* () {
          const row = yield* findVolume(state, id)
          yield* refuseIf(refuseUpdate(row))
          yield* refuseIf(refuseText("name", update.name) ?? refuseText("description", update.description))
          yield* refuseIf(refuseMetadataValues(update.metadata))
          const texts = update.name !== undefined || update.description !== undefined
          const changed: VolumeRow = {
            ...row,
            name: updatedText(update.name, row.name),
            description: updatedText(update.description, row.description),
            metadata: update.metadata ?? row.metadata,
            updatedAt: texts ? now : row.updatedAt
          }
          state.volumes.put(changed)
          return answerOnly(volumeView(state, { ...changed, updatedAt: row.updatedAt }))
        })
      ),
    mergeVolumeMetadata: (id, metadata) =>
      engine.request("mergeVolumeMetadata", () => changeMetadata(id, (former) => ({ ...former, ...metadata }))),
    replaceVolumeMetadata: (id, metadata) =>
      engine.request("replaceVolumeMetadata", () => changeMetadata(id, () => ({ ...metadata }))),
    removeVolumeMetadata: (id, key) =>
      engine.request("removeVolumeMetadata", () =>
        Either.gen(function* () {
          const row = yield* findVolume(state, id)
          if (row.metadata[key] === undefined) {
            return yield* Either.left(itemNotFound(`Volume ${id} has no metadata with key ${key}.`))
          }
          yield* changeMetadata(id, (former) =>
            Object.fromEntries(Object.entries(former).filter(([name]) => name !== key))
          )
          return answerOnly(undefined)
        })
      ),
    deleteVolume: (id, { cascade }) => engine.request("deleteVolume", (now) => decideDelete(engine, id, cascade, now)),
    extendVolume: (id, newSizeGiB, { allowInUse }) =>
      engine.request("extendVolume", (now) => decideExtend(engine, id, newSizeGiB, allowInUse, now)),
    retypeVolume: (id, spec) => engine.request("retypeVolume", (now) => decideRetype(engine, id, spec, now))
  }
}
