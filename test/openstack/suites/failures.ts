import { assert, describe } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { publish, refusalOf, unpublish } from "../support/attaching.ts"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { bootServer } from "../support/LabServer.ts"
import { createVolume, deleteVolume, mounted } from "../support/Pod.ts"
import { makeLedger } from "../support/Writer.ts"
import { startPod } from "../support/WritingPod.ts"
import { newVolume, worker } from "../support/worker.ts"

const noFaults = Effect.flatMap(Lab, ({ ctl }) => Effect.ignore(ctl("no-fault", "all")))

/** A server in a state that hinders: what the driver says, how it goes on, and that its pod loses nothing. */
export const failures = (it: LabTests) => {
  describe("a server", () => {
    it.effect(
      "that is being built gets its volume once it is there",
      () =>
        Effect.gen(function* () {
          const { controller, ctl } = yield* Lab
          const volume = yield* newVolume("while-building")
          yield* ctl("fault", "spawn-delay-seconds", "18")
          const server = yield* bootServer("building")
          const refusal = yield* refusalOf(publish(controller.csi, volume, server.id, "10 seconds"))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.include(refusal.says, `server ${server.id} is BUILD`)
          const call = yield* Effect.fork(publish(controller.csi, volume, server.id, "1 minutes"))
          yield* server.reaches("ACTIVE")
          const [took] = yield* Effect.timed(Fiber.join(call))
          assert.isBelow(Duration.toSeconds(took), 7)
          yield* unpublish(controller.csi, volume, server.id)
          yield* deleteVolume(controller.csi, volume)
        }).pipe(Effect.scoped, Effect.ensuring(noFaults)),
      minutes(3)
    )
  })

  describe.concurrent("a server", () => {
    it.effect(
      "that is shut off gives up its volume, and takes it back before it is started",
      () =>
        Effect.gen(function* () {
          const { node2 } = yield* Lab
          const { server, volume, csi, node, ledger, shutDown, restart, endElsewhere } = yield* worker("shut-off")
          yield* shutDown
          yield* server.act("os-stop")
          yield* server.reaches("SHUTOFF")
          yield* unpublish(csi, volume, server.id)
          yield* Effect.flatMap(startPod(csi, node2, volume, ledger), ({ remove }) => remove)
          yield* publish(csi, volume, server.id)
          yield* server.act("os-start")
          yield* server.reaches("ACTIVE")
          yield* node.boot
          yield* Effect.flatMap(restart, ({ remove }) => remove)
          yield* endElsewhere()
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is rebooted, softly or hard, while volumes come and go loses none, nor a record",
      () =>
        Effect.gen(function* () {
          const { server, csi, node, pod, shutDown, restart, endElsewhere } = yield* worker("rebooted")
          const [first, other] = [yield* newVolume("rebooted-first"), yield* newVolume("rebooted-other")]
          yield* publish(csi, first, server.id)
          yield* shutDown
          yield* server.act("reboot", { type: "SOFT" })
          yield* Effect.all([publish(csi, other, server.id), unpublish(csi, first, server.id)], { concurrency: 2 })
          yield* server.reaches("ACTIVE")
          yield* node.boot
          const again = yield* restart
          yield* server.act("reboot", { type: "HARD" })
          yield* again.writer.losesDisk
          yield* node.crash
          yield* Effect.all([publish(csi, first, server.id), unpublish(csi, other, server.id)], { concurrency: 2 })
          yield* server.reaches("ACTIVE")
          yield* node.boot
          yield* Effect.flatMap(restart, ({ remove }) => remove)
          yield* unpublish(csi, first, server.id)
          yield* endElsewhere({ pulled: 1 })
          for (const made of [first, other]) yield* deleteVolume(csi, made)
          assert.include(pod.place.target, node.root)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect.each([
      { is: "SUSPENDED", begin: "suspend", end: "resume", remedy: "resume it" },
      { is: "PAUSED", begin: "pause", end: "unpause", remedy: "unpause it" }
    ])(
      "that is $is says who must end that, and its pod goes on where it was",
      ({ is, begin, end, remedy }) =>
        Effect.gen(function* () {
          const { server, volume, csi, pod, keepsItsDisk, endElsewhere } = yield* worker(is.toLowerCase())
          yield* pod.writer.hold
          yield* server.act(begin)
          yield* server.reaches(is)
          const refusal = yield* refusalOf(unpublish(csi, volume, server.id))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.match(refusal.says, new RegExp(`is ${is}, unchanged since 20.*; ${remedy}$`))
          yield* keepsItsDisk
          yield* server.act(end)
          yield* server.reaches("ACTIVE")
          yield* pod.writer.release
          yield* pod.writer.progress()
          yield* pod.remove
          yield* endElsewhere()
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is shelved gives up its volume and takes none, and what it keeps is there when it is unshelved",
      () =>
        Effect.gen(function* () {
          const { node2 } = yield* Lab
          const { server, volume, csi, node, ledger, shutDown, restart, endElsewhere } = yield* worker("shelved")
          const kept = yield* createVolume(csi, "shelved-kept", mounted("ext4"))
          const keptLedger = makeLedger(kept)
          const keptPod = yield* startPod(csi, node, kept, keptLedger)
          yield* Effect.zipRight(keptPod.writer.stop, shutDown)
          yield* server.act("shelve")
          yield* server.reaches("SHELVED_OFFLOADED")
          yield* unpublish(csi, volume, server.id)
          const refusal = yield* refusalOf(publish(csi, volume, server.id))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.include(refusal.says, "unshelve it")
          yield* Effect.flatMap(startPod(csi, node2, volume, ledger), ({ remove }) => remove)
          yield* server.act("unshelve")
          yield* server.reaches("ACTIVE")
          yield* node.boot
          const back = yield* startPod(csi, node, kept, keptLedger)
          yield* back.writer.stop
          yield* keptLedger.prove(back.place.target)
          yield* back.remove
          yield* deleteVolume(csi, kept)
          yield* Effect.flatMap(restart, ({ remove }) => remove)
          yield* endElsewhere()
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is locked says who must unlock it, and goes on after that; its pod writes all the time",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi, pod, keepsItsDisk, endElsewhere } = yield* worker("locked")
          yield* server.act("lock")
          const refusal = yield* refusalOf(unpublish(csi, volume, server.id))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.match(refusal.says, /is locked.*; unlock it$/)
          yield* keepsItsDisk
          const other = yield* newVolume("locked-other")
          assert.include((yield* refusalOf(publish(csi, other, server.id))).says, "unlock it")
          yield* pod.writer.progress()
          yield* server.act("unlock")
          yield* pod.remove
          yield* endElsewhere()
          yield* deleteVolume(csi, other)
        }).pipe(Effect.scoped),
      minutes(3)
    )

    it.effect(
      "that is deleted under its pod gives up its volume",
      () =>
        Effect.gen(function* () {
          const { server, volume, csi, pod, endElsewhere } = yield* worker("deleted")
          yield* server.remove
          yield* pod.writer.losesDisk
          yield* unpublish(csi, volume, server.id)
          yield* endElsewhere({ pulled: 1 })
        }).pipe(Effect.scoped),
      minutes(3)
    )
  })
}
