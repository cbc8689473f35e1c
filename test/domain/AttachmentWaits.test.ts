import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { World } from "../../src/adapters/memory/index.ts"
import { conflict } from "../../src/adapters/memory/worldErrors.ts"
import { asAttacher } from "../support/attacher.ts"
import {
  detached,
  newVolume,
  node1,
  node2,
  placesOf,
  publishTo,
  twoNodes,
  unpublishFrom
} from "../support/attachments.ts"
import { inTime } from "../support/controllerOnWorld.ts"

const published = Effect.gen(function* () {
  const id = yield* newVolume()
  yield* inTime(publishTo(id, node1), "1 seconds")
  return id
})

const ends = [100, 2_500, 3_900, 4_100, 7_000, 11_999, 40_000]

describe("while Nova works on the server", () => {
  it.effect.each(ends)("publish waits and goes on within five seconds of its end (%i ms)", (end) =>
    Effect.gen(function* () {
      const { control, calls } = yield* World
      const id = yield* newVolume()
      yield* control.setServer(node1, { taskState: "rebooting" })
      const call = yield* Effect.fork(publishTo(id, node1))
      yield* TestClock.adjust(end)
      assert.isUndefined((yield* calls.counts).attachVolume)
      yield* control.setServer(node1, { taskState: undefined })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(call)
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect.each(ends)("unpublish waits and goes on within five seconds of its end (%i ms)", (end) =>
    Effect.gen(function* () {
      const { control } = yield* World
      const id = yield* published
      yield* control.setServer(node1, { taskState: "migrating" })
      const call = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust(end)
      assert.strictEqual((yield* placesOf(id)).status, "in-use")
      yield* control.setServer(node1, { taskState: undefined })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* placesOf(id), detached)
      yield* Fiber.join(call)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("both answer before their caller hangs up, and name the task", () =>
    Effect.gen(function* () {
      const { control } = yield* World
      const attached = yield* published
      const free = yield* newVolume()
      yield* control.setServer(node1, { taskState: "resize_finish" })
      const both = [publishTo(free, node1), unpublishFrom(attached, node1)].map((call) => Effect.flip(asAttacher(call)))
      const calls = yield* Effect.fork(Effect.all(both, { concurrency: 2 }))
      yield* TestClock.adjust("13500 millis")
      for (const error of yield* Fiber.join(calls)) {
        assert.strictEqual(error._tag, "NotReady")
        assert.include(error.message, "resize_finish")
      }
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("nobody waits any more when the caller has gone", () =>
    Effect.gen(function* () {
      const { control, calls } = yield* World
      const id = yield* published
      yield* control.setServer(node1, { taskState: "rebooting" })
      const call = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("9 seconds")
      yield* Fiber.interrupt(call)
      yield* calls.reset
      yield* control.setServer(node1, { taskState: undefined })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* calls.counts, {})
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("publish finds out when the server goes away meanwhile, and unpublish is done by it", () =>
    Effect.gen(function* () {
      const { control, nova } = yield* World
      const attached = yield* published
      const free = yield* newVolume()
      yield* control.setServer(node1, { taskState: "rebooting" })
      const attach = yield* Effect.fork(Effect.flip(publishTo(free, node1)))
      const detach = yield* Effect.fork(unpublishFrom(attached, node1))
      yield* TestClock.adjust("6 seconds")
      yield* nova.deleteServer(node1)
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual((yield* Fiber.join(attach))._tag, "ServerNotFound")
      yield* Fiber.join(detach)
      assert.deepStrictEqual(yield* placesOf(attached), detached)
    }).pipe(Effect.provide(twoNodes()))
  )
})

describe("what only a human ends", () => {
  it.effect.each([{ locked: true }, { vmState: "suspended" }, { vmState: "rescued" }, { vmState: "error" }] as const)(
    "is answered at once: %j",
    (change) =>
      Effect.gen(function* () {
        const { control } = yield* World
        const id = yield* published
        yield* control.setServer(node1, change)
        assert.strictEqual((yield* Effect.flip(unpublishFrom(id, node1)))._tag, "NotReady")
        assert.strictEqual((yield* Effect.flip(publishTo(yield* newVolume(), node1)))._tag, "NotReady")
      }).pipe(Effect.provide(twoNodes()))
  )
})

describe("while the server's compute host is down, unpublish", () => {
  const hostDown = Effect.gen(function* () {
    const { control } = yield* World
    const id = yield* published
    yield* control.setServer(node1, { computeUp: false })
    return id
  })

  it.effect("changes nothing, and says who must do what", () =>
    Effect.gen(function* () {
      const id = yield* hostDown
      const error = yield* Effect.flip(inTime(asAttacher(unpublishFrom(id, node1)), "15 seconds"))
      assert.strictEqual(error._tag, "NotReady")
      assert.include(error.message, "on a compute host that is down")
      assert.include(error.message, "evacuate or delete")
      assert.deepStrictEqual(yield* placesOf(id), { status: "in-use", inCinder: [node1], inNova: [node1] })
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("goes on within five seconds when the host is back", () =>
    Effect.gen(function* () {
      const { control } = yield* World
      const id = yield* hostDown
      const call = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("33 seconds")
      yield* control.setServer(node1, { computeUp: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(call)
      assert.deepStrictEqual(yield* placesOf(id), detached)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("goes on within five seconds when the server has been evacuated", () =>
    Effect.gen(function* () {
      const { control } = yield* World
      const id = yield* hostDown
      const call = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("21 seconds")
      yield* control.setServer(node1, { taskState: "rebuilding" })
      yield* TestClock.adjust("17 seconds")
      assert.strictEqual((yield* placesOf(id)).status, "in-use")
      yield* control.setServer(node1, { taskState: undefined, vmState: "stopped", computeUp: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(call)
      assert.deepStrictEqual(yield* placesOf(id), detached)
      yield* inTime(publishTo(id, node2), "1 seconds")
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("is done within five seconds when the server has been deleted", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* hostDown
      const call = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("21 seconds")
      yield* nova.deleteServer(node1)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(call)
      assert.deepStrictEqual(yield* placesOf(id), detached)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("asks at most once in four seconds", () =>
    Effect.gen(function* () {
      const { calls } = yield* World
      const id = yield* hostDown
      yield* calls.reset
      yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("59 seconds")
      assert.isAtMost((yield* calls.counts).detachVolume ?? 0, 15)
    }).pipe(Effect.provide(twoNodes()))
  )
})

describe("a server that vanished from Nova and not from Cinder", () => {
  it.effect("is waited for, as Nova may be about to part the volume", () =>
    Effect.gen(function* () {
      const { control, cinder } = yield* World
      const id = yield* published
      const [attachment] = (yield* cinder.showVolume(id)).attachments
      yield* control.loseServer(node1)
      const call = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("20 seconds")
      yield* cinder.deleteAttachment(attachment?.id ?? "")
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(call)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("is UNAVAILABLE with the attachment that somebody has to remove, over many calls", () =>
    Effect.gen(function* () {
      const { control, cinder, calls } = yield* World
      const id = yield* published
      const [attachment] = (yield* cinder.showVolume(id)).attachments
      yield* control.loseServer(node1)
      for (let call = 0; call < 6; call += 1) {
        const error = yield* Effect.flip(inTime(asAttacher(unpublishFrom(id, node1)), "15 seconds"))
        assert.strictEqual(error._tag, "NotReady")
        assert.include(error.message, `remove attachment ${attachment?.id}`)
      }
      assert.isUndefined((yield* calls.counts).deleteAttachment)
      yield* calls.reset
      assert.strictEqual((yield* Effect.flip(unpublishFrom(id, node1)))._tag, "NotReady", "at once by now")
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("loses its attachment after a minute where that was switched on", () =>
    Effect.gen(function* () {
      const { control, calls } = yield* World
      const id = yield* published
      yield* control.loseServer(node1)
      const call = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined((yield* calls.counts).deleteAttachment)
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(call)
      assert.deepStrictEqual(yield* placesOf(id), detached)
    }).pipe(Effect.provide(twoNodes({}, "0 seconds", { removeStaleAttachments: true })))
  )

  it.effect("keeps it where Cinder refuses, which is said", () =>
    Effect.gen(function* () {
      const { control, faults } = yield* World
      const id = yield* published
      yield* control.loseServer(node1)
      const fault = conflict("ConflictNovaUsingAttachment: Detach volume using the Compute API")
      yield* faults.failCall({ call: "deleteAttachment", fault, times: 10 })
      const error = yield* Effect.flip(inTime(unpublishFrom(id, node1), "2 minutes"))
      assert.strictEqual(error._tag, "NotReady")
      assert.include(error.message, "Cinder does not remove it: ConflictNovaUsingAttachment")
    }).pipe(Effect.provide(twoNodes({}, "0 seconds", { removeStaleAttachments: true })))
  )
})
