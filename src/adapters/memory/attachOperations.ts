import { Effect, Either } from "effect"
import { type AttachRequest, checkAttach, chooseDevice, fromCinder, refuseMoreDisks } from "./attachRules.ts"
import { answerOnly, found, refuseIf } from "./decisions.ts"
import { decideDetach } from "./detaching.ts"
import { recordAction } from "./instanceActions.ts"
import { refuseReserve } from "./volumeRules.ts"
import type { WorldNova } from "./World.ts"
import type { Accepted, Engine } from "./worldEngine.ts"
import { badRequest, invalidVolume, notAttached, serverFault, serverNotFound, type WorldFault } from "./worldErrors.ts"
import { type BdmRow, bdmView, changeVolume, followAttachments, pairOf, serverView } from "./worldState.ts"
import type { ServerVolumeRecord } from "./worldTypes.ts"

const timedOut = serverFault(
  "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible.\n" +
    "<class 'oslo_messaging.exceptions.MessagingTimeout'>"
)

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
