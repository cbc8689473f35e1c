import { Either } from "effect"
import { found, refuseIf } from "./decisions.ts"
import type { Engine } from "./worldEngine.ts"
import {
  badRequest,
  conflict,
  forbidden,
  invalidField,
  invalidVolume,
  serverFault,
  serverNotFound,
  volumeNotFound,
  WorldFault
} from "./worldErrors.ts"
import type { AttachSpec } from "./worldRequests.ts"
import type { BdmRow, ServerRow, VolumeRow, WorldState } from "./worldState.ts"
import type { VmState } from "./worldTypes.ts"

export interface AttachRequest {
  readonly serverId: string
  readonly volumeId: string
  readonly spec: AttachSpec
}

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
export const fromCinder = (state: WorldState, fault: WorldFault | undefined, prefix: string): WorldFault | undefined =>
  fault === undefined
    ? undefined
    : new WorldFault({ ...fault, message: `${prefix}${fault.message} (HTTP 400) (Request-ID: req-${state.newId()})` })

/** b to z, aa to zz: more names than a server can have disks. */
const deviceNames = Array.from({ length: 27 * 26 }, (_, position) => {
  const letter = (number: number) => String.fromCharCode("a".charCodeAt(0) + number)
  return position < 26 ? letter(position) : `${letter(Math.floor(position / 26) - 1)}${letter(position % 26)}`
}).slice(1)

export const chooseDevice = (
  taken: ReadonlySet<string>,
  wanted: string | undefined
): Either.Either<string, WorldFault> => {
  if (wanted !== undefined) {
    return taken.has(wanted)
      ? Either.left(conflict(`The supplied device path (${wanted}) is in use.`))
      : Either.right(wanted)
  }
  const free = deviceNames.map((name) => `/dev/vd${name}`).find((name) => !taken.has(name))
  return found(free, () => serverFault("No free disk device names for prefix 'vd'"))
}

/** Everything Nova checks on its own, in its order, before it asks the compute host and Cinder. */
export const checkAttach = (
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

export const refuseMoreDisks = (
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
