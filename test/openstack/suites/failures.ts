import { assert, describe } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { publish, refusalOf, unpublish } from "../support/attaching.ts"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { bootServer, runningServer } from "../support/LabServer.ts"
import { askCinder, fieldOf, removeAttachment } from "../support/labCloud.ts"
import { createVolume, deleteVolume, raw } from "../support/Pod.ts"

const newVolume = (name: string) =>
  Effect.gen(function* () {
    const { controller } = yield* Lab
    return yield* createVolume(controller.csi, name, raw)
  })

/** What OpenStack says where it is asked past the driver and refuses. */
const sayingOf = <A, E, R>(request: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(request), (error) => String(fieldOf(error, "cause")))

/** An attached volume and its server. */
const inUse = (name: string) =>
  Effect.gen(function* () {
    const { controller } = yield* Lab
    const server = yield* runningServer(name)
    const volume = yield* newVolume(name)
    yield* publish(controller.csi, volume, server.id)
    return { server, volume, csi: controller.csi }
  })

/** A server in trouble, or out of reach: what the driver says, and how it goes on. */
export const failures = (it: LabTests) => {
  describe("a server", () => {
    it.effect(
      "that is being built gets its volume once it is there",
      () =>
        Effect.gen(function* () {
          const { controller, ctl } = yield* Lab
          const volume = yield* newVolume("while-building")
          yield* ctl("fault", "spawn-delay-seconds", "25")
          const server = yield* bootServer("building")
          const refusal = yield* refusalOf(publish(controller.csi, volume, server.id))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.include(refusal.says, `server ${server.id} is BUILD`)
          const call = yield* Effect.fork(publish(controller.csi, volume, server.id, "1 minutes"))
          yield* server.reaches("ACTIVE")
          const [took] = yield* Effect.timed(Fiber.join(call))
          assert.isBelow(Duration.toSeconds(took), 7)
          yield* unpublish(controller.csi, volume, server.id)
          yield* deleteVolume(controller.csi, volume)
        }).pipe(
          Effect.scoped,
          Effect.ensuring(Effect.flatMap(Lab, ({ ctl }) => Effect.ignore(ctl("no-fault", "all"))))
        ),
      minutes(3)
    )

    it.effect(
      "that is shut off gives up its volume, and takes one",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi } = yield* inUse("shut-off")
          yield* server.act("os-stop")
          yield* server.reaches("SHUTOFF")
          yield* unpublish(csi, volume, server.id)
          yield* publish(csi, volume, server.id)
          yield* server.act("os-start")
          yield* server.reaches("ACTIVE")
          yield* unpublish(csi, volume, server.id)
          yield* deleteVolume(csi, volume)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is rebooted while volumes come and go loses none",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi } = yield* inUse("rebooted")
          const other = yield* newVolume("rebooted-other")
          yield* server.act("reboot", { type: "HARD" })
          yield* Effect.all([publish(csi, other, server.id), unpublish(csi, volume, server.id)], { concurrency: 2 })
          yield* server.reaches("ACTIVE")
          yield* unpublish(csi, other, server.id)
          for (const made of [volume, other]) yield* deleteVolume(csi, made)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is suspended says who must resume it",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi } = yield* inUse("suspended")
          yield* server.act("suspend")
          yield* server.reaches("SUSPENDED")
          const refusal = yield* refusalOf(unpublish(csi, volume, server.id))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.match(refusal.says, /is SUSPENDED, unchanged since 20.*; resume it$/)
          yield* server.act("resume")
          yield* unpublish(csi, volume, server.id)
          yield* deleteVolume(csi, volume)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is shelved gives up its volume and takes none",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi } = yield* inUse("shelved")
          yield* server.act("shelve")
          yield* server.reaches("SHELVED_OFFLOADED")
          yield* unpublish(csi, volume, server.id)
          const refusal = yield* refusalOf(publish(csi, volume, server.id))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.include(refusal.says, "unshelve it")
          yield* deleteVolume(csi, volume)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is locked says who must unlock it, and goes on after that",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi } = yield* inUse("locked")
          yield* server.act("lock")
          const refusal = yield* refusalOf(unpublish(csi, volume, server.id))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.match(refusal.says, /is locked.*; unlock it$/)
          const other = yield* newVolume("locked-other")
          assert.include((yield* refusalOf(publish(csi, other, server.id))).says, "unlock it")
          yield* server.act("unlock")
          yield* unpublish(csi, volume, server.id)
          for (const made of [volume, other]) yield* deleteVolume(csi, made)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "whose compute host is down keeps its volume, and gives it up within five seconds of the host's return",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi } = yield* inUse("host-down")
          const call = yield* server.whileHostIsDown(
            Effect.gen(function* () {
              const refusal = yield* refusalOf(unpublish(csi, volume, server.id))
              assert.strictEqual(refusal.code, "UNAVAILABLE")
              assert.include(refusal.says, "on a compute host that is down: Service is unavailable at this time. (req-")
              const waiting = yield* Effect.fork(unpublish(csi, volume, server.id, "1 minutes"))
              return yield* Effect.as(Effect.sleep("6 seconds"), waiting)
            })
          )
          const [took] = yield* Effect.timed(Fiber.join(call))
          assert.isBelow(Duration.toSeconds(took), 7)
          yield* deleteVolume(csi, volume)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "whose compute host is down and that is deleted gives up its volume",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi } = yield* inUse("deleted-down")
          yield* server.whileHostIsDown(
            Effect.gen(function* () {
              const call = yield* Effect.fork(unpublish(csi, volume, server.id, "1 minutes"))
              yield* server.remove
              yield* Fiber.join(call)
            })
          )
          assert.strictEqual((yield* refusalOf(publish(csi, volume, server.id))).code, "NOT_FOUND")
          yield* deleteVolume(csi, volume)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is gone from Nova and not from Cinder is named with its attachment, which a human may remove then and not before",
      () =>
        Effect.gen(function* () {
          const { ctl } = yield* Lab
          const { server, volume, csi } = yield* inUse("vanished")
          const shown = yield* askCinder(`/volumes/${volume.id}`)
          const attachment = String(fieldOf(shown, "volume", "attachments", "0", "attachment_id"))
          assert.include(yield* sayingOf(removeAttachment(attachment)), "409")
          const keeps = { service: "cinder", method: "DELETE", path: "/attachments/", status: 500 }
          yield* ctl("fault", "http", JSON.stringify(keeps))
          yield* Effect.ensuring(server.remove, Effect.ignore(ctl("no-fault", "http")))
          const refusal = yield* refusalOf(unpublish(csi, volume, server.id))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.include(refusal.says, `remove attachment ${attachment}`)
          yield* ctl("stop", "nova-api")
          const blind = yield* Effect.ensuring(
            sayingOf(removeAttachment(attachment)),
            Effect.ignore(ctl("start", "nova-api"))
          )
          assert.include(blind, "500")
          yield* removeAttachment(attachment)
          yield* unpublish(csi, volume, server.id)
          yield* deleteVolume(csi, volume)
        }).pipe(Effect.scoped),
      minutes(4)
    )
  })
}
