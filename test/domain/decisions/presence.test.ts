import { assert, describe, it } from "@effect/vitest"
import { type PresenceFacts, presenceOf } from "../../../src/domain/decisions/presence.ts"
import { device, mountOf, otherDevice, otherMount, rawMount, targetPath } from "./hostFixtures.ts"

const facts = (changes: Partial<PresenceFacts>): PresenceFacts => ({
  path: targetPath,
  mounts: [mountOf(targetPath)],
  device,
  deviceAtPath: undefined,
  ...changes
})

const table: ReadonlyArray<readonly [string, Partial<PresenceFacts>, string]> = [
  ["its mount in sight", {}, "Mounted"],
  ["no mount", { mounts: [] }, "Elsewhere"],
  ["a mount below the path alone", { mounts: [mountOf(`${targetPath}/deeper`)] }, "Elsewhere"],
  ["another volume's mount", { mounts: [otherMount(targetPath)] }, "Elsewhere"],
  ["hidden by another volume's mount", { mounts: [mountOf(targetPath), otherMount(targetPath)] }, "Elsewhere"],
  ["a part of it", { mounts: [mountOf(targetPath, { root: "/sub" })] }, "Elsewhere"],
  ["its device node", { mounts: [rawMount(targetPath)], deviceAtPath: device }, "Raw"],
  ["another device node", { mounts: [rawMount(targetPath)], deviceAtPath: otherDevice }, "Elsewhere"],
  ["a mount and no disk", { device: undefined }, "DiskGone"],
  ["nothing and no disk", { device: undefined, mounts: [] }, "Elsewhere"]
]

describe("presenceOf", () => {
  for (const [situation, change, expected] of table) {
    it(`${situation}: ${expected}`, () => assert.strictEqual(presenceOf(facts(change))._tag, expected))
  }
})
