import { assert, describe, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect, Fiber, TestClock } from "effect"
import { codeOf } from "../../src/adapters/csi/status.ts"
import { World, WorldFault } from "../../src/adapters/memory/index.ts"
import { badRequest, forbidden, overLimit, serverFault } from "../../src/adapters/memory/worldErrors.ts"
import { capturedLogs } from "../adapters/csi/stubs.ts"
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
import { inTime, requestsOf } from "../support/controllerOnWorld.ts"

describe("an attach whose answer was lost", () => {
  const lost = new WorldFault({ status: 504, kind: "computeFault", message: "Gateway Timeout" })

  /** A volume whose attach to the first server has no answer and no effect yet; its call has ended. */
  const asked = Effect.gen(function* () {
    const { faults } = yield* World
    const id = yield* newVolume()
    yield* faults.failCall({ call: "attachVolume", fault: lost })
    const call = yield* Effect.fork(publishTo(id, node1))
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.interrupt(call)
    return id
  })

  it.effect("is waited out before Nova is asked again", () =>
    Effect.gen(function* () {
      const { calls } = yield* World
      const id = yield* asked
      const call = yield* Effect.fork(publishTo(id, node1))
      yield* TestClock.adjust("54 seconds")
      assert.strictEqual((yield* calls.counts).attachVolume, 1)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(call)
      assert.strictEqual((yield* calls.counts).attachVolume, 2)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("is taken over by a later publish when it lands", () =>
    Effect.gen(function* () {
      const { nova, calls } = yield* World
      const id = yield* asked
      const call = yield* Effect.fork(publishTo(id, node1))
      yield* TestClock.adjust("20 seconds")
      yield* nova.attachVolume(node1, id)
      yield* calls.reset
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(call)
      assert.isUndefined((yield* calls.counts).attachVolume)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("keeps an unpublish waiting, which detaches it when it lands", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* asked
      const call = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("50 seconds")
      assert.strictEqual((yield* call.poll)._tag, "None")
      yield* nova.attachVolume(node1, id)
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(call)
      assert.deepStrictEqual(yield* placesOf(id), detached)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("and that lands after its unpublish is undone", () => {
    const { lines, layer } = capturedLogs()
    return Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* asked
      yield* inTime(unpublishFrom(id, node1), "1 minutes")
      yield* TestClock.adjust("10 minutes")
      yield* nova.attachVolume(node1, id)
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* placesOf(id), detached)
      assert.strictEqual(lines.filter((line) => line.includes("no longer wanted")).length, 1)
    }).pipe(Effect.provide(layer), Effect.provide(twoNodes()))
  })

  it.effect("and that lands after its unpublish stays if a later publish asked for it", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* asked
      yield* inTime(unpublishFrom(id, node1), "1 minutes")
      yield* nova.attachVolume(node1, id)
      yield* publishTo(id, node1)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("and that lands after its unpublish stays if a later publish asked for it, even in vain so far", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* asked
      yield* inTime(unpublishFrom(id, node1), "1 minutes")
      const { faults } = yield* World
      yield* faults.failCall({ call: "attachVolume", fault: lost })
      const again = yield* Effect.fork(publishTo(id, node1))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(again)
      yield* nova.attachVolume(node1, id)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("is forgotten once it has landed and was detached, so that what follows is left alone", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* asked
      const call = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("10 seconds")
      yield* nova.attachVolume(node1, id)
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(call)
      yield* nova.attachVolume(node1, id)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("of another process is none of ours", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* newVolume()
      yield* unpublishFrom(id, node1)
      yield* nova.attachVolume(node1, id)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("keeps no other server from the volume, and is undone there as well", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* asked
      yield* inTime(unpublishFrom(id, node1), "1 minutes")
      yield* nova.attachVolume(node1, id)
      assert.strictEqual((yield* Effect.flip(publishTo(id, node2)))._tag, "Refused")
      yield* TestClock.adjust("5 seconds")
      yield* inTime(publishTo(id, node2), "5 seconds")
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node2])
    }).pipe(Effect.provide(twoNodes()))
  )
})

describe("a server that takes no more disks", () => {
  const room = (disks: number) => twoNodes({ maxDisksPerServer: disks + 1 })
  const attached = Effect.gen(function* () {
    const id = yield* newVolume()
    yield* inTime(publishTo(id, node1), "1 seconds")
    return id
  })
  const refusal = Effect.flatMap(newVolume(), (id) => Effect.flip(inTime(publishTo(id, node1), "20 seconds")))

  it.effect("is not asked again for a while, and others are", () =>
    Effect.gen(function* () {
      yield* attached
      assert.strictEqual((yield* refusal)._tag, "NodeFull")
      const requests = yield* requestsOf(
        Effect.map(refusal, (error) => {
          assert.strictEqual(error._tag, "NodeFull")
          assert.include(error.message, "maximum allowed number of disk devices")
        })
      )
      assert.isUndefined(requests.attachVolume)
      yield* inTime(publishTo(yield* newVolume(), node2), "1 seconds")
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* requestsOf(refusal)).attachVolume, 1)
    }).pipe(Effect.provide(room(1)))
  )

  it.effect("is asked again once a volume was detached from it", () =>
    Effect.gen(function* () {
      const first = yield* attached
      assert.strictEqual((yield* refusal)._tag, "NodeFull")
      yield* inTime(unpublishFrom(first, node1), "5 seconds")
      yield* attached
    }).pipe(Effect.provide(room(1)))
  )

  it.effect("is asked again after that even if somebody else has taken the place", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const first = yield* attached
      assert.strictEqual((yield* refusal)._tag, "NodeFull")
      yield* inTime(unpublishFrom(first, node1), "5 seconds")
      yield* nova.attachVolume(node1, yield* newVolume())
      assert.strictEqual((yield* requestsOf(refusal)).attachVolume, 1)
    }).pipe(Effect.provide(room(1)))
  )

  it.effect("is asked again when Nova lists fewer volumes, whoever took one away", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const first = yield* attached
      assert.strictEqual((yield* refusal)._tag, "NodeFull")
      yield* nova.detachVolume(node1, first)
      yield* attached
    }).pipe(Effect.provide(room(1)))
  )

  it.effect("shows by giving up three attachments in a row", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      yield* faults.failWork({ work: "attach", outcome: "fails", times: 3 })
      assert.strictEqual((yield* refusal)._tag, "NotReady")
      assert.strictEqual((yield* refusal)._tag, "NotReady")
      assert.strictEqual((yield* refusal)._tag, "NodeFull")
      const requests = yield* requestsOf(
        Effect.map(refusal, (error) => assert.include(error.message, "accepted 3 attachments in a row"))
      )
      assert.isUndefined(requests.attachVolume)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("does not show by attachments given up with one that succeeded in between", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const fail = (times: number) => faults.failWork({ work: "attach", outcome: "fails", times })
      yield* fail(2)
      yield* refusal
      yield* refusal
      yield* attached
      yield* fail(2)
      assert.strictEqual((yield* refusal)._tag, "NotReady")
      assert.strictEqual((yield* refusal)._tag, "NotReady")
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("does not show by attachments given up before and after a detachment", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const first = yield* attached
      const fail = faults.failWork({ work: "attach", outcome: "fails", times: 2 })
      yield* fail
      yield* refusal
      yield* refusal
      yield* inTime(unpublishFrom(first, node1), "5 seconds")
      yield* fail
      assert.strictEqual((yield* refusal)._tag, "NotReady")
      assert.strictEqual((yield* refusal)._tag, "NotReady")
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect.each([
    new WorldFault({ status: 429, kind: "overLimit", message: "Too Many Requests", retryAfter: "1" }),
    overLimit("VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'."),
    forbidden("Policy doesn't allow os_compute_api:os-volumes-attachments:create to be performed."),
    forbidden("Quota exceeded for cores: Requested 1, but already used 20 of 20 cores"),
    serverFault("Unexpected API Error."),
    badRequest("Invalid input received"),
    new WorldFault({ status: 503, kind: "serviceUnavailable", message: "Service Unavailable" })
  ])("is not what this means: %j", (fault) =>
    Effect.gen(function* () {
      const { faults } = yield* World
      yield* faults.failCall({ call: "attachVolume", fault, times: 10 })
      assert.notStrictEqual(codeOf(yield* refusal), status.RESOURCE_EXHAUSTED)
      yield* faults.clear
      yield* TestClock.adjust("1 minute")
      yield* attached
    }).pipe(Effect.provide(twoNodes()))
  )
})
