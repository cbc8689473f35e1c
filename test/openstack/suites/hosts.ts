import { assert, describe } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { publish, refusalOf, unpublish } from "../support/attaching.ts"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { askCinder, fieldOf, removeAttachment } from "../support/labCloud.ts"
import { deleteVolume } from "../support/Pod.ts"
import { newVolume, worker } from "../support/worker.ts"

/** What OpenStack says where it is asked past the driver and refuses. */
const sayingOf = <A, E, R>(request: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(request), (error) => String(fieldOf(error, "cause")))

/** Servers that are deleted, and compute hosts that fail: what becomes of the volume of a pod that was writing. */
export const hosts = (it: LabTests) => {
  describe("a server", () => {
    it.effect(
      "whose compute host is disabled works on as before",
      () =>
        Effect.gen(function* () {
          const { server, csi, pod, endElsewhere } = yield* worker("host-disabled")
          const other = yield* newVolume("host-disabled-other")
          yield* server.whileHostIsDisabled(
            Effect.gen(function* () {
              yield* publish(csi, other, server.id)
              yield* pod.writer.progress()
              yield* unpublish(csi, other, server.id)
              yield* pod.remove
              yield* endElsewhere()
            })
          )
          yield* deleteVolume(csi, other)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "whose compute host is down keeps its volume, and gives it up within five seconds of the host's return",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi, pod, keepsItsDisk, endElsewhere } = yield* worker("host-down")
          const call = yield* server.whileHostIsDown(
            Effect.gen(function* () {
              const refusal = yield* refusalOf(unpublish(csi, volume, server.id, "10 seconds"))
              assert.strictEqual(refusal.code, "UNAVAILABLE")
              assert.include(refusal.says, "on a compute host that is down: Service is unavailable at this time. (req-")
              yield* keepsItsDisk
              const waiting = yield* Effect.fork(unpublish(csi, volume, server.id, "1 minutes"))
              yield* Effect.sleep("10 seconds")
              // The driver has refused for a reason: this guest writes on.
              yield* pod.writer.progress()
              return waiting
            })
          )
          const [took] = yield* Effect.timed(Fiber.join(call))
          assert.isBelow(Duration.toSeconds(took), 7)
          yield* pod.writer.losesDisk
          yield* endElsewhere({ pulled: 1 })
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "whose compute host has fallen silent keeps its disk, though Nova accepts the detachment, until the host is heard of again",
      () =>
        Effect.gen(function* () {
          const { node2, ctl } = yield* Lab
          const { server, volume, csi, pod, endElsewhere } = yield* worker("host-silent")
          const host = `nova-${yield* server.host}`
          const silent = Effect.acquireRelease(ctl("pause", host), () => Effect.orDie(ctl("continue", host)))
          yield* Effect.scoped(
            Effect.gen(function* () {
              yield* silent
              const refusal = yield* refusalOf(unpublish(csi, volume, server.id, "10 seconds"))
              assert.strictEqual(refusal.code, "ABORTED")
              assert.include(refusal.says, `volume ${volume.id} is still detaching`)
              const elsewhere = yield* refusalOf(publish(csi, volume, node2.serverId, "10 seconds"))
              assert.strictEqual(elsewhere.code, "ABORTED")
              yield* pod.writer.progress()
            })
          )
          yield* unpublish(csi, volume, server.id)
          yield* pod.writer.losesDisk
          yield* endElsewhere({ pulled: 1 })
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "whose compute host is down and that is deleted gives up its volume",
      () =>
        Effect.gen(function* () {
          const { ctl } = yield* Lab
          const { server, volume, csi, pod, keepsItsDisk, endElsewhere } = yield* worker("deleted-down")
          yield* ctl("power-cut", server.id)
          yield* pod.writer.losesDisk
          yield* server.whileHostIsDown(
            Effect.gen(function* () {
              yield* keepsItsDisk
              const call = yield* Effect.fork(unpublish(csi, volume, server.id, "1 minutes"))
              yield* server.remove
              yield* Fiber.join(call)
            })
          )
          assert.strictEqual((yield* refusalOf(publish(csi, volume, server.id))).code, "NOT_FOUND")
          yield* endElsewhere({ pulled: 1 })
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is gone from Nova and not from Cinder is named with its attachment, which a human may remove then and not before",
      () =>
        Effect.gen(function* () {
          const { ctl } = yield* Lab
          const { server, volume, csi, keepsItsDisk, endElsewhere } = yield* worker("vanished")
          const shown = yield* askCinder(`/volumes/${volume.id}`)
          const attachment = String(fieldOf(shown, "volume", "attachments", "0", "attachment_id"))
          assert.include(yield* sayingOf(removeAttachment(attachment)), "409")
          const keeps = { service: "cinder", method: "DELETE", path: "/attachments/", status: 500 }
          yield* ctl("fault", "http", JSON.stringify(keeps))
          yield* Effect.ensuring(server.remove, Effect.ignore(ctl("no-fault", "http")))
          const refusal = yield* refusalOf(unpublish(csi, volume, server.id))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.include(refusal.says, `remove attachment ${attachment}`)
          yield* keepsItsDisk
          yield* ctl("stop", "nova-api")
          const blind = yield* Effect.ensuring(
            sayingOf(removeAttachment(attachment)),
            Effect.ignore(ctl("start", "nova-api"))
          )
          assert.include(blind, "500")
          yield* removeAttachment(attachment)
          yield* unpublish(csi, volume, server.id)
          yield* endElsewhere({ pulled: 1 })
        }).pipe(Effect.scoped),
      minutes(4)
    )
  })
}
