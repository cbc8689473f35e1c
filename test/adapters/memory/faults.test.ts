import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import type { WorldService } from "../../../src/adapters/memory/World.ts"
import { WorldFault } from "../../../src/adapters/memory/worldErrors.ts"
import { inWorld, twoServers, verdict } from "./inWorld.ts"

const [node1] = twoServers
const statusOf = ({ cinder }: WorldService, id: string) => Effect.map(cinder.showVolume(id), ({ status }) => status)
const gatewayTimeout = new WorldFault({ status: 504, kind: "computeFault", message: "upstream timed out" })

describe("faults of the World", () => {
  it.effect("end a creation in error, with a message for the user", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        yield* world.faults.failWork({ work: "create", outcome: "fails" })
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        const [message] = yield* world.cinder.listMessages({ resourceId: id })
        const next = yield* world.cinder.createVolume({ sizeGiB: 1 })
        assert.deepStrictEqual(
          [yield* statusOf(world, id), message?.eventId, yield* statusOf(world, next.id)],
          ["error", "VOLUME_VOLUME_008_012", "available"]
        )
      })
    )
  )

  it.effect("end a deletion in error_deleting for good, or undo it", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        const remove = verdict(world.cinder.deleteVolume(id, { cascade: false }))
        yield* world.faults.failWork({ work: "delete", outcome: "reverts" })
        const first = [yield* remove, yield* statusOf(world, id)]
        yield* world.faults.failWork({ work: "delete", outcome: "fails" })
        const second = [yield* remove, yield* statusOf(world, id)]
        assert.deepStrictEqual(
          [first, second, yield* remove],
          [["accepted", "available"], ["accepted", "error_deleting"], 400]
        )
      })
    )
  )

  it.effect("end an extension in error_extending: neither extendable nor detachable, deletable when free", () =>
    inWorld({ servers: twoServers }, (world) =>
      Effect.gen(function* () {
        const { cinder, nova, faults } = world
        yield* faults.failWork({ work: "extend", outcome: "fails", times: 2 })
        const attached = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node1.id, attached.id)
        yield* cinder.extendVolume(attached.id, 2, { allowInUse: true })
        const free = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* cinder.extendVolume(free.id, 2, { allowInUse: true })
        assert.deepStrictEqual(
          [
            yield* statusOf(world, attached.id),
            (yield* cinder.showVolume(attached.id)).sizeGiB,
            yield* verdict(cinder.extendVolume(attached.id, 2, { allowInUse: true })),
            yield* verdict(nova.detachVolume(node1.id, attached.id)),
            yield* verdict(cinder.deleteVolume(attached.id, { cascade: false })),
            yield* verdict(cinder.deleteVolume(free.id, { cascade: false })),
            (yield* cinder.quotaSet).gigabytes
          ],
          ["error_extending", 1, 400, 400, 400, "accepted", { limit: -1, inUse: 1, reserved: 0 }]
        )
      })
    )
  )

  it.effect("let an attach fall back to available, seen only in the server's log", () =>
    inWorld({ servers: twoServers, latencies: { attach: "1 second" } }, (world) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        yield* world.faults.failWork({ work: "attach", outcome: "fails", matching: id })
        yield* world.nova.attachVolume(node1.id, id)
        yield* TestClock.adjust("1 second")
        const [action] = yield* world.nova.listInstanceActions(node1.id)
        assert.deepStrictEqual(
          [
            yield* statusOf(world, id),
            yield* verdict(world.nova.showServerVolume(node1.id, id)),
            action?.message,
            action?.events.map(({ result }) => result)
          ],
          ["available", 404, "Error", ["Error"]]
        )
      })
    )
  )

  it.effect("let a guest keep its disk: in-use again, and a later detach works", () =>
    inWorld({ servers: twoServers }, (world) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        yield* world.nova.attachVolume(node1.id, id)
        yield* world.faults.failWork({ work: "detach", outcome: "fails" })
        yield* world.nova.detachVolume(node1.id, id)
        const kept = yield* statusOf(world, id)
        yield* world.nova.detachVolume(node1.id, id)
        assert.deepStrictEqual([kept, yield* statusOf(world, id)], ["in-use", "available"])
      })
    )
  )

  it.effect("strike only what they are meant for", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        yield* world.faults.failWork({ work: "create", outcome: "fails", matching: "bad" })
        const good = yield* world.cinder.createVolume({ sizeGiB: 1, name: "good" })
        const bad = yield* world.cinder.createVolume({ sizeGiB: 1, name: "bad-1" })
        assert.deepStrictEqual(
          [yield* statusOf(world, good.id), yield* statusOf(world, bad.id)],
          ["available", "error"]
        )
      })
    )
  )

  it.effect("refuse a request without effect, or carry it out and lose the answer", () =>
    inWorld({}, ({ cinder, faults }) =>
      Effect.gen(function* () {
        yield* faults.failCall({ call: "createVolume", fault: gatewayTimeout })
        yield* faults.failCall({ call: "createVolume", fault: gatewayTimeout, afterwards: true })
        const unserved = yield* verdict(cinder.createVolume({ sizeGiB: 1, name: "a" }))
        const lost = yield* verdict(cinder.createVolume({ sizeGiB: 1, name: "b" }))
        const { rows } = yield* cinder.listVolumes({})
        assert.deepStrictEqual([unserved, lost, rows.map(({ name }) => name)], [504, 504, ["b"]])
      })
    )
  )

  it.effect("freeze one kind of work until it is released", () =>
    inWorld({ latencies: { create: "1 second" } }, (world) =>
      Effect.gen(function* () {
        yield* world.faults.freeze("create")
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        yield* TestClock.adjust("1 day")
        const frozen = yield* statusOf(world, id)
        yield* world.faults.release("create")
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual([frozen, yield* statusOf(world, id)], ["creating", "available"])
      })
    )
  )

  it.effect("are forgotten when cleared", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        yield* world.faults.failWork({ work: "create", outcome: "fails" })
        yield* world.faults.failCall({ call: "createVolume", fault: gatewayTimeout })
        yield* world.faults.freeze("create")
        yield* world.faults.clear
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        assert.strictEqual(yield* statusOf(world, id), "available")
      })
    )
  )

  it.effect("do not keep requests from being counted", () =>
    inWorld({}, ({ cinder, faults, calls }) =>
      Effect.gen(function* () {
        yield* faults.failCall({ call: "createVolume", fault: gatewayTimeout })
        yield* verdict(cinder.createVolume({ sizeGiB: 1 }))
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* cinder.showVolume(id)
        yield* cinder.quotaSet
        const counts = yield* calls.counts
        const total = yield* calls.total
        yield* calls.reset
        assert.deepStrictEqual(
          [counts, total, yield* calls.total],
          [{ createVolume: 2, showVolume: 1, quotaSet: 1 }, 4, 0]
        )
      })
    )
  )
})
