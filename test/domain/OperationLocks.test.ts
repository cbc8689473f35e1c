import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, TestClock } from "effect"
import { OnLeftBehind } from "../../src/domain/LeftBehind.ts"
import { makeOperationLocks } from "../../src/domain/OperationLocks.ts"

describe("an operation lock", () => {
  it.effect("keeps the second caller of a key out and names the key", () =>
    Effect.gen(function* () {
      const exclusively = yield* makeOperationLocks
      const gate = yield* Deferred.make<void>()
      const first = yield* Effect.fork(exclusively(["volume v"], Deferred.await(gate)))
      yield* Effect.yieldNow()
      const error = yield* Effect.flip(exclusively(["volume v"], Effect.void))
      assert.isTrue(error._tag === "OperationPending" && error.subject === "volume v")
      yield* exclusively(["volume w"], Effect.void)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(first)
      yield* exclusively(["volume v"], Effect.void)
    })
  )

  it.effect("takes none of its keys if one is taken", () =>
    Effect.gen(function* () {
      const exclusively = yield* makeOperationLocks
      yield* exclusively(
        ["b"],
        Effect.gen(function* () {
          yield* Effect.flip(exclusively(["a", "b"], Effect.void))
          yield* exclusively(["a"], Effect.void)
        })
      )
    })
  )

  it.effect("is free again after a failure", () =>
    Effect.gen(function* () {
      const exclusively = yield* makeOperationLocks
      yield* Effect.flip(exclusively(["a"], Effect.fail("no")))
      yield* exclusively(["a"], Effect.void)
    })
  )

  it.effect("stays held after an interruption until the request in flight has ended", () =>
    Effect.gen(function* () {
      const exclusively = yield* makeOperationLocks
      const answer = yield* Deferred.make<void>()
      const request = Effect.uninterruptible(Deferred.await(answer))
      const first = yield* Effect.fork(exclusively(["a"], request))
      yield* Effect.yieldNow()
      yield* Effect.fork(Fiber.interrupt(first))
      yield* Effect.yieldNow()
      assert.strictEqual((yield* Effect.flip(exclusively(["a"], Effect.void)))._tag, "OperationPending")
      yield* Deferred.succeed(answer, undefined)
      yield* Fiber.await(first)
      yield* exclusively(["a"], Effect.void)
    })
  )

  describe("of a call that leaves a program behind which cannot be killed", () => {
    const mkfs = Effect.map(Deferred.make<void>(), (ended) => ({
      ended,
      leave: Effect.map(OnLeftBehind, (tell) => tell({ what: "mkfs.ext4 (pid 7)", ended: Deferred.await(ended) }))
    }))

    const heldUntilItEnds = (
      leaving: (leave: Effect.Effect<void>) => Effect.Effect<unknown>
    ): Effect.Effect<void, unknown> =>
      Effect.gen(function* () {
        const exclusively = yield* makeOperationLocks
        const { ended, leave } = yield* mkfs
        const call = yield* Effect.fork(exclusively(["a"], leaving(leave)))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(call)
        const refusal = yield* Effect.flip(exclusively(["a"], Effect.void))
        assert.strictEqual(refusal.message, "another operation on a is in progress: mkfs.ext4 (pid 7)")
        yield* exclusively(["b"], Effect.void)
        yield* Deferred.succeed(ended, undefined)
        yield* TestClock.adjust(0)
        yield* exclusively(["a"], Effect.void)
      })

    it.effect("stays held until that ends, also if the call succeeds", () => heldUntilItEnds((leave) => leave))

    it.effect("stays held until that ends, also if the call was interrupted meanwhile", () =>
      heldUntilItEnds((leave) => Effect.uninterruptible(Effect.zipRight(Effect.yieldNow(), leave)))
    )
  })
})
