import { Effect, Either } from "effect"
import { answerOnly, found, refuseIf } from "./decisions.ts"
import { pageOf } from "./IndexedTable.ts"
import { recordAction } from "./instanceActions.ts"
import { decideDelete } from "./volumeOperations.ts"
import { refuseReserve } from "./volumeRules.ts"
import type { WorldControl, WorldNova } from "./World.ts"
import type { Accepted, Engine } from "./worldEngine.ts"
import { badRequest, conflict, itemNotFound, serverNotFound, volumeNotFound, type WorldFault } from "./worldErrors.ts"
import type { ServerSpec } from "./worldRequests.ts"
import {
  changeVolume,
  followAttachments,
  pairOf,
  type ServerRow,
  serverStatus,
  serverView,
  type WorldState
} from "./worldState.ts"
import type { ServerRecord, VmState } from "./worldTypes.ts"

const findServer = (state: WorldState, id: string) => found(state.servers.get(id), () => serverNotFound(id))

const changeServer = (state: WorldState, id: string, change: Partial<ServerRow>, now: number): void => {
  const row = state.servers.get(id)
  if (row !== undefined) state.servers.put({ ...row, ...change, updatedAt: now })
}

const newServer = (engine: Engine, spec: ServerSpec, now: number): ServerRow => {
  const zone = spec.zone ?? engine.settings.serverZones[0] ?? ""
  return {
    id: spec.id ?? engine.state.newId(),
    name: spec.name,
    vmState: "building",
    taskState: undefined,
    locked: false,
    zone,
    host: `compute-${zone}`,
    launchedAt: undefined,
    createdAt: now,
    updatedAt: now,
    metadata: { ...spec.metadata },
    rootVolumeId: spec.rootVolumeId,
    computeUp: true
  }
}

/** Puts the servers of the settings in place, running. */
export const bootServers = (engine: Engine, now: number): void => {
  for (const spec of engine.settings.servers) {
    engine.state.servers.put({ ...newServer(engine, spec, now), vmState: "active", launchedAt: now })
  }
}

const attachRootDisk = (state: WorldState, serverId: string, volumeId: string, now: number) => {
  const attachmentId = state.newId()
  const common = { serverId, volumeId, device: "/dev/vda" }
  state.attachments.put({ ...common, id: attachmentId, status: "attached", attachedAt: now, mode: "rw" })
  state.bdms.put({
    ...common,
    id: state.newId(),
    pair: pairOf(serverId, volumeId),
    bdmId: state.newId(),
    attachmentId,
    tag: undefined,
    deleteOnTermination: false
  })
  changeVolume(state, volumeId, { status: "in-use" }, now)
}

const decideCreate = (
  engine: Engine,
  spec: ServerSpec,
  now: number
): Either.Either<Accepted<ServerRecord>, WorldFault> =>
  Either.gen(function* () {
    const { state, settings, plan } = engine
    if (spec.zone !== undefined && !settings.serverZones.includes(spec.zone)) {
      return yield* Either.left(badRequest("The requested availability zone is not available"))
    }
    const rootVolumeId = spec.rootVolumeId
    if (rootVolumeId !== undefined) {
      yield* refuseIf(refuseReserve(yield* found(state.volumes.get(rootVolumeId), () => volumeNotFound(rootVolumeId))))
    }
    const row = newServer(engine, spec, now)
    state.servers.put(row)
    if (rootVolumeId !== undefined) attachRootDisk(state, row.id, rootVolumeId, now)
    const action = recordAction(state, { action: "create", serverId: row.id, startTime: now })
    const work = engine.carryOut({
      name: "serverCreate",
      ending: plan.drawWork("serverCreate", [row.id, row.name]),
      finish: (end, at) => {
        if (state.servers.get(row.id)?.vmState !== "building") return
        const good = end === "succeeds"
        changeServer(state, row.id, good ? { vmState: "active", launchedAt: at } : { vmState: "error" }, at)
        action.finish(good ? "Success" : "Error", at)
      }
    })
    return { answer: serverView(state, row), work }
  })

