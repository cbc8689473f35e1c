import { assert, describe, it } from "@effect/vitest"
import { decideUnstage, type UnstageFacts } from "../../../src/domain/decisions/unstage.ts"
import { mountOf, otherMount, outcome, stagingPath } from "./hostFixtures.ts"

const facts = (changes: Partial<UnstageFacts>): UnstageFacts => ({
  path: stagingPath,
  kind: "directory",
  mounts: [],
  ...changes
})

const here = mountOf(stagingPath)

const table: ReadonlyArray<readonly [string, Partial<UnstageFacts>, string]> = [
  ["mounted", { mounts: [here] }, "Unmount"],
  ["mounted twice", { mounts: [here, otherMount(stagingPath)] }, "Unmount"],
  ["mounted, its root unreadable", { mounts: [here], kind: "other" }, "Unmount"],
  ["an empty directory", {}, "Done"],
  ["absent", { kind: "absent" }, "Done"],
  ["mounted elsewhere alone", { mounts: [mountOf("/staging/deeper"), mountOf("/stag")] }, "Done"],
  ["a symlink", { kind: "symlink" }, "Refused"]
]

describe("decideUnstage", () => {
  for (const [situation, change, expected] of table) {
    it(`${situation}: ${expected}`, () => assert.strictEqual(outcome(decideUnstage(facts(change))), expected))
  }
})
