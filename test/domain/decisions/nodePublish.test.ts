import { assert, describe, it } from "@effect/vitest"
import {
  decideNodePublish,
  type NodePublishFacts,
  type NodePublishWish
} from "../../../src/domain/decisions/nodePublish.ts"
import {
  device,
  mountOf,
  otherDevice,
  otherMount,
  outcome,
  rawMount,
  stagingPath,
  targetPath,
  volumeId
} from "./hostFixtures.ts"

const plainWish: NodePublishWish = {
  volumeId,
  access: "mount",
  fileSystem: undefined,
  mode: "SINGLE_NODE_MULTI_WRITER",
  readOnly: false
}

interface Change extends Partial<Omit<NodePublishFacts, "wish">> {
  readonly wish?: Partial<NodePublishWish>
}

const staged = mountOf(stagingPath)
const stagedReadOnly = mountOf(stagingPath, { options: ["ro"] })
const shutDown = mountOf(stagingPath, { options: ["rw", "shutdown"] })
const turned = mountOf(stagingPath, { options: ["ro"], turnedReadOnly: true })
const here = mountOf(targetPath)
const readOnlyHere = mountOf(targetPath, { options: ["ro", "relatime", "rw"] })
const elsewhere = mountOf("/pod/other")
const part = mountOf("/pod/subpath", { root: "/sub" })

const facts = ({ wish, ...changes }: Change): NodePublishFacts => ({
  device,
  stagingPath,
  targetPath,
  kind: "absent",
  parentKind: "directory",
  mounts: [staged],
  deviceAtTarget: undefined,
  targetIsStale: false,
  pulse: undefined,
  prepared: false,
  ...changes,
  wish: { ...plainWish, ...wish }
})

const raw = (changes: Change = {}): Change => ({ mounts: [], ...changes, wish: { access: "block", ...changes.wish } })
const single = { mode: "SINGLE_NODE_SINGLE_WRITER" } as const
const bound = { kind: "blockDevice", mounts: [rawMount(targetPath)], deviceAtTarget: device } as const

/** The disk that came after ours in the same place. */
const later = { ...device, instance: "9" }