const decideDeleteServer = (engine: Engine, id: string, now: number): Either.Either<Accepted<void>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks } = engine
    const row = yield* findServer(state, id)
    if (row.locked) return yield* Either.left(conflict(`Instance ${id} is locked`))
    if (row.taskState === "deleting") return answerOnly(undefined)
    changeServer(state, id, { taskState: "deleting" }, now)

    const unplugAll = Effect.suspend(() =>
      Effect.forEach(
        state.attachments.rowsWhere("serverId", id).filter((attachment) => state.plugged.has(attachment.id)),
        (attachment) =>
          disks
            .unplug(id, attachment.volumeId)
            .pipe(Effect.tap(() => Effect.sync(() => void state.plugged.delete(attachment.id)))),
        { discard: true }
      )
    )
    let goingWithIt: ReadonlyArray<string> = []
    const work = engine.carryOut({
      name: "serverDelete",
      ending: plan.drawWork("serverDelete", [id, row.name]),
      end: unplugAll,
      finish: (end, at) => {
        if (end !== "succeeds") return changeServer(state, id, { taskState: undefined, vmState: "error" }, at)
        const mappings = state.bdms.rowsWhere("serverId", id)
        goingWithIt = mappings.filter((mapping) => mapping.deleteOnTermination).map(({ volumeId }) => volumeId)
        for (const mapping of mappings) {
          state.attachments.remove(mapping.attachmentId)
          state.bdms.remove(mapping.id)
          followAttachments(state, mapping.volumeId, at)
        }
        state.servers.remove(id)
      }
    })
    /** A volume that refuses to go stays, as with Nova. */
    const deleteVolumes = Effect.suspend(() =>
      Effect.forEach(
        goingWithIt,
        (volumeId) => Effect.ignore(engine.decide((at) => decideDelete(engine, volumeId, false, at))),
        { discard: true }
      )
    )
    const whole = Effect.zipRight(work, deleteVolumes)
    return { answer: undefined, work: row.computeUp ? engine.onCompute(id, whole) : whole }
  })

const stoppable: ReadonlyArray<VmState> = ["active", "rescued", "error"]

const decideStop = (engine: Engine, id: string, now: number): Either.Either<Accepted<void>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan } = engine
    const row = yield* findServer(state, id)
    const refuse = (why: string) => Either.left(conflict(`Cannot 'stop' instance ${id} while it is in ${why}`))
    if (row.locked) return yield* Either.left(conflict(`Instance ${id} is locked`))
    if (!stoppable.includes(row.vmState)) return yield* refuse(`vm_state ${row.vmState}`)
    if (row.taskState !== undefined) return yield* refuse(`task_state ${row.taskState}`)
    changeServer(state, id, { taskState: "powering-off" }, now)
    const work = engine.carryOut({
      name: "serverStop",
      ending: plan.drawWork("serverStop", [id, row.name]),
      finish: (end, at) => {
        if (state.servers.get(id)?.taskState !== "powering-off") return
        changeServer(state, id, { taskState: undefined, ...(end === "succeeds" ? { vmState: "stopped" } : {}) }, at)
      }
    })
    return { answer: undefined, work: engine.onCompute(id, work) }
  })

/** The requests of Nova that concern servers as such. */
export const serverOperations = (
  engine: Engine
): Pick<
  WorldNova,
  | "createServer"
  | "showServer"
  | "listServers"
  | "deleteServer"
  | "stopServer"
  | "listServerZones"
  | "listInstanceActions"
  | "showInstanceAction"
