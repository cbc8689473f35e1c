import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { UnknownPageToken } from "../../src/domain/errors.ts"
import { listPage, type Position, positionOf, tokenOf } from "../../src/domain/pageTokens.ts"
import type { PageRequest } from "../../src/ports/Cinder.ts"

const position = fc.record({
  createdAt: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
  id: fc.string({ minLength: 1, maxLength: 64 })
})

describe("a page token", () => {
  it("leads back to the position it was made of", () => {
    fc.assert(fc.property(position, (one) => assert.deepStrictEqual(positionOf(tokenOf(one)), one)))
  })

  it.each(["", "invalid-token", "v1.", "v1.abc", "v1..id", "v2.abc.id", "v1.-5.id", "v1.ABC.id"])(
    "is not %o",
    (token) => {
      assert.isUndefined(positionOf(token))
    }
  )

  it("never throws on garbage", () => {
    fc.assert(fc.property(fc.string(), (token) => void positionOf(token)))
  })
})

/** A list that hands out at most `cap` rows at a time and knows no marker of a row that is gone. */
const listOf =
  (rows: ReadonlyArray<Position>, cap: number) =>
  ({ limit, marker }: PageRequest) =>
    Effect.suspend(() => {
      const start = marker === undefined ? 0 : rows.findIndex(({ id }) => id === marker) + 1
      if (marker !== undefined && start === 0) return Effect.fail(new UnknownPageToken({ token: marker }))
      const length = Math.min(limit ?? cap, cap)
      const items = rows.slice(start, start + length)
      return Effect.succeed({ items, next: items.length === length ? items.at(-1)?.id : undefined })
    })

const rows: ReadonlyArray<Position> = Array.from({ length: 10 }, (_, number) => ({
  createdAt: Math.floor(number / 2),
  id: `id-${number}`
}))

describe("listing page by page", () => {
  it("gives every row once, in pages of at most the size asked for, whatever the cloud's own pages are", () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), (size, cap) =>
        Effect.gen(function* () {
          const seen: Array<Position> = []
          let token: string | undefined = ""
          while (token !== undefined) {
            const page: { entries: ReadonlyArray<Position>; nextToken: string | undefined } = yield* listPage(
              listOf(rows, cap),
              () => true,
              size,
              token
            )
            assert.isAtMost(page.entries.length, size)
            seen.push(...page.entries)
            token = page.nextToken
          }
          assert.deepStrictEqual(seen, rows)
        }).pipe(Effect.runPromise)
      )
    ))

  it.effect("fills a page with what is kept", () =>
    Effect.gen(function* () {
      const isEven = ({ id }: Position) => Number(id.slice(3)) % 2 === 0
      const page = yield* listPage(listOf(rows, 3), isEven, 2, "")
      assert.deepStrictEqual(
        page.entries.map(({ id }) => id),
        ["id-0", "id-2"]
      )
      const rest = yield* listPage(listOf(rows, 3), isEven, 0, page.nextToken ?? "")
      assert.deepStrictEqual(
        rest.entries.map(({ id }) => id),
        ["id-4", "id-6", "id-8"]
      )
      assert.isUndefined(rest.nextToken)
    })
  )

  it.effect("goes on behind a row that is gone, also where its neighbours are as old", () =>
    Effect.gen(function* () {
      const first = yield* listPage(listOf(rows, 5), () => true, 3, "")
      const left = rows.filter(({ id }) => id !== "id-2")
      const next = yield* listPage(listOf(left, 5), () => true, 0, first.nextToken ?? "")
      assert.deepStrictEqual(
        next.entries.map(({ id }) => id),
        rows.slice(3).map(({ id }) => id)
      )
    })
  )
})
