import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { makeNoticeOnce } from "../../src/domain/noticeOnce.ts"

const logged = Effect.gen(function* () {
  const lines: Array<string> = []
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => lines.push(String(message)))
  )
  return { lines, logger }
})

describe("a notice", () => {
  it.effect("is logged once, however often it is due", () =>
    Effect.gen(function* () {
      const { lines, logger } = yield* logged
      const noticeOnce = yield* makeNoticeOnce
      yield* Effect.provide(Effect.all([noticeOnce("one"), noticeOnce("other"), noticeOnce("one")]), logger)
      assert.deepStrictEqual(lines, ["one", "other"])
    })
  )

  it.effect("of a thousand others ago is forgotten, so that notices about volumes do not pile up", () =>
    Effect.gen(function* () {
      const { lines, logger } = yield* logged
      const noticeOnce = yield* makeNoticeOnce
      const others = Array.from({ length: 1_000 }, (_, index) => noticeOnce(`volume ${index}`))
      yield* Effect.provide(Effect.all([noticeOnce("first"), ...others, noticeOnce("first")]), logger)
      assert.strictEqual(lines.filter((line) => line === "first").length, 2)
      yield* Effect.provide(noticeOnce("volume 999"), logger)
      assert.strictEqual(lines.at(-1), "first")
    })
  )
})
