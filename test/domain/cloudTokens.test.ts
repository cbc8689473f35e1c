import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { placeOfToken, tokenOfPlace } from "../../src/domain/cloudTokens.ts"

const anyText = fc.string({ unit: "binary", maxLength: 80 })

describe("a token of a list over several clouds", () => {
  it("leads back to its place, whatever the cloud's name and its own token hold", () => {
    fc.assert(
      fc.property(fc.record({ cloud: anyText, token: anyText }), (place) =>
        assert.deepStrictEqual(placeOfToken(tokenOfPlace(place)), place)
      )
    )
  })

  it.each(["", "invalid-token", "c1.", "c1.5", "c1.5.four", "c1.-1.a", "c2.1.a", "v1.abc.id"])("is not %o", (text) =>
    assert.isUndefined(placeOfToken(text))
  )

  it("never throws on garbage", () => {
    fc.assert(fc.property(fc.string(), (text) => void placeOfToken(text)))
  })

  it("stays within the 128 bytes of the specification for a cloud's name of usual length", () =>
    assert.isAtMost(
      tokenOfPlace({ cloud: "a".repeat(63), token: "v1.lz3k9q2x.6c1c1cb3-8a4f-4d4c-9f0b-000000000000" }).length,
      128
    ))
})
