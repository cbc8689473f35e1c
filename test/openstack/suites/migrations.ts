import { assert, describe } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { publish, refusalOf, unpublish } from "../support/attaching.ts"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { askCinder, fieldOf, labAccount } from "../support/labCloud.ts"
import { deleteVolume } from "../support/Pod.ts"
import { startPod } from "../support/WritingPod.ts"
import { newVolume, worker } from "../support/worker.ts"

const attachmentOf = (volume: string) =>
  Effect.map(askCinder(`/volumes/${volume}`), (shown) =>
    String(fieldOf(shown, "volume", "attachments", "0", "attachment_id"))
  )

const noFaults = Effect.flatMap(Lab, ({ ctl }) => Effect.ignore(ctl("no-fault", "all")))

/** Servers that go to another compute host, each with a pod that was writing. */
export const migrations = (it: LabTests) => {
  describe.concurrent("a server", () => {
    it.effect(
      "that is migrated live lets its pod write on, and takes a volume within five seconds of the end",
      () =>
        Effect.gen(function* () {
          const { ctl } = yield* Lab
          const { server, volume, csi, pod, ledger, keepsItsDisk, endElsewhere } = yield* worker("live", "any")
          const [host, attachment] = [yield* server.host, yield* attachmentOf(volume.id)]
          const other = yield* newVolume("live-other")
          yield* ctl("fault", "migrate-delay-seconds", "15")
          yield* server.administer("os-migrateLive", { host: null, block_migration: "auto" })
          const refusal = yield* refusalOf(unpublish(csi, volume, server.id, "10 seconds"))
          assert.strictEqual(refusal.code, "UNAVAILABLE")
          assert.include(refusal.says, `server ${server.id} is MIGRATING and Nova works on it (migrating`)
          yield* keepsItsDisk
          const late = yield* Effect.fork(publish(csi, other, server.id, "1 minutes"))
          yield* pod.writer.progress()
          yield* server.reaches("ACTIVE")
          const [took] = yield* Effect.timed(Fiber.join(late))
          assert.isBelow(Duration.toSeconds(took), 7)
          assert.notStrictEqual(yield* server.host, host)
          assert.notStrictEqual(yield* attachmentOf(volume.id), attachment)
          yield* pod.writer.progress()
          yield* pod.writer.stop
          yield* ledger.prove(pod.place.target)
          yield* pod.remove
          yield* endElsewhere()
          yield* unpublish(csi, other, server.id)
          yield* deleteVolume(csi, other)
        }).pipe(Effect.scoped, Effect.ensuring(noFaults)),
      minutes(3)
    )

    it.effect(
      "that is resized keeps its volume and takes another before that is confirmed, and one that is migrated cold comes back",
      () =>
        Effect.gen(function* () {
          const { server, node, csi, volume, ledger, shutDown, restart, endElsewhere } = yield* worker("cold", "any")
          const other = yield* newVolume("cold-other")
          const [first, attachment] = [yield* server.host, yield* attachmentOf(volume.id)]
          yield* shutDown
          yield* server.act("resize", { flavorRef: labAccount().larger_flavor_id })
          yield* publish(csi, other, server.id, "1 minutes")
          yield* server.reaches("VERIFY_RESIZE")
          const second = yield* server.host
          assert.notStrictEqual(second, first)
          assert.notStrictEqual(yield* attachmentOf(volume.id), attachment)
          yield* node.boot
          const resized = yield* restart
          yield* server.act("confirmResize")
          yield* server.reaches("ACTIVE")
          yield* resized.writer.progress()
          yield* resized.writer.stop
          yield* node.crash

          yield* server.administer("migrate")
          yield* server.reaches("VERIFY_RESIZE")
          assert.strictEqual(yield* server.host, first)
          yield* node.boot
          const migrated = yield* startPod(csi, node, volume, ledger)
          yield* migrated.writer.stop
          yield* node.crash
          yield* server.act("revertResize")
          yield* unpublish(csi, other, server.id, "1 minutes")
          yield* server.reaches("ACTIVE")
          assert.strictEqual(yield* server.host, second)
          yield* node.boot
          yield* Effect.flatMap(restart, ({ remove }) => remove)
          yield* endElsewhere()
          yield* deleteVolume(csi, other)
        }).pipe(Effect.scoped),
      minutes(4)
    )
  })

  describe("a server", () => {
    it.effect(
      "that is evacuated from a dead host has its volume again, and what it had written; the host clears up when it is back",
      () =>
        Effect.gen(function* () {
          const { ctl } = yield* Lab
          const { server, node, csi, volume, pod, restart, keepsItsDisk, endElsewhere } = yield* worker(
            "evacuated",
            "any"
          )
          const [host, attachment] = [yield* server.host, yield* attachmentOf(volume.id)]
          const again = yield* server.whileHostIsDown(
            Effect.gen(function* () {
              yield* ctl("power-cut", server.id)
              yield* pod.writer.losesDisk
              yield* node.crash
              const refusal = yield* refusalOf(unpublish(csi, volume, server.id, "10 seconds"))
              assert.include(refusal.says, "on a compute host that is down")
              yield* keepsItsDisk
              yield* server.administer("evacuate", {})
              yield* server.reaches("ACTIVE")
              assert.notStrictEqual(yield* server.host, host)
              assert.notStrictEqual(yield* attachmentOf(volume.id), attachment)
              yield* node.boot
              const again = yield* restart
              // Nova takes a host back only once it has started anew, and cleared up what was evacuated from it.
              yield* ctl("restart", `nova-${host}`)
              return again
            })
          )
          yield* again.writer.progress()
          yield* again.remove
          yield* endElsewhere({ pulled: 1 })
        }).pipe(Effect.scoped),
      minutes(4)
    )
  })
}