> => {
  const { state, settings } = engine
  const actionsOf = (serverId: string) =>
    state.actions.rowsWhere("serverId", serverId).map(({ id: _, ...action }) => action)
  return {
    createServer: (spec) => engine.request("createServer", (now) => decideCreate(engine, spec, now)),
    showServer: (id) =>
      engine.request("showServer", () =>
        Either.map(findServer(state, id), (row) => answerOnly(serverView(state, row)))
      ),
    listServers: ({ name, status, limit, marker }) =>
      engine.request("listServers", () =>
        Either.gen(function* () {
          const after =
            marker === undefined
              ? undefined
              : yield* found(state.servers.entry(marker), () => badRequest(`marker [${marker}] not found`))
          const pattern = yield* Either.try({
            try: () => new RegExp(name ?? ""),
            catch: () =>
              badRequest(`Invalid input for query parameters name. Value: ${name}. '${name}' is not a 'regex'`)
          })
          const page = pageOf(state.servers.entries(), {
            matches: (row) =>
              pattern.test(row.name) && (status === undefined || serverStatus(row.vmState, row.taskState) === status),
            compare: () => 0,
            direction: "desc",
            limit,
            after
          })
          return answerOnly({ ...page, rows: page.rows.map((row) => serverView(state, row)) })
        })
      ),
    stopServer: (id) => engine.request("stopServer", (now) => decideStop(engine, id, now)),
    deleteServer: (id) => engine.request("deleteServer", (now) => decideDeleteServer(engine, id, now)),
    listServerZones: engine.request("listServerZones", () =>
      Either.right(answerOnly(settings.serverZones.map((name) => ({ name, available: true }))))
    ),
    listInstanceActions: (serverId) =>
      engine.request("listInstanceActions", () =>
        Either.map(findServer(state, serverId), () => answerOnly(actionsOf(serverId).reverse()))
      ),
    showInstanceAction: (serverId, requestId) =>
      engine.request("showInstanceAction", () =>
        Either.gen(function* () {
          yield* findServer(state, serverId)
          const action = actionsOf(serverId).find((candidate) => candidate.requestId === requestId)
          return answerOnly(
            yield* found(action, () =>
              itemNotFound(`Action for request_id ${requestId} on instance ${serverId} not found`)
            )
          )
        })
      )
  }
}

/** A server that is shelved away holds its volumes by a reservation alone, which its return makes good. */
const followShelving = (state: WorldState, before: ServerRow, after: ServerRow, now: number): void => {
  const wasAway = before.vmState === "shelved_offloaded"
  const isAway = after.vmState === "shelved_offloaded"
  if (wasAway === isAway) return
  for (const attachment of state.attachments.rowsWhere("serverId", after.id)) {
    state.attachments.put({ ...attachment, status: isAway ? "reserved" : "attached" })
    followAttachments(state, attachment.volumeId, now)
  }
}

/** What administrators and accidents do. */
export const controlOperations = (engine: Engine): WorldControl => {
  const { state } = engine
  return {
    lookUpServer: (idOrName) =>
      Effect.sync(() => {
        const row = state.servers.get(idOrName) ?? state.servers.rowsWhere("name", idOrName)[0]
        return row === undefined ? undefined : serverView(state, row)
      }),
    resetVolumeStatus: (id, status) =>
      engine.decide((now) =>
        Either.map(
          found(state.volumes.get(id), () => volumeNotFound(id)),
          () => {
            changeVolume(state, id, { status }, now)
            return answerOnly(undefined)
          }
        )
      ),
    setServer: (id, change) =>
      engine
        .decide((now) =>
          Either.map(findServer(state, id), (row) => {
            const changed = { ...row, ...change, updatedAt: now }
            state.servers.put(changed)
            followShelving(state, row, changed, now)
            return answerOnly(serverView(state, changed))
          })
        )
        .pipe(Effect.tap(({ computeUp }) => engine.setComputeUp(id, computeUp))),
    loseServer: (id) =>
      engine.decide(() =>
        Either.map(findServer(state, id), () => {
          for (const mapping of state.bdms.rowsWhere("serverId", id)) state.bdms.remove(mapping.id)
          state.servers.remove(id)
          return answerOnly(undefined)
        })
      )
  }
}
