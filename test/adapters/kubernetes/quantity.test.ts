import { assert, describe, it } from "@effect/vitest"
import { bytesIn } from "../../../src/adapters/kubernetes/quantity.ts"

describe("a quantity of Kubernetes", () => {
  it.each([
    ["10Gi", 10n * 2n ** 30n],
    ["1.5Gi", 3n * 2n ** 29n],
    ["500M", 500_000_000n],
    ["2T", 2_000_000_000_000n],
    ["1e3", 1000n],
    ["1024", 1024n],
    ["0.5", 1n],
    ["1Ki", 1024n],
    ["100k", 100_000n]
  ])("%s is %s bytes", (text, bytes) => assert.strictEqual(bytesIn(text), bytes))

  it.each(["", "many", "1Xi", "-1", "1 Gi"])("%j is none", (text) => assert.isUndefined(bytesIn(text)))
})
