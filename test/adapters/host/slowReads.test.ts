import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, TestClock } from "effect"
import { makeSlowRead } from "../../../src/adapters/host/slowReads.ts"
import { parseUsage } from "../../../src/adapters/host/usage.ts"

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

  describe("where threads are short", () => {
    const shortOfThreads = Effect.gen(function* () {
      const slowRead = yield* makeSlowRead
      for (const disk of ["a", "b"]) yield* Effect.fork(Effect.ignore(slowRead(disk, `read ${disk}`, limit, hangs)))
      yield* TestClock.adjust("1 second")
      return slowRead
    })
    const never = () => Promise.reject(new Error("this must not be read by a thread"))

    it.effect("is done another way, at once", () =>
      Effect.gen(function* () {
        const slowRead = yield* shortOfThreads
        assert.strictEqual(yield* slowRead("c", "read c", limit, never, Effect.succeed("by a child")), "by a child")
      })
    )

    it.effect("is done another way after a second if it was in line before they hung", () =>
      Effect.gen(function* () {
        const slowRead = yield* makeSlowRead
        for (const disk of ["a", "b"]) yield* Effect.fork(Effect.ignore(slowRead(disk, `read ${disk}`, limit, hangs)))
        yield* Effect.yieldNow()
        const fiber = yield* Effect.fork(slowRead("c", "read c", limit, never, Effect.succeed("by a child")))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(fiber), "by a child")
      })
    )

    it.effect("fails in time where there is no other way, and takes no third thread", () =>
      Effect.gen(function* () {
        const slowRead = yield* shortOfThreads
        let started = false
        const read = () => {
          started = true
          return hangs()
        }
        const fiber = yield* Effect.fork(Effect.flip(slowRead("c", "read c", limit, read)))
        yield* TestClock.adjust(limit)
        assert.strictEqual((yield* Fiber.join(fiber)).outcome, "unknown")
        assert.isFalse(started)
      })
    )
  })

  it.effect("ends in time also where the caller cannot be interrupted", () =>
    Effect.gen(function* () {
      const slowRead = yield* makeSlowRead
      const fiber = yield* Effect.fork(Effect.uninterruptible(Effect.flip(slowRead("a", "read a", limit, hangs))))
      yield* TestClock.adjust(limit)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome, "unknown")
    })
  )
})

describe("usage", () => {
  it.effect("counts blocks in their own unit, and leaves out of what is available what only root may use", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* parseUsage("measure", "4096 100 40 35 10 7\n"), {
        totalBytes: 409600n,
        usedBytes: 245760n,
        availableBytes: 143360n,
        totalInodes: 10n,
        usedInodes: 3n,
        availableInodes: 7n
      })
    })
  )

  it.effect("keeps figures whole that no floating point number holds", () =>
    Effect.gen(function* () {
      const { totalBytes } = yield* parseUsage("measure", "4096 9007199254740993 1 1 10 7")
      assert.strictEqual(totalBytes, 9007199254740993n * 4096n)
    })
  )

  it.effect("takes no other text for figures", () =>
    Effect.gen(function* () {
      for (const text of ["", "4096 100 40 35 10", "4096 100 40 35 10 -7", "4096 100 40 35 10 ?"]) {
        assert.match((yield* Effect.flip(parseUsage("measure", text))).message, /could not measure: stat said/)
      }
    })
  )
})
