import { Effect, Either } from "effect"
import { answerOnly, found, refuseIf } from "./decisions.ts"
import { recordAction } from "./instanceActions.ts"
import { refuseBeginDetaching, refuseReserve } from "./volumeRules.ts"
import type { WorldNova } from "./World.ts"
import type { Accepted, Engine } from "./worldEngine.ts"
import {
  badRequest,
  conflict,
  forbidden,
  invalidField,
  invalidVolume,
  notAttached,
  serverFault,
  serverNotFound,
  volumeNotFound,
  WorldFault
} from "./worldErrors.ts"
import type { AttachSpec, DetachSpec } from "./worldRequests.ts"
import {
  type BdmRow,
  bdmView,
  changeVolume,
  followAttachments,
  pairOf,
  type ServerRow,
  serverView,
  type VolumeRow,
  type WorldState
} from "./worldState.ts"
import type { ServerVolumeRecord, VmState } from "./worldTypes.ts"

const attachableStates: ReadonlyArray<VmState> = [
  "active",
  "paused",
  "stopped",
  "resized",
  "soft-delete",
  "shelved",
  "shelved_offloaded"
]

/** A lock, a state or a task of the server that Nova does not mix with the request. */
export const refuseServer = (server: ServerRow, request: "attach_volume" | "detach_volume"): WorldFault | undefined => {
  if (server.locked) return conflict(`Instance ${server.id} is locked`)
  if (!attachableStates.includes(server.vmState)) {
    return conflict(`Cannot '${request}' instance ${server.id} while it is in vm_state ${server.vmState}`)
  }
  if (server.taskState !== undefined) {
    return conflict(`Cannot '${request}' instance ${server.id} while it is in task_state ${server.taskState}`)
  }
  return server.launchedAt === undefined
    ? conflict(`Instance ${server.id} is in an invalid state for '${request}'`)
    : undefined
}

