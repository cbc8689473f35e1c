import { assert, describe, it } from "@effect/vitest"
import { decideNodeExpand, type NodeExpandFacts, rangeProblem } from "../../../src/domain/decisions/nodeExpand.ts"
import type { DiskContents } from "../../../src/ports/HostMounter.ts"
import { device, GiB, mountOf, outcome, targetPath, volumeId } from "./hostFixtures.ts"

const here = mountOf(targetPath)
const readOnlyHere = mountOf(targetPath, { options: ["ro"] })
const mounted = { _tag: "Mounted", mount: here, device } as const
const rawDisk = { _tag: "Raw", device } as const

const facts = (changes: Partial<NodeExpandFacts>): NodeExpandFacts => ({
  volumeId,
  path: targetPath,
  access: undefined,
  capacity: { requiredBytes: undefined, limitBytes: undefined },
  rescanOnResize: false,
  presence: mounted,
  mounts: [here],
  seen: [],
  refreshed: false,
  contents: undefined,
  total: undefined,
  ...changes
})

const fs = (sizeBytes: bigint | undefined): DiskContents => ({
  _tag: "FileSystem",
  type: "xfs",
  uuid: undefined,
  label: undefined,
  sizeBytes
})
const range = (requiredBytes: bigint | undefined, limitBytes?: bigint) => ({ requiredBytes, limitBytes })
const half = fs(GiB / 2n)
const stuck = { before: GiB / 4n, after: GiB / 4n }

const table: ReadonlyArray<readonly [string, Partial<NodeExpandFacts>, string]> = [
  ["elsewhere", { presence: { _tag: "Elsewhere" } }, "PathNotFound"],
  ["disk gone", { presence: { _tag: "DiskGone" } }, "DeviceNotFound"],
  ["mount at a path said to be raw", { access: "block" }, "InvalidInput"],
  ["raw at a path said to be mounted", { access: "mount", presence: rawDisk }, "InvalidInput"],
  ["raw", { presence: rawDisk, access: "block" }, "Done"],
  ["raw, larger asked", { presence: rawDisk, capacity: range(2n * GiB) }, "RefreshSize"],
  ["disk too small, not looked", { capacity: range(2n * GiB) }, "RefreshSize"],
  ["disk too small, looked", { capacity: range(2n * GiB), refreshed: true }, "Wait"],
  ["disk small within the tolerance", { capacity: range(GiB + 33_554_432n) }, "Look"],
  ["disk above the limit", { capacity: range(undefined, GiB - 1n) }, "OutOfRange"],
  ["disk at the limit", { capacity: range(GiB, GiB) }, "Look"],
  ["rescan wished", { rescanOnResize: true }, "RefreshSize"],
  ["rescan done", { rescanOnResize: true, refreshed: true }, "Look"],
  ["file system of the disk's size", { contents: fs(GiB) }, "Done"],
  ["file system smaller", { contents: half }, "Grow"],
  ["file system of unknown size", { contents: fs(undefined) }, "Grow"],
  [
    "file system nobody can grow",
    { presence: { ...mounted, mount: mountOf(targetPath, { fsType: "vfat" }) } },
    "Refused"
  ],
  [
    "read-only at the path, writable where it is staged",
    { contents: half, presence: { ...mounted, mount: readOnlyHere }, mounts: [mountOf("/staging"), readOnlyHere] },
    "Grow"
  ],
  [
    "read-only everywhere",
    { contents: half, presence: { ...mounted, mount: readOnlyHere }, mounts: [readOnlyHere] },
    "Refused"
  ],
  ["grown", { contents: fs(GiB), total: stuck }, "Done"],
  ["grown, size unknown", { contents: fs(undefined), total: stuck }, "Done"],
  ["grown, the disk's copy lags", { contents: half, total: { before: GiB / 2n, after: GiB - 1n } }, "Done"],
  ["grown before, the disk's copy lags", { contents: half, total: { before: GiB - 1n, after: GiB - 1n } }, "Done"],
  ["said to be grown, but is not", { contents: half, total: stuck }, "HostFailure"]
]

describe("decideNodeExpand", () => {
  for (const [situation, change, expected] of table) {
    it(`${situation}: ${expected}`, () => assert.strictEqual(outcome(decideNodeExpand(facts(change))), expected))
  }

  it("answers with the disk's size", () =>
    assert.deepStrictEqual(decideNodeExpand(facts({ contents: fs(GiB) })), { _tag: "Done", result: GiB }))
})

describe("rangeProblem", () => {
  for (const [what, capacity, expected] of [
    ["no bounds", range(undefined), undefined],
    ["a limit above", range(GiB, 2n * GiB), undefined],
    ["a limit below", range(2n * GiB, GiB), "OutOfRange"],
    ["a negative size", range(-1n), "OutOfRange"],
    ["a negative limit", range(undefined, -1n), "OutOfRange"]
  ] as const) {
    it(`${what}: ${expected ?? "none"}`, () => assert.strictEqual(rangeProblem(capacity)?._tag, expected))
  }
})
