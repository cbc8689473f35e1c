import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, TestClock } from "effect"
import { makeLane } from "../../../src/adapters/host/lane.ts"

const patience = Duration.minutes(1)

describe("the lane of formats and checks", () => {
  it.effect("lets one work at a time, in the order of arrival", () =>
    Effect.gen(function* () {
      const lane = yield* makeLane(1, patience)
      const log: Array<string> = []
      const work = (name: string) =>
        lane(
          Effect.gen(function* () {
            log.push(`${name} begins`)
            yield* Effect.sleep("10 seconds")
            log.push(`${name} ends`)
          })
        )
      const fibers = yield* Effect.forEach(["a", "b", "c"], (name) => Effect.fork(work(name)))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual(log, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"])
    })
  )

  it.effect("lets as many work side by side as it is told to", () =>
    Effect.gen(function* () {
      const lane = yield* makeLane(2, patience)
      let working = 0
      const work = lane(
        Effect.zipRight(
          Effect.sync(() => ++working),
          Effect.sleep("10 seconds")
        )
      )
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(work))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(working, 2)
      yield* TestClock.adjust("19 seconds")
      yield* Fiber.joinAll(fibers)
      assert.strictEqual(working, 3)
    })
  )

  it.effect("gives the place of one that leaves the line to the next", () =>
    Effect.gen(function* () {
      const lane = yield* makeLane(1, patience)
      const first = yield* Deferred.make<void>()
      yield* Effect.fork(lane(Deferred.await(first)))
      yield* TestClock.adjust(0)
      let began = false
      const impatient = yield* Effect.fork(
        lane(
          Effect.sync(() => {
            began = true
          })
        )
      )
      yield* TestClock.adjust(0)
      const last = yield* Effect.fork(lane(Effect.succeed("done")))
      yield* TestClock.adjust(0)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(impatient)))
      yield* Deferred.succeed(first, undefined)
      assert.strictEqual(yield* Fiber.join(last), "done")
      assert.isFalse(began)
    })
  )

  it.effect("does not make the next wait for work that hangs, and still answers with its end", () =>
    Effect.gen(function* () {
      const lane = yield* makeLane(1, patience)
      const hanging = yield* Deferred.make<string>()
      const first = yield* Effect.fork(lane(Deferred.await(hanging)))
      yield* TestClock.adjust(0)
      const second = yield* Effect.fork(lane(Effect.succeed("second")))
      yield* TestClock.adjust("59 seconds")
      assert.isTrue((yield* Fiber.poll(second))._tag === "None")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(second), "second")
      yield* Deferred.succeed(hanging, "first")
      assert.strictEqual(yield* Fiber.join(first), "first")
    })
  )

  it.effect("lets work go on to its end although its caller was interrupted", () =>
    Effect.gen(function* () {
      const lane = yield* makeLane(1, patience)
      const work = yield* Deferred.make<void>()
      let ended = false
      const caller = yield* Effect.fork(
        lane(
          Effect.tap(Deferred.await(work), () =>
            Effect.sync(() => {
              ended = true
            })
          )
        )
      )
      yield* TestClock.adjust(0)
      const interruption = yield* Effect.fork(Fiber.interrupt(caller))
      yield* TestClock.adjust(0)
      assert.isTrue((yield* Fiber.poll(interruption))._tag === "None")
      yield* Deferred.succeed(work, undefined)
      yield* Fiber.join(interruption)
      assert.isTrue(ended)
    })
  )

  it.effect("hands the failure of work to its caller", () =>
    Effect.gen(function* () {
      const lane = yield* makeLane(1, patience)
      assert.strictEqual(yield* Effect.flip(lane(Effect.fail("no"))), "no")
      assert.strictEqual(yield* lane(Effect.succeed("next")), "next")
    })
  )
})
