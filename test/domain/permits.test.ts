import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makePermits } from "../../src/domain/permits.ts"

describe("permits", () => {
  it.effect("let so many run at a time and the others in the order they came", () =>
    Effect.gen(function* () {
      const withPermit = yield* makePermits(2)
      const began: Array<number> = []
      let running = 0
      let most = 0
      const work = (index: number) =>
        withPermit(
          Effect.gen(function* () {
            began.push(index)
            running += 1
            most = Math.max(most, running)
            yield* Effect.yieldNow()
            running -= 1
          })
        )
      yield* Effect.forEach([0, 1, 2, 3, 4, 5], work, { concurrency: "unbounded" })
      assert.strictEqual(most, 2)
      assert.deepStrictEqual(began, [0, 1, 2, 3, 4, 5])
    })
  )

  it.effect("are not lost when those who wait, or have just been served, are interrupted", () =>
    Effect.gen(function* () {
      const withPermit = yield* makePermits(1)
      for (let round = 0; round < 50; round++) {
        const holder = yield* Effect.fork(withPermit(Effect.yieldNow()))
        yield* Effect.yieldNow()
        const waiting = yield* Effect.fork(withPermit(Effect.never))
        for (let turns = 0; turns < round % 7; turns++) yield* Effect.yieldNow()
        yield* Fiber.interrupt(waiting)
        yield* Fiber.await(holder)
      }
      assert.strictEqual(yield* withPermit(Effect.succeed("served")), "served")
    })
  )

  it.effect("come back after a failure", () =>
    Effect.gen(function* () {
      const withPermit = yield* makePermits(1)
      yield* Effect.flip(withPermit(Effect.fail("no")))
      assert.strictEqual(yield* withPermit(Effect.succeed("served")), "served")
    })
  )
})
