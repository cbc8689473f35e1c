import { assert, describe, it } from "@effect/vitest"
import { decideNodeUsage, type NodeUsageFacts } from "../../../src/domain/decisions/nodeUsage.ts"
import { device, GiB, mountOf, outcome, targetPath, volumeId } from "./hostFixtures.ts"

const figures = {
  totalBytes: GiB,
  usedBytes: 1n,
  availableBytes: 2n,
  totalInodes: 3n,
  usedInodes: 1n,
  availableInodes: 2n
}
const mounted = { _tag: "Mounted", mount: mountOf(targetPath), device } as const

const facts = (changes: Partial<NodeUsageFacts>): NodeUsageFacts => ({
  volumeId,
  path: targetPath,
  presence: mounted,
  seen: [],
  usage: undefined,
  ...changes
})

const table: ReadonlyArray<readonly [string, Partial<NodeUsageFacts>, string]> = [
  ["elsewhere", { presence: { _tag: "Elsewhere" } }, "PathNotFound"],
  ["disk gone", { presence: { _tag: "DiskGone" } }, "DeviceNotFound"],
  ["mounted", {}, "Measure"]
]

describe("decideNodeUsage", () => {
  for (const [situation, change, expected] of table) {
    it(`${situation}: ${expected}`, () => assert.strictEqual(outcome(decideNodeUsage(facts(change))), expected))
  }

  it("gives the figures of a mount", () =>
    assert.deepStrictEqual(decideNodeUsage(facts({ usage: figures })), {
      _tag: "Done",
      result: { _tag: "mount", ...figures }
    }))

  it("gives the size of a raw disk", () =>
    assert.deepStrictEqual(decideNodeUsage(facts({ presence: { _tag: "Raw", device } })), {
      _tag: "Done",
      result: { _tag: "block", totalBytes: GiB }
    }))
})
