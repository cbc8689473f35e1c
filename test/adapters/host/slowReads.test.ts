import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, TestClock } from "effect"
import { makeSlowRead } from "../../../src/adapters/host/slowReads.ts"
import { usageFrom } from "../../../src/adapters/host/usage.ts"

const limit = Duration.seconds(5)
const hangs = () => new Promise<string>(() => undefined)

describe("a read that may hang", () => {
  it.effect("answers with what was read", () =>
    Effect.gen(function* () {
      const slowRead = yield* makeSlowRead
      assert.strictEqual(yield* slowRead("a", "read a", limit, async () => "bytes"), "bytes")
    })
  )

  it.effect("fails when the limit is over", () =>
    Effect.gen(function* () {
      const slowRead = yield* makeSlowRead
      const fiber = yield* Effect.fork(Effect.flip(slowRead("a", "read a", limit, hangs)))
      yield* TestClock.adjust(limit)
      assert.match((yield* Fiber.join(fiber)).message, /could not read a: .*does not answer/)
    })
  )

  it.effect("is not started again while it hangs", () =>
    Effect.gen(function* () {
      const slowRead = yield* makeSlowRead
      let started = 0
      const read = () => {
        started++
        return hangs()
      }
      for (let round = 0; round < 3; round++) {
        const fiber = yield* Effect.fork(Effect.flip(slowRead("a", "read a", limit, read)))
        yield* TestClock.adjust(limit)
        yield* Fiber.join(fiber)
      }
      assert.strictEqual(started, 1)
    })
  )

  it.effect("does not keep another from its answer", () =>
    Effect.gen(function* () {
      const slowRead = yield* makeSlowRead
      yield* Effect.fork(Effect.ignore(slowRead("a", "read a", limit, hangs)))
      assert.strictEqual(yield* slowRead("b", "read b", limit, async () => "bytes"), "bytes")
    })
  )

  it.effect("ends in time also where the caller cannot be interrupted", () =>
    Effect.gen(function* () {
      const slowRead = yield* makeSlowRead
      const fiber = yield* Effect.fork(Effect.uninterruptible(Effect.flip(slowRead("a", "read a", limit, hangs))))
      yield* TestClock.adjust(limit)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome, "failed")
    })
  )
})

describe("usage", () => {
  it("leaves out of what is available what only root may use", () => {
    const stats = { bsize: 4096n, blocks: 100n, bfree: 40n, bavail: 35n, files: 10n, ffree: 7n }
    assert.deepStrictEqual(usageFrom(stats), {
      totalBytes: 409600n,
      usedBytes: 245760n,
      availableBytes: 143360n,
      totalInodes: 10n,
      usedInodes: 3n,
      availableInodes: 7n
    })
  })
})