const devicePattern = /^(\/dev\/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$/

const refuseDevice = (device: string | undefined): WorldFault | undefined =>
  device === undefined || devicePattern.test(device)
    ? undefined
    : invalidField("device", device, `'${device}' does not match '(^/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$'`)

/** A mapping that Nova still holds counts, also in the moment after Cinder has let go. */
const refuseKnownMapping = (state: WorldState, serverId: string, volume: VolumeRow): WorldFault | undefined => {
  const mappings = state.bdms.rowsWhere("volumeId", volume.id)
  if (!volume.multiattach) {
    const known = mappings[0]
    return known === undefined
      ? undefined
      : invalidVolume(`volume ${volume.id} is already attached to instances: ${known.serverId}`)
  }
  return mappings.some((mapping) => mapping.serverId === serverId)
    ? invalidVolume(`volume ${volume.id} already attached`)
    : undefined
}

/** What Cinder answered, as Nova passes it on. */
const fromCinder = (state: WorldState, fault: WorldFault | undefined, prefix: string): WorldFault | undefined =>
  fault === undefined
    ? undefined
    : new WorldFault({ ...fault, message: `${prefix}${fault.message} (HTTP 400) (Request-ID: req-${state.newId()})` })

/** b to z, aa to zz: more names than a server can have disks. */
const deviceNames = Array.from({ length: 27 * 26 }, (_, position) => {
  const letter = (number: number) => String.fromCharCode("a".charCodeAt(0) + number)
  return position < 26 ? letter(position) : `${letter(Math.floor(position / 26) - 1)}${letter(position % 26)}`
}).slice(1)

const chooseDevice = (taken: ReadonlySet<string>, wanted: string | undefined): Either.Either<string, WorldFault> => {
  if (wanted !== undefined) {
    return taken.has(wanted)
      ? Either.left(conflict(`The supplied device path (${wanted}) is in use.`))
      : Either.right(wanted)
  }
  const free = deviceNames.map((name) => `/dev/vd${name}`).find((name) => !taken.has(name))
  return found(free, () => serverFault("No free disk device names for prefix 'vd'"))
}

interface AttachRequest {
  readonly serverId: string
  readonly volumeId: string
  readonly spec: AttachSpec
}

const timedOut = serverFault(
  "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible.\n" +
    "<class 'oslo_messaging.exceptions.MessagingTimeout'>"
)

/** Everything Nova checks on its own, in its order, before it asks the compute host and Cinder. */
const checkAttach = (
  state: WorldState,
  { serverId, volumeId, spec }: AttachRequest
): Either.Either<{ readonly server: ServerRow; readonly volume: VolumeRow }, WorldFault> =>
  Either.gen(function* () {
    const server = yield* found(state.servers.get(serverId), () => serverNotFound(serverId))
    yield* refuseIf(refuseServer(server, "attach_volume"))
    yield* refuseIf(refuseDevice(spec.device))
    const volume = yield* found(state.volumes.get(volumeId), () => volumeNotFound(volumeId))
    yield* refuseIf(refuseKnownMapping(state, serverId, volume))
    if (server.vmState === "shelved_offloaded" && (volume.multiattach || spec.tag !== undefined)) {
      return yield* Either.left(
        badRequest(
          volume.multiattach
            ? "Attaching multiattach volumes is not supported for shelved-offloaded instances."
            : "Attaching tagged volumes is not supported for shelved-offloaded instances."
        )
      )
    }
    return { server, volume }
  })

const refuseMoreDisks = (
  engine: Engine,
  server: ServerRow,
  mappings: ReadonlyArray<BdmRow>
): WorldFault | undefined => {
  const most = engine.settings.maxDisksPerServer
  const withRootDisk = mappings.length + (server.rootVolumeId === undefined ? 1 : 0)
  return most >= 0 && withRootDisk + 1 > most
    ? forbidden(
        `The maximum allowed number of disk devices (${most}) to attach to a single instance has been exceeded.`
      )
    : undefined
}

const decideAttach = (
  engine: Engine,
  request: AttachRequest,
  now: number
): Either.Either<Accepted<ServerVolumeRecord>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks, settings } = engine
    const { serverId, volumeId, spec } = request
    const { server, volume } = yield* checkAttach(state, request)
    const mappings = state.bdms.rowsWhere("serverId", serverId)
    yield* refuseIf(refuseMoreDisks(engine, server, mappings))
    const device = yield* chooseDevice(new Set(["/dev/vda", ...mappings.map((mapping) => mapping.device)]), spec.device)
    if (volume.multiattach && spec.multiattachAllowed === false) {
      return yield* Either.left(
        badRequest("Multiattach volumes are only supported starting with compute API version 2.60.")
      )
    }
    if (!settings.crossZoneAttach && volume.zone !== server.zone) {
      return yield* Either.left(
        invalidVolume(
          `Instance ${serverId} and volume ${volumeId} are not in the same availability_zone. ` +
            `Instance is in ${server.zone}. Volume is in ${volume.zone}`
        )
      )
    }
    yield* refuseIf(fromCinder(state, refuseReserve(volume), "Invalid input received: "))

    const attachmentId = state.newId()
    const mapping: BdmRow = {
      id: state.newId(),
      pair: pairOf(serverId, volumeId),
      bdmId: state.newId(),
      serverId,
      volumeId,
      attachmentId,
      device,
      tag: spec.tag,
      deleteOnTermination: spec.deleteOnTermination ?? false
    }
    const attachment = { id: attachmentId, volumeId, serverId, device, mode: "rw", attachedAt: undefined } as const
    state.attachments.put({ ...attachment, status: "reserved" })
    state.bdms.put(mapping)
    changeVolume(state, volumeId, { status: "reserved" }, now)
    const action = recordAction(state, {
      action: "attach_volume",
      serverId,
      startTime: now,
      requestId: spec.requestId
    })

    const attached = (at: number) => {
      state.attachments.put({ ...attachment, status: "attached", attachedAt: at })
      followAttachments(state, volumeId, at)
      action.finish("Success", at)
    }
    if (server.vmState === "shelved_offloaded") {
      attached(now)
      return answerOnly(bdmView(mapping))
    }
    const plug = disks
      .plug(serverId, volumeId)
      .pipe(Effect.tap(() => Effect.sync(() => void state.plugged.add(attachmentId))))
    const work = engine.carryOut({
      name: "attach",
      ending: plan.drawWork("attach", [volumeId, volume.name, serverId, server.name]),
      halfway: (at) => {
        if (state.attachments.get(attachmentId) === undefined) return
        state.attachments.put({ ...attachment, status: "attaching" })
        followAttachments(state, volumeId, at)
      },
      end: plug,
      finish: (end, at) => {
        if (state.attachments.get(attachmentId) === undefined) return
        if (end === "succeeds") return attached(at)
        state.attachments.remove(attachmentId)
        state.bdms.remove(mapping.id)
        followAttachments(state, volumeId, at)
        action.finish("Error", at)
      }
    })
    return { answer: bdmView(mapping), work: engine.onCompute(serverId, work) }
  })

