import { assert, describe, it } from "@effect/vitest"
import { decideUnstage, type UnstageFacts } from "../../../src/domain/decisions/unstage.ts"
import { device, mountOf, otherMount, outcome, rawMount, stagingPath, volumeId } from "./hostFixtures.ts"

const facts = (changes: Partial<UnstageFacts>): UnstageFacts => ({
  volumeId,
  path: stagingPath,
  kind: "directory",
  mounts: [],
  disk: undefined,
  holders: [],
  flushed: false,
  ...changes
})

const here = mountOf(stagingPath)

const table: ReadonlyArray<readonly [string, Partial<UnstageFacts>, string]> = [
  ["mounted", { mounts: [here] }, "Unmount"],
  ["mounted twice", { mounts: [here, otherMount(stagingPath)] }, "Unmount"],
  ["mounted, its root unreadable", { mounts: [here], kind: "other" }, "Unmount"],
  ["mounted, and elsewhere too", { mounts: [here, mountOf("/pod")] }, "Unmount"],
  ["an empty directory, no disk", {}, "Done"],
  ["unmounted", { disk: device }, "Flush"],
  ["unmounted and flushed", { disk: device, flushed: true }, "Done"],
  ["absent, with a disk", { kind: "absent", disk: device, flushed: true }, "Done"],
  ["still mounted at a pod", { disk: device, mounts: [mountOf("/pod")] }, "NotReady"],
  ["a part of it still mounted at a pod", { disk: device, mounts: [mountOf("/pod", { root: "/sub" })] }, "NotReady"],
  ["still mounted at a pod, after a flush", { disk: device, mounts: [mountOf("/pod")], flushed: true }, "NotReady"],
  ["still bound raw", { disk: device, mounts: [rawMount("/pod")] }, "NotReady"],
  ["still held", { disk: device, holders: ["dm-0"] }, "NotReady"],
  ["others in use", { disk: device, mounts: [otherMount("/pod"), rawMount("/pod/2", "/vdc")] }, "Flush"],
  ["absent", { kind: "absent" }, "Done"],
  ["mounted elsewhere alone", { mounts: [mountOf("/staging/deeper"), mountOf("/stag")] }, "Done"],
  ["a symlink", { kind: "symlink" }, "Refused"]
]

describe("decideUnstage", () => {
  it("names what still uses the disk", () => {
    const verdict = decideUnstage(
      facts({ disk: device, mounts: [mountOf("/pod/1"), rawMount("/pod/2")], holders: ["dm-0", "md127"] })
    )
    const uses = "mounted at /pod/1, a raw disk at /pod/2, held by dm-0, held by md127"
    assert.include(verdict._tag === "Refuse" ? verdict.error.message : "", `still in use on this node: ${uses}`)
  })

  for (const [situation, change, expected] of table) {
    it(`${situation}: ${expected}`, () => assert.strictEqual(outcome(decideUnstage(facts(change))), expected))
  }
})
