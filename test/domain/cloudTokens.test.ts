import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { digestOf, placeOfToken, tokenOfPlace } from "../../src/domain/cloudTokens.ts"
import { tokenOf } from "../../src/domain/pageTokens.ts"

const anyText = fc.string({ unit: "binary", maxLength: 300 })

describe("a token of a list over several clouds", () => {
  it("leads back to its place, whatever the cloud's name and its own token hold", () => {
    fc.assert(
      fc.property(anyText, anyText, (cloud, token) => {
        const place = { digest: digestOf(cloud), token }
        assert.deepStrictEqual(placeOfToken(tokenOfPlace(place)), place)
      })
    )
  })

  it.each(["", "invalid-token", "c1.", "c1.1.a", "c2.", "c2.5", "c2..a", "c2.A.a", "c2.-1.a", "v1.abc.id"])(
    "is not %o",
    (text) => assert.isUndefined(placeOfToken(text))
  )

  it("never throws on garbage", () => {
    fc.assert(fc.property(fc.string(), (text) => void placeOfToken(text)))
  })

  it("stays within the 128 bytes of the specification, however long the cloud's name", () => {
    const token = tokenOf({ createdAt: 8.64e15, id: "6c1c1cb3-8a4f-4d4c-9f0b-000000000000" })
    fc.assert(
      fc.property(anyText, (cloud) =>
        assert.isAtMost(Buffer.byteLength(tokenOfPlace({ digest: digestOf(cloud), token })), 128)
      )
    )
  })
})

describe("the digest of a cloud's name", () => {
  it("differs from every other name's", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyText, { minLength: 2, maxLength: 20 }), (names) =>
        assert.strictEqual(new Set(names.map(digestOf)).size, names.length)
      )
    )
    const similar = Array.from({ length: 10_000 }, (_, index) => `${"region".repeat(20)}-${index}`)
    assert.strictEqual(new Set(similar.map(digestOf)).size, similar.length)
  })

  it.each([
    ["", 0x6c62272e07bb014262b821756295c58dn],
    ["a", 0xd228cb696f1a8caf78912b704e4a8964n]
  ])("is FNV-1a of 128 bits: %o", (name, hash) => assert.strictEqual(digestOf(name), hash.toString(36)))
})
