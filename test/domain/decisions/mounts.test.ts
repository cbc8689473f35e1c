import { assert, describe, it } from "@effect/vitest"
import { isStale, rawBindsOf, satisfies, topAt } from "../../../src/domain/decisions/mounts.ts"
import { device, mountOf, otherDevice, otherMount, rawMount, targetPath } from "./hostFixtures.ts"

describe("topAt", () => {
  it("is the newest of several mounts", () => {
    const newest = otherMount(targetPath)
    assert.strictEqual(topAt([mountOf(targetPath), newest, mountOf("/other")], targetPath), newest)
  })
})

describe("isStale", () => {
  for (const [what, mount, atSource, expected] of [
    ["its disk has its name", mountOf(targetPath), device, false],
    ["no disk has its name", mountOf(targetPath), "gone", true],
    ["a link has its name", mountOf(targetPath), "unclear", false],
    ["another disk has its name", mountOf(targetPath), otherDevice, true],
    ["its source is no disk", mountOf(targetPath, { source: "tmpfs", fsType: "tmpfs" }), "gone", false],
    ["its file system is none of ours", mountOf(targetPath, { fsType: "fuseblk" }), "gone", false]
  ] as const) {
    it(`${what}: ${expected}`, () => assert.strictEqual(isStale(mount, atSource), expected))
  }
})

describe("rawBindsOf", () => {
  it("are the binds of the disk's own node", () => {
    const own = rawMount("/pod/1")
    const gone = rawMount("/pod/2", "/vdb//deleted")
    assert.deepStrictEqual(rawBindsOf([own, gone, rawMount("/pod/3", "/vdbc"), mountOf("/pod/4")], device), [own])
  })
})

describe("satisfies", () => {
  for (const [present, wanted, expected] of [
    ["ext3", "ext4", true],
    ["xfs", "ext4", false],
    ["vfat", undefined, true],
    ["vfat", "ext4", false]
  ] as const) {
    it(`${present} for ${wanted ?? "any"}: ${expected}`, () => assert.strictEqual(satisfies(present, wanted), expected))
  }
})
