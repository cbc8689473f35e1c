import { Effect, Either } from "effect"
import { fromCinder, refuseServer } from "./attachRules.ts"
import { found, refuseIf } from "./decisions.ts"
import { recordAction } from "./instanceActions.ts"
import { refuseBeginDetaching } from "./volumeRules.ts"
import type { Accepted, Engine } from "./worldEngine.ts"
import { badRequest, conflict, notAttached, serverNotFound, volumeNotFound, type WorldFault } from "./worldErrors.ts"
import type { DetachSpec } from "./worldRequests.ts"
import { changeVolume, followAttachments, pairOf } from "./worldState.ts"

/** The rules of a detach, in Nova's order, and what follows: Cinder's row goes first, Nova's mapping a moment later. */
export const decideDetach = (
  engine: Engine,
  serverId: string,
  volumeId: string,
  spec: DetachSpec,
  now: number
): Either.Either<Accepted<void>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks, settings } = engine
    const server = yield* found(state.servers.get(serverId), () => serverNotFound(serverId))
    const volume = yield* found(state.volumes.get(volumeId), () => volumeNotFound(volumeId))
    const mapping = yield* found(state.bdms.rowsWhere("pair", pairOf(serverId, volumeId))[0], () =>
      notAttached(serverId, volumeId)
    )
    if (server.rootVolumeId === volumeId) {
      return yield* Either.left(badRequest("Cannot detach a root device volume"))
    }
    yield* refuseIf(refuseServer(server, "detach_volume"))
    const isAway = server.vmState === "shelved_offloaded"
    const needsHost = settings.detachAsksForHost && !isAway
    yield* refuseIf(needsHost && !server.computeUp ? conflict("Service is unavailable at this time.") : undefined)
    const attachment = state.attachments.get(mapping.attachmentId)
    const refused = refuseBeginDetaching(volume, attachment?.status === "attached")
    yield* refuseIf(isAway ? undefined : fromCinder(state, refused, "Invalid volume: Invalid input received: "))

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
      work: isAway ? work : engine.onCompute(serverId, work)
    }
  })
