import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { FairScheduler } from "../../src/main/FairScheduler.ts"

/** Blocks the thread as real work does. */
const busyFor = (millis: number) =>
  Effect.sync(() => {
    const until = performance.now() + millis
    while (performance.now() < until);
  })

const hungry = Effect.forever(Effect.zipRight(busyFor(1), Effect.yieldNow()))

describe("the fair scheduler", () => {
  it.live("looks at timers while fibers have always something to do", () =>
    Effect.gen(function* () {
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.fork(hungry))
      const began = performance.now()
      yield* Effect.async<void>((resume) => {
        setTimeout(() => resume(Effect.void), 1)
      })
      assert.isBelow(performance.now() - began, 150)
      yield* Fiber.interruptAll(fibers)
    }).pipe(Effect.withScheduler(new FairScheduler()))
  )

  it.live("runs what is urgent before what is patient", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const note = (name: string) =>
        Effect.zipRight(
          Effect.yieldNow(),
          Effect.sync(() => order.push(name))
        )
      const patient = yield* Effect.fork(Effect.withSchedulingPriority(note("patient"), 1))
      const usual = yield* Effect.fork(note("usual"))
      yield* Fiber.joinAll([patient, usual])
      assert.deepStrictEqual(order, ["usual", "patient"])
    }).pipe(Effect.withScheduler(new FairScheduler()))
  )

  it.live("runs everything, however much there is", () =>
    Effect.gen(function* () {
      const results = yield* Effect.forEach(
        Array.from({ length: 5_000 }),
        (_, index) => Effect.as(Effect.yieldNow(), index),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(results.length, 5_000)
    }).pipe(Effect.withScheduler(new FairScheduler()))
  )
})
