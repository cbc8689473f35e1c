import { assert, describe, it } from "@effect/vitest"
import { decideNodeUnpublish, type NodeUnpublishFacts } from "../../../src/domain/decisions/nodeUnpublish.ts"
import { mountOf, otherMount, outcome, rawMount, targetPath } from "./hostFixtures.ts"

const facts = (changes: Partial<NodeUnpublishFacts>): NodeUnpublishFacts => ({
  path: targetPath,
  kind: "directory",
  mounts: [],
  ...changes
})

const here = mountOf(targetPath)

const table: ReadonlyArray<readonly [string, Partial<NodeUnpublishFacts>, string]> = [
  ["mounted", { mounts: [here] }, "Unmount"],
  ["mounted in layers", { mounts: [here, otherMount(targetPath)] }, "Unmount"],
  ["a raw disk bound", { mounts: [rawMount(targetPath)], kind: "blockDevice" }, "Unmount"],
  ["mounted, its root unreadable", { mounts: [here], kind: "other" }, "Unmount"],
  ["an unmounted directory", {}, "Remove"],
  ["an unmounted file", { kind: "file" }, "Remove"],
  ["absent", { kind: "absent" }, "Done"],
  ["a symlink", { kind: "symlink" }, "Refused"],
  ["a device node of its own", { kind: "blockDevice" }, "Refused"],
  ["a socket", { kind: "other" }, "Refused"]
]

describe("decideNodeUnpublish", () => {
  for (const [situation, change, expected] of table) {
    it(`${situation}: ${expected}`, () => assert.strictEqual(outcome(decideNodeUnpublish(facts(change))), expected))
  }
})