const table: ReadonlyArray<readonly [string, Change, string]> = [
  ["target absent", {}, "MakeDirectory"],
  ["staged, shut down", { mounts: [shutDown] }, "NotReady"],
  ["staged, shut down, to be read alone", { mounts: [shutDown], wish: { readOnly: true } }, "NotReady"],
  ["staged, made read-only by the kernel", { mounts: [turned] }, "NotReady"],
  ["staged, made read-only, to be read alone", { mounts: [turned], wish: { readOnly: true } }, "MakeDirectory"],
  ["staged, dead", { pulse: { _tag: "Dead", problem: "Input/output error" } }, "NotReady"],
  ["staged, without an answer", { pulse: { _tag: "Silent" } }, "NotReady"],
  ["staged, alive", { pulse: { _tag: "Alive" } }, "MakeDirectory"],
  [
    "staged, dead, and there already",
    { mounts: [staged, here], kind: "directory", pulse: { _tag: "Dead", problem: "Input/output error" } },
    "NotReady"
  ],
  ["parent absent", { parentKind: "absent" }, "Refused"],
  ["parent a file", { parentKind: "file" }, "Refused"],
  ["directory that was there", { kind: "directory" }, "Clear"],
  ["directory we made", { kind: "directory", prepared: true }, "Bind"],
  ["file that was there", { kind: "file" }, "Clear"],
  ["file instead of the directory we made", { kind: "file", prepared: true }, "Clear"],
  ["symlink", { kind: "symlink" }, "Refused"],
  ["device node without a mount", { kind: "blockDevice" }, "Refused"],
  ["socket", { kind: "other" }, "Refused"],

  ["not staged", { mounts: [] }, "Refused"],
  ["staged with another disk", { mounts: [otherMount(stagingPath)] }, "Refused"],
  ["staged with a part of the disk", { mounts: [mountOf(stagingPath, { root: "/sub" })] }, "Refused"],
  ["stage hidden by another disk", { mounts: [staged, otherMount(stagingPath)] }, "Refused"],
  ["no disk", { device: undefined }, "Refused"],
  ["staged with another type", { wish: { fileSystem: "xfs" } }, "Refused"],
  ["staged with a type of the family", { wish: { fileSystem: "ext3" } }, "MakeDirectory"],

  ["published", { kind: "directory", mounts: [staged, here] }, "Done"],
  ["published writable, read-only asked", { mounts: [staged, here], wish: { readOnly: true } }, "AlreadyExists"],
  ["published read-only, writable asked", { mounts: [staged, readOnlyHere] }, "AlreadyExists"],
  ["published read-only as asked", { mounts: [staged, readOnlyHere], wish: { readOnly: true } }, "Done"],
  ["published from a read-only stage", { mounts: [stagedReadOnly, readOnlyHere] }, "Done"],
  ["published for a reader", { mounts: [staged, readOnlyHere], wish: { mode: "SINGLE_NODE_READER_ONLY" } }, "Done"],
  ["published raw, mount asked", { ...bound, mounts: [staged, rawMount(targetPath)] }, "AlreadyExists"],
  ["another volume at the target", { mounts: [staged, otherMount(targetPath)] }, "Refused"],
  ["a dead mount at the target", { mounts: [staged, otherMount(targetPath)], targetIsStale: true }, "Unmount"],

  ["published elsewhere too", { mounts: [staged, elsewhere] }, "MakeDirectory"],
  ["single writer published elsewhere", { mounts: [staged, elsewhere], wish: single }, "Refused"],
  ["single writer published here", { mounts: [staged, here], wish: single }, "Done"],
  ["single writer whose pod mounts a part", { mounts: [staged, part], wish: single }, "MakeDirectory"],

  ["raw, target absent", raw(), "MakeFile"],
  ["raw, file we made", raw({ kind: "file", prepared: true }), "Bind"],
  ["raw, directory there", raw({ kind: "directory", prepared: true }), "Clear"],
  ["raw, bound", raw(bound), "Done"],
  ["raw, bound disk whose number another has by now", raw({ ...bound, deviceAtTarget: later }), "Refused"],
  ["raw, another disk bound", raw({ ...bound, deviceAtTarget: otherDevice }), "Refused"],
  [
    "raw, bound node that is gone with its disk, whose number another has by now",
    raw({ ...bound, mounts: [rawMount(targetPath, "/vdb//deleted")], deviceAtTarget: otherDevice }),
    "Unmount"
  ],
  ["raw, node without a disk bound", raw({ ...bound, deviceAtTarget: undefined }), "Unmount"],
  ["raw, mounted as a file system", raw({ mounts: [staged] }), "Refused"],
  ["raw, no disk", raw({ device: undefined }), "Refused"],
  ["raw, file system asked at its target", { ...bound, mounts: [rawMount(targetPath)] }, "Refused"],
  ["raw, bound elsewhere", raw({ mounts: [rawMount("/pod/other")] }), "MakeFile"],
  ["raw, single writer elsewhere", raw({ mounts: [rawMount("/pod/other")], wish: single }), "Refused"]
]

describe("decideNodePublish", () => {
  for (const [situation, change, expected] of table) {
    it(`${situation}: ${expected}`, () => assert.strictEqual(outcome(decideNodePublish(facts(change))), expected))
  }

  for (const [what, change, readOnly] of [
    ["writable", {}, false],
    ["read-only when asked", { wish: { readOnly: true } }, true],
    ["read-only for a reader", { wish: { mode: "MULTI_NODE_READER_ONLY" } }, true],
    ["read-only from a read-only stage", { mounts: [stagedReadOnly] }, true]
  ] as const) {
    it(`binds the staging path ${what}`, () =>
      assert.deepStrictEqual(decideNodePublish(facts({ kind: "directory", prepared: true, ...change })), {
        _tag: "Do",
        action: { _tag: "Bind", source: stagingPath, readOnly }
      }))
  }

  it("binds the device node of a raw disk", () =>
    assert.deepStrictEqual(decideNodePublish(facts(raw({ kind: "file", prepared: true }))), {
      _tag: "Do",
      action: { _tag: "Bind", source: "/dev/vdb", readOnly: false }
    }))
})
