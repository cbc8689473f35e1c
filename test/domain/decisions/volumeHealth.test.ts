import { assert, describe, it } from "@effect/vitest"
import { mountTroubles, type VolumeHealthFacts, volumeHealth } from "../../../src/domain/decisions/volumeHealth.ts"
import type { Mount, Vitals } from "../../../src/ports/HostMounter.ts"
import { device, GiB, mountOf, targetPath, volumeId } from "./hostFixtures.ts"

const alive = { _tag: "Alive" } as const
const silent = { _tag: "Silent" } as const
const dead = { _tag: "Dead", problem: "Input/output error" } as const

const vitals = (changes: Partial<Vitals> = {}): Vitals => ({
  read: alive,
  state: "running",
  fileSystemErrors: 0,
  ...changes
})

const mounted = (changes: Partial<Mount> = {}) =>
  ({ _tag: "Mounted", mount: mountOf(targetPath, changes), device }) as const

const facts = (changes: Partial<VolumeHealthFacts> = {}): VolumeHealthFacts => ({
  volumeId,
  path: targetPath,
  presence: mounted(),
  topIsStale: false,
  pulse: alive,
  vitals: vitals(),
  totalBytes: GiB - 1n,
  ...changes
})

const raw: Partial<VolumeHealthFacts> = { presence: { _tag: "Raw", device }, pulse: undefined, totalBytes: undefined }

const reasons = (changes: Partial<VolumeHealthFacts>): string => {
  const health = volumeHealth(facts(changes))
  return health._tag === "Sick"
    ? health.troubles.map(({ status, reason }) => `${status} ${reason}`).join(", ")
    : health._tag
}

const table: ReadonlyArray<readonly [string, Partial<VolumeHealthFacts>, string]> = [
  ["all is well", {}, "Healthy"],
  ["mounted read-only as asked", { presence: mounted({ options: ["ro"] }) }, "Healthy"],
  [
    "a bus and a file system that count nothing",
    { vitals: vitals({ state: undefined, fileSystemErrors: undefined }) },
    "Healthy"
  ],
  ["an NVMe disk that works", { vitals: vitals({ state: "live" }) }, "Healthy"],
  ["a file system as large as its disk", { totalBytes: GiB }, "Healthy"],
  ["figures that cannot be had", { totalBytes: undefined }, "Healthy"],
  ["a raw disk", raw, "Healthy"],
  ["nothing at the path", { presence: { _tag: "Elsewhere" } }, "Unknown"],
  ["a mount whose disk was swapped", { presence: { _tag: "Elsewhere" }, topIsStale: true }, "INACCESSIBLE DiskGone"],
  ["a mount and no disk", { presence: { _tag: "DiskGone" } }, "INACCESSIBLE DiskGone"],
  ["made read-only by the kernel", { presence: mounted({ turnedReadOnly: true }) }, "DEGRADED FileSystemReadOnly"],
  [
    "a shutdown in the mount table",
    { presence: mounted({ options: ["rw", "shutdown"] }) },
    "INACCESSIBLE FileSystemShutDown"
  ],
  ["a dead root", { pulse: dead }, "INACCESSIBLE FileSystemDead"],
  ["a silent root", { pulse: silent }, "INACCESSIBLE FileSystemSilent"],
  ["a disk with read errors", { vitals: vitals({ read: dead }) }, "INACCESSIBLE DiskUnreadable"],
  ["a silent disk", { vitals: vitals({ read: silent }) }, "INACCESSIBLE DiskSilent"],
  ["a SCSI disk that was put offline", { vitals: vitals({ state: "transport-offline" }) }, "INACCESSIBLE DiskOffline"],
  ["counted errors", { vitals: vitals({ fileSystemErrors: 2 }) }, "DEGRADED FileSystemErrors"],
  ["a disk that lost its end", { totalBytes: GiB + 1n }, "DATA_LOSS DiskTooSmall"],
  ["a raw disk that is silent", { ...raw, vitals: vitals({ read: silent }) }, "INACCESSIBLE DiskSilent"],
  [
    "much at once",
    { presence: mounted({ turnedReadOnly: true }), vitals: vitals({ read: dead, fileSystemErrors: 1 }) },
    "DEGRADED FileSystemReadOnly, INACCESSIBLE DiskUnreadable, DEGRADED FileSystemErrors"
  ]
]

describe("volumeHealth", () => {
  for (const [situation, change, expected] of table) {
    it(`${situation}: ${expected}`, () => assert.strictEqual(reasons(change), expected))
  }

  it("names volume, finding and remedy in each message", () => {
    for (const [, change] of table) {
      const health = volumeHealth(facts(change))
      for (const { message } of health._tag === "Sick" ? health.troubles : []) {
        assert.include(message, volumeId)
        assert.match(message, /; (move|look|the next stage)|: stop its pods/)
      }
    }
  })

  it("names each kind of trouble once", () => {
    for (const [, change] of table) {
      const health = volumeHealth(facts(change))
      const names = health._tag === "Sick" ? health.troubles.map(({ status, reason }) => `${status}${reason}`) : []
      assert.strictEqual(new Set(names).size, names.length)
    }
  })

  it("tells what cures btrfs, which no stage checks", () => {
    const [trouble] = ((health) => (health._tag === "Sick" ? health.troubles : []))(
      volumeHealth(facts({ presence: mounted({ fsType: "btrfs" }), vitals: vitals({ fileSystemErrors: 3 }) }))
    )
    assert.match(trouble?.message ?? "", /counted 3 errors.*btrfs device stats -z/)
  })
})

describe("mountTroubles", () => {
  it("finds none on a healthy mount", () => assert.deepStrictEqual(mountTroubles(volumeId, mountOf(targetPath)), []))
})
