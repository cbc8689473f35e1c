import { createCipheriv, randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { deflateSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { isNoise } from "../../../src/adapters/host/noise.ts"

const size = 1024 * 1024
const text = readFileSync(new URL(import.meta.url))

const withPlain = (at: number, plain: Uint8Array) => {
  const bytes = randomBytes(size)
  bytes.set(plain, at)
  return bytes
}

describe("noise", () => {
  it("is what zeros decrypt to, whatever the sector", () => {
    const key = randomBytes(64)
    const sectors = Array.from({ length: size / 512 }, (_, index) => {
      const tweak = Buffer.alloc(16)
      tweak.writeUInt32LE(index)
      return createCipheriv("aes-256-xts", key, tweak).update(Buffer.alloc(512))
    })
    assert.isTrue(isNoise(Buffer.concat(sectors)))
  })

  it("is a thousand times a MiB of random bytes", () => {
    for (let round = 0; round < 1_000; round++) {
      if (!isNoise(randomBytes(size / 16))) assert.fail("random bytes were taken for something else")
    }
  })

  it.each([
    ["zeros", Buffer.alloc(size)],
    ["nothing at all", Buffer.alloc(0)],
    ["less than can be judged", randomBytes(512)],
    ["text", Buffer.concat(Array.from({ length: 40 }, () => text)).subarray(0, 4096 * 8)],
    ["random bytes with 96 zeros in one place", withPlain(500_000, Buffer.alloc(96))],
    [
      "random bytes with an inode of 256 bytes",
      withPlain(4096 * 77, Buffer.from("a4810000e8030000".padEnd(512, "0"), "hex"))
    ],
    ["random bytes with 512 bytes of text", withPlain(4096 * 200, text.subarray(0, 512))],
    [
      "compressed bytes with zeros behind them",
      Buffer.concat([deflateSync(randomBytes(4000)), Buffer.alloc(8192)]).subarray(0, 8192)
    ]
  ])("is not %s", (_, bytes) => assert.isFalse(isNoise(bytes)))
})