const decideDetach = (
  engine: Engine,
  serverId: string,
  volumeId: string,
  spec: DetachSpec,
  now: number
): Either.Either<Accepted<void>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks } = engine
    const server = yield* found(state.servers.get(serverId), () => serverNotFound(serverId))
    const volume = yield* found(state.volumes.get(volumeId), () => volumeNotFound(volumeId))
    const mapping = yield* found(state.bdms.rowsWhere("pair", pairOf(serverId, volumeId))[0], () =>
      notAttached(serverId, volumeId)
    )
    if (server.rootVolumeId === volumeId) {
      return yield* Either.left(badRequest("Cannot detach a root device volume"))
    }
    yield* refuseIf(refuseServer(server, "detach_volume"))
    const attachment = state.attachments.get(mapping.attachmentId)
    const refused = refuseBeginDetaching(volume, attachment?.status === "attached")
    yield* refuseIf(fromCinder(state, refused, "Invalid volume: Invalid input received: "))

    changeVolume(state, volumeId, { status: "detaching" }, now)
    const action = recordAction(state, {
      action: "detach_volume",
      serverId,
      startTime: now,
      requestId: spec.requestId
    })
    const isPlugged = state.plugged.has(mapping.attachmentId)
    const unplug = disks
      .unplug(serverId, volumeId)
      .pipe(Effect.tap(() => Effect.sync(() => void state.plugged.delete(mapping.attachmentId))))
    const drawn = plan.drawWork("detach", [volumeId, volume.name, serverId, server.name])
    let gone = false
    const work = engine
      .carryOut({
        name: "detach",
        ending: server.vmState === "paused" ? "fails" : drawn,
        ...(isPlugged ? { middle: unplug } : {}),
        halfway: () => {
          if (attachment !== undefined && state.attachments.get(attachment.id) !== undefined) {
            state.attachments.put({ ...attachment, status: "detaching" })
          }
        },
        finish: (end, at) => {
          gone = end === "succeeds"
          if (gone) state.attachments.remove(mapping.attachmentId)
          followAttachments(state, volumeId, at)
          action.finish(gone ? "Success" : "Error", at)
        }
      })
      .pipe(
        Effect.zipRight(Effect.suspend(() => (gone ? engine.pause("bdmCleanup") : Effect.void))),
        Effect.zipRight(
          Effect.sync(() => {
            if (gone) state.bdms.remove(mapping.id)
          })
        )
      )
    return {
      answer: undefined,
      work: server.vmState === "shelved_offloaded" ? work : engine.onCompute(serverId, work)
    }
  })

/** The requests of Nova that concern the volumes of servers. */
export const attachOperations = (
  engine: Engine
): Pick<WorldNova, "attachVolume" | "detachVolume" | "listServerVolumes" | "showServerVolume"> => {
  const { state, settings } = engine
  const findServer = (id: string) => found(state.servers.get(id), () => serverNotFound(id))

  /** Nova's API asks the compute host for a device name and waits for the answer. */
  const askCompute = (request: AttachRequest): Effect.Effect<void, WorldFault> =>
    Effect.suspend(() => checkAttach(state, request)).pipe(
      Effect.flatMap(({ server }) => {
        if (server.vmState === "shelved_offloaded") return Effect.void
        if (!server.computeUp) return Effect.zipRight(engine.pause("rpcTimeout"), Effect.fail(timedOut))
        return settings.attachWaitsForServer ? engine.computeIdle(server.id) : Effect.void
      })
    )

  return {
    attachVolume: (serverId, volumeId, spec = {}) => {
      const request = { serverId, volumeId, spec }
      return engine.longRequest(
        "attachVolume",
        Effect.zipRight(
          askCompute(request),
          engine.decide((now) => decideAttach(engine, request, now))
        )
      )
    },
    detachVolume: (serverId, volumeId, spec = {}) =>
      engine.request("detachVolume", (now) => decideDetach(engine, serverId, volumeId, spec, now)),
    listServerVolumes: (serverId) =>
      engine.request("listServerVolumes", () =>
        Either.map(findServer(serverId), (row) => answerOnly(serverView(state, row).volumes))
      ),
    showServerVolume: (serverId, volumeId) =>
      engine.request("showServerVolume", () =>
        Either.gen(function* () {
          yield* findServer(serverId)
          const mapping = yield* found(state.bdms.rowsWhere("pair", pairOf(serverId, volumeId))[0], () =>
            notAttached(serverId, volumeId)
          )
          return answerOnly(bdmView(mapping))
        })
      )
  }
}
