import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { publish, refusalOf, unpublish } from "../support/attaching.ts"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { runningServer } from "../support/LabServer.ts"
import { createVolume, deleteVolume, raw } from "../support/Pod.ts"
import { worker } from "../support/worker.ts"

/** Disks of one server in the lab, with its root disk. */
const mostDisks = 26

/** Attachments that fail, and servers that take no more. */
export const fullServers = (it: LabTests) => {
  describe("attaching", () => {
    it.effect(
      "to a server that is full is refused as such, and works when a disk has left it; its pod writes all the time",
      () =>
        Effect.gen(function* () {
          const { node1 } = yield* Lab
          const { csi, server, pod, endElsewhere } = yield* worker("full")
          const names = Array.from({ length: mostDisks - 1 }, (_, index) => `disk-${index}`)
          const volumes = yield* Effect.forEach(names, (name) => createVolume(csi, name, raw), { concurrency: 4 })
          const [late, ...rest] = volumes
          if (late === undefined) return assert.fail("no volumes")
          yield* Effect.forEach(rest, (volume) => publish(csi, volume, server.id, "3 minutes"), { concurrency: 8 })
          for (const _ of [1, 2]) {
            const refusal = yield* refusalOf(publish(csi, late, server.id))
            assert.strictEqual(refusal.code, "RESOURCE_EXHAUSTED")
            assert.include(refusal.says, `(${mostDisks})`)
          }
          yield* publish(csi, late, node1.serverId)
          yield* unpublish(csi, late, node1.serverId)
          yield* pod.writer.progress()
          yield* pod.remove
          yield* publish(csi, late, server.id)
          const attached = [...rest, late]
          yield* Effect.forEach(attached, (volume) => unpublish(csi, volume, server.id, "3 minutes"), {
            concurrency: 8
          })
          yield* Effect.forEach(volumes, (volume) => deleteVolume(csi, volume), { concurrency: 4 })
          yield* endElsewhere()
        }).pipe(Effect.scoped),
      minutes(6)
    )

    it.effect(
      "that Nova accepts and gives up three times in a row is refused as by a full server",
      () =>
        Effect.gen(function* () {
          const { controller, ctl } = yield* Lab
          const { csi } = controller
          const server = yield* runningServer("gives-up")
          const volume = yield* createVolume(csi, "given-up", raw)
          yield* ctl("fault", "attach-fails", "3")
          const given = yield* refusalOf(publish(csi, volume, server.id, "1 minutes"))
          assert.strictEqual(given.code, "UNAVAILABLE")
          assert.match(given.says, /gave it up \(req-/)
          assert.strictEqual((yield* refusalOf(publish(csi, volume, server.id, "1 minutes"))).code, "UNAVAILABLE")
          const third = yield* refusalOf(publish(csi, volume, server.id, "1 minutes"))
          assert.strictEqual(third.code, "RESOURCE_EXHAUSTED")
          yield* deleteVolume(csi, volume)
        }).pipe(
          Effect.scoped,
          Effect.ensuring(Effect.flatMap(Lab, ({ ctl }) => Effect.ignore(ctl("no-fault", "all"))))
        ),
      minutes(4)
    )

    it.effect(
      "whose answer is lost is found, and not asked for twice",
      () =>
        Effect.gen(function* () {
          const { controller, ctl } = yield* Lab
          const { csi } = controller
          const server = yield* runningServer("lost-answer")
          const volume = yield* createVolume(csi, "lost-answer", raw)
          yield* ctl("fault", "attach-delay-seconds", "3")
          const lost = {
            service: "nova",
            method: "POST",
            path: "/os-volume_attachments$",
            drop: true,
            after: true,
            count: 1
          }
          yield* ctl("fault", "http", JSON.stringify(lost))
          yield* publish(csi, volume, server.id, "1 minutes")
          yield* ctl("no-fault", "all")
          yield* unpublish(csi, volume, server.id)
          yield* deleteVolume(csi, volume)
        }).pipe(
          Effect.scoped,
          Effect.ensuring(Effect.flatMap(Lab, ({ ctl }) => Effect.ignore(ctl("no-fault", "all"))))
        ),
      minutes(3)
    )
  })
}
