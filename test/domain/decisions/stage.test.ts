import { assert, describe, it } from "@effect/vitest"
import { decideStage, mountOptions } from "../../../src/domain/decisions/stage.ts"
import {
  noProgress,
  type StageAction,
  type StageFacts,
  type StageProgress,
  type StageWish
} from "../../../src/domain/decisions/stageFacts.ts"
import { HostFailure } from "../../../src/domain/errors.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import type { DiskContents, Pulse } from "../../../src/ports/HostMounter.ts"
import { device, GiB, mountOf, otherMount, outcome, rawMount, stagingPath, volumeId } from "./hostFixtures.ts"

const plainWish: StageWish = {
  volumeId,
  fileSystem: undefined,
  mode: "SINGLE_NODE_WRITER",
  flags: [],
  leastBytes: undefined,
  resizeRequired: false,
  createdEmpty: false,
  encrypted: false,
  formatNoise: false,
  uuidGuard: "refuse",
  mkfs: {}
}

const blank: DiskContents = { _tag: "Blank" }
const noise: DiskContents = { _tag: "Noise" }
const fs = (type: string, sizeBytes: bigint | undefined = GiB, uuid?: string, label?: string): DiskContents => ({
  _tag: "FileSystem",
  type,
  uuid,
  label,
  sizeBytes
})
const someUuid = "0d6c4a7e-0000-4000-8000-000000000001"
const ourLabel = "csi-8e2f8a5c"
const othersLabel = "csi-0d6c4a7e"
/** By default as this driver names what it makes for another volume. */
const named = (uuid: string | undefined, label: string | undefined = othersLabel, type = "ext4") => ({
  contents: fs(type, GiB, uuid, label),
  checked: true
})
const unlabelled = { contents: fs("ext4", GiB, someUuid), checked: true }
const fresh = { createdEmpty: true } as const

interface Change extends Partial<Omit<StageFacts, "wish" | "progress">> {
  readonly wish?: Partial<StageWish>
  readonly progress?: Partial<StageProgress>
}

const facts = ({ progress, wish, ...changes }: Change): StageFacts => ({
  device,
  path: stagingPath,
  kind: "directory",
  mounts: [],
  topIsStale: false,
  ...changes,
  wish: { ...plainWish, ...wish },
  progress: { ...noProgress, pulse: { _tag: "Alive" }, ...progress }
})

const encrypted = { encrypted: true } as const
const foreign: DiskContents = { _tag: "Foreign", what: "LVM" }
const unclear: DiskContents = { _tag: "Unclear", why: "data" }
const here = mountOf(stagingPath)
const shutDownHere = mountOf(stagingPath, { options: ["rw", "shutdown"] })
const turnedHere = mountOf(stagingPath, { options: ["ro"], turnedReadOnly: true })
const dead: Pulse = { _tag: "Dead", problem: "Input/output error" }
const readOnlyHere = mountOf(stagingPath, { options: ["ro"] })
const published = mountOf("/pod")
const readOnly = { mode: "MULTI_NODE_READER_ONLY" } as const
const ext4 = { fileSystem: "ext4" } as const
const label = 'context="system_u:object_r:container_file_t:s0:c5,c1"'
const refusal = new HostFailure({ operation: "grow", outcome: "failed", detail: "not permitted" })
const unknown = new HostFailure({ operation: "grow", outcome: "unknown", detail: "killed" })

const refused = (failure: HostFailure) => ({ _tag: "refusedMounted", failure }) as const

/** What the disk records after a growth that was reported, and what the mount offered before and after it. */
const grownTo = (sizeBytes: bigint | undefined, total?: readonly [before: bigint, after: bigint]) =>
  ({
    contents: sizeBytes === undefined ? undefined : fs("ext4", sizeBytes),
    growth: { _tag: "reported", total: total === undefined ? undefined : { before: total[0], after: total[1] } }
  }) as const

const table: ReadonlyArray<readonly [string, Change, string]> = [
  ["nothing known yet", {}, "Look"],
  ["a blank disk", { progress: { contents: blank } }, "Format"],
  ["a blank disk, no directory", { kind: "absent", progress: { contents: blank } }, "MakeDirectory"],
  ["blank for read-only use", { wish: readOnly, progress: { contents: blank } }, "Refused"],
  ["blank with the flag ro", { wish: { flags: ["ro"] }, progress: { contents: blank } }, "Refused"],
  ["blank yet mounted elsewhere", { mounts: [published], progress: { contents: blank } }, "Refused"],
  ["blank and in raw use", { mounts: [rawMount("/pod")], progress: { contents: blank } }, "Refused"],
  ["just formatted", { progress: { formatted: "ext4" } }, "Mount"],
  ["just formatted, no directory", { kind: "absent", progress: { formatted: "ext4" } }, "MakeDirectory"],
  [
    "just formatted with options of the class",
    { wish: { mkfs: { mkfsOptions: "-O ^64bit" } }, progress: { formatted: "ext4" } },
    "Look"
  ],
  ["just formatted, as asked", { progress: { formatted: "ext4", contents: fs("ext4") } }, "Mount"],
  ["just formatted, without ext4's own features", { progress: { formatted: "ext4", contents: fs("ext2") } }, "Mount"],
  ["just formatted, with another result", { progress: { formatted: "ext4", contents: fs("xfs") } }, "Refused"],
  ["just formatted, with no result", { progress: { formatted: "ext4", contents: blank } }, "Refused"],
  ["foreign data", { progress: { contents: { _tag: "Foreign", what: "LUKS" } } }, "Refused"],
  ["unclear data", { progress: { contents: { _tag: "Unclear", why: "noise" } } }, "Refused"],
  ["noise on a volume of which nobody says that it is encrypted", { progress: { contents: noise } }, "Refused"],
  ["noise on an encrypted volume", { wish: encrypted, progress: { contents: noise } }, "Format"],
  ["noise where the operator says so", { wish: { formatNoise: true }, progress: { contents: noise } }, "Format"],
  [
    "noise on an encrypted copy",
    { wish: { ...encrypted, formatNoise: true, resizeRequired: true }, progress: { contents: noise } },
    "Refused"
  ],
  ["noise for read-only use", { wish: { ...encrypted, ...readOnly }, progress: { contents: noise } }, "Refused"],
  ["foreign data on an encrypted volume", { wish: encrypted, progress: { contents: foreign } }, "Refused"],
  [
    "unclear data on an encrypted volume",
    { wish: { ...encrypted, formatNoise: true }, progress: { contents: unclear } },
    "Refused"
  ],

  ["made empty, with the volume's own UUID", { wish: fresh, progress: named(volumeId, ourLabel) }, "Mount"],
  [
    "made empty, with its UUID in capitals",
    { wish: fresh, progress: named(volumeId.toUpperCase(), ourLabel) },
    "Mount"
  ],
  ["made empty, with another UUID", { wish: fresh, progress: named(someUuid) }, "Refused"],
  [
    "made empty, with another UUID, not checked yet",
    { wish: fresh, progress: { ...named(someUuid), checked: false } },
    "Refused"
  ],
  [
    "made empty, with another UUID, read-only",
    { wish: { ...fresh, ...readOnly }, progress: named(someUuid) },
    "Refused"
  ],
  ["made empty, without a UUID", { wish: fresh, progress: named(undefined) }, "Refused"],
  ["made empty, formatted by another driver", { wish: fresh, progress: unlabelled }, "Mount"],
  [
    "made empty, with another UUID and a label of its class",
    { wish: fresh, progress: named(someUuid, "data") },
    "Mount"
  ],
  [
    "made empty, with a label of its class that begins as ours",
    { wish: fresh, progress: named(someUuid, "csi-data") },
    "Mount"
  ],
  ["made empty, with another UUID and its own label", { wish: fresh, progress: named(someUuid, ourLabel) }, "Mount"],
  ["made empty, with its own UUID and another's label", { wish: fresh, progress: named(volumeId) }, "Mount"],
  [
    "made empty, another UUID, guard relaxed",
    { wish: { ...fresh, uuidGuard: "warn" }, progress: named(someUuid) },
    "Mount"
  ],
  ["made empty, another UUID, guard off", { wish: { ...fresh, uuidGuard: "off" }, progress: named(someUuid) }, "Mount"],
  [
    "made empty, with the UUID of its class",
    { wish: { ...fresh, mkfs: { mkfsOptions: "-U random" } }, progress: named(someUuid, ourLabel) },
    "Mount"
  ],
  [
    "made empty, made for another volume though the class sets the UUID",
    { wish: { ...fresh, mkfs: { mkfsOptions: "-U random" } }, progress: named(someUuid) },
    "Refused"
  ],
  [
    "made empty, by an id that is no UUID",
    { wish: { ...fresh, volumeId: VolumeId("v1") }, progress: named(someUuid) },
    "Mount"
  ],
  ["made by whoever, with another UUID", { progress: named(someUuid) }, "Mount"],
  ["a copy, with another UUID", { wish: { resizeRequired: true }, progress: named(someUuid) }, "Mount"],

  ["a file system", { progress: { contents: fs("ext4") } }, "Check"],
  ["a checked file system", { progress: { contents: fs("ext4"), checked: true } }, "Mount"],
  [
    "a checked one, no directory",
    { kind: "absent", progress: { contents: fs("xfs"), checked: true } },
    "MakeDirectory"
  ],
  ["a file system for read-only use", { wish: readOnly, progress: { contents: fs("ext4") } }, "Mount"],
  ["a file system in use elsewhere", { mounts: [published], progress: { contents: fs("ext4") } }, "Mount"],
  ["ext3 where ext4 is asked", { wish: ext4, progress: { contents: fs("ext3") } }, "Check"],
  ["xfs where ext4 is asked", { wish: ext4, progress: { contents: fs("xfs") } }, "Refused"],
  ["a type nobody knows", { progress: { contents: fs("ntfs") } }, "Refused"],

  ["a disk without size", { device: { ...device, sizeBytes: 0n } }, "RefreshSize"],
  ["a disk smaller than the volume", { wish: { leastBytes: 2n * GiB } }, "RefreshSize"],
  ["still smaller", { wish: { leastBytes: 2n * GiB }, progress: { refreshed: true } }, "NotReady"],
  ["smaller within the tolerance", { wish: { leastBytes: GiB + 33_554_432n } }, "Look"],
  ["smaller just beyond it", { wish: { leastBytes: GiB + 33_554_433n } }, "RefreshSize"],

  ["staged, not asked whether it lives", { mounts: [here], progress: { pulse: undefined } }, "TakePulse"],
  ["mounted by this call", { mounts: [here], progress: { pulse: undefined, mounted: true } }, "Look"],
  [
    "mounted by this call, read-only as its disk is",
    { mounts: [readOnlyHere], progress: { mounted: true } },
    "Refused"
  ],
  [
    "mounted by this call, read-only as asked",
    { mounts: [readOnlyHere], wish: readOnly, progress: { mounted: true } },
    "Done"
  ],
  ["staged and dead", { mounts: [here], progress: { pulse: dead } }, "Unmount"],
  [
    "staged and dead, for read-only use",
    { mounts: [readOnlyHere], wish: readOnly, progress: { pulse: dead } },
    "Unmount"
  ],
  ["staged and dead, two layers", { mounts: [here, here], progress: { pulse: dead } }, "Unmount"],
  ["staged and dead, with a pod", { mounts: [here, published], progress: { pulse: dead } }, "NotReady"],
  ["staged without an answer", { mounts: [here], progress: { pulse: { _tag: "Silent" } } }, "NotReady"],
  ["staged and shut down", { mounts: [shutDownHere], progress: { pulse: undefined } }, "Unmount"],
  ["staged and shut down, with a pod", { mounts: [shutDownHere, published] }, "NotReady"],
  ["staged and made read-only by the kernel", { mounts: [turnedHere], progress: { pulse: undefined } }, "Unmount"],
  ["made read-only by the kernel, with a pod", { mounts: [published, turnedHere] }, "NotReady"],
  ["made read-only by the kernel, for read-only use", { mounts: [turnedHere], wish: { flags: ["ro"] } }, "Done"],
  ["staged and grown", { mounts: [here], progress: { contents: fs("ext4") } }, "Done"],
  ["staged, not looked at", { mounts: [here] }, "Look"],
  ["staged right after the format", { mounts: [here], progress: { formatted: "ext4" } }, "Done"],
  ["staged with a small file system", { mounts: [here], progress: { contents: fs("ext4", GiB / 2n) } }, "Grow"],
  [
    "staged, small within the tolerance",
    { mounts: [here], progress: { contents: fs("ext4", GiB - 33_554_432n) } },
    "Done"
  ],
  [
    "staged, size unknown, resize asked",
    { mounts: [here], wish: { resizeRequired: true }, progress: { contents: { _tag: "Unclear", why: "busy" } } },
    "Grow"
  ],
  ["staged, size unknown", { mounts: [here], progress: { contents: { _tag: "Unclear", why: "busy" } } }, "Done"],
  ["grown by us, not looked at", { mounts: [here], progress: grownTo(undefined) }, "Look"],
  ["grown by us to its disk", { mounts: [here], progress: grownTo(GiB) }, "Done"],
  ["grown, though the superblock lags", { mounts: [here], progress: grownTo(GiB / 2n, [1n, 2n]) }, "Done"],
  ["grown without effect", { mounts: [here], progress: grownTo(GiB / 2n, [1n, 1n]) }, "HostFailure"],
  ["grown unmounted, to its disk", { progress: { ...grownTo(GiB), checked: true } }, "Mount"],
  ["grown unmounted without effect", { progress: { ...grownTo(GiB / 2n), checked: true } }, "HostFailure"],
  ["growth refused, nobody uses it", { mounts: [here], progress: { growth: refused(refusal) } }, "Unmount"],
  ["growth refused, in use", { mounts: [here, published], progress: { growth: refused(refusal) } }, "Done"],
  [
    "growth refused, unmounted ext",
    { progress: { contents: fs("ext4", 1n), checked: true, growth: refused(refusal) } },
    "Grow"
  ],
  [
    "growth refused, unmounted xfs",
    { progress: { contents: fs("xfs", 1n), checked: true, growth: refused(refusal) } },
    "HostFailure"
  ],
  [
    "growth that may still run",
    { progress: { contents: fs("ext4", 1n), checked: true, growth: refused(unknown) } },
    "HostFailure"
  ],
  ["staged for writing, read-only asked", { mounts: [here], wish: readOnly }, "AlreadyExists"],
  ["staged read-only, writing asked", { mounts: [readOnlyHere] }, "AlreadyExists"],
  ["staged read-only as asked", { mounts: [readOnlyHere], wish: readOnly }, "Done"],
  ["staged with another file system", { mounts: [here], wish: { fileSystem: "xfs" } }, "AlreadyExists"],
  ["staged without the SELinux label", { mounts: [here], wish: { flags: [label] } }, "AlreadyExists"],
  [
    "staged with the same SELinux label",
    {
      mounts: [mountOf(stagingPath, { options: ["rw", "context=system_u:object_r:container_file_t:s0:c1", "c5"] })],
      wish: { flags: [label] },
      progress: { contents: fs("ext4") }
    },
    "Done"
  ],
  ["a part of the disk mounted there", { mounts: [mountOf(stagingPath, { root: "/sub" })] }, "AlreadyExists"],
  ["a subvolume of btrfs there", { mounts: [mountOf(stagingPath, { root: "/@", fsType: "btrfs" })] }, "Look"],
  ["another volume staged there", { mounts: [otherMount(stagingPath)] }, "AlreadyExists"],
  ["another volume in sight over ours", { mounts: [here, otherMount(stagingPath)] }, "AlreadyExists"],
  ["a dead mount there", { mounts: [otherMount(stagingPath)], topIsStale: true }, "Unmount"],

  ["a symlink", { kind: "symlink" }, "Refused"],
  ["a file", { kind: "file" }, "Refused"],
  ["something else", { kind: "other" }, "Refused"]
]

describe("decideStage", () => {
  for (const [situation, change, expected] of table) {
    it(`${situation}: ${expected}`, () => assert.strictEqual(outcome(decideStage(facts(change))), expected))
  }

  it("formats with the type asked for, the volume's id as UUID and its beginning as label", () => {
    const verdict = decideStage(facts({ wish: { fileSystem: "xfs" }, progress: { contents: blank } }))
    assert.deepStrictEqual(verdict, {
      _tag: "Do",
      action: {
        _tag: "Format",
        found: "Blank",
        fileSystem: "xfs",
        uuid: volumeId as string,
        options: ["-L", ourLabel]
      }
    })
  })

  it("formats noise as what it was found to be", () => {
    const verdict = decideStage(facts({ wish: encrypted, progress: { contents: noise } }))
    assert.strictEqual(verdict._tag === "Do" && verdict.action._tag === "Format" && verdict.action.found, "Noise")
  })

  it("formats without a UUID and a label where the volume's id is none", () => {
    const verdict = decideStage(facts({ wish: { volumeId: VolumeId("vol-1") }, progress: { contents: blank } }))
    const action: StageAction = { _tag: "Format", found: "Blank", fileSystem: "ext4", uuid: undefined, options: [] }
    assert.deepStrictEqual(verdict, { _tag: "Do", action })
  })

  const formatWith = (mkfs: Readonly<Record<string, string>>) =>
    decideStage(facts({ wish: { mkfs }, progress: { contents: blank } }))

  it("formats with the options of the class, in either spelling", () => {
    const action: StageAction = {
      _tag: "Format",
      found: "Blank",
      fileSystem: "ext4",
      uuid: volumeId as string,
      options: ["-L", ourLabel, "-E", "nodiscard"]
    }
    for (const key of ["mkfs-options", "mkfsOptions"]) {
      assert.deepStrictEqual(formatWith({ [key]: "-E nodiscard" }), { _tag: "Do", action })
    }
  })

  it("leaves the UUID to the class that sets one", () => {
    const verdict = formatWith({ mkfsOptions: "-U random" })
    const action: StageAction = {
      _tag: "Format",
      found: "Blank",
      fileSystem: "ext4",
      uuid: undefined,
      options: ["-L", ourLabel, "-U", "random"]
    }
    assert.deepStrictEqual(verdict, { _tag: "Do", action })
  })

  it.each([
    ["ext4", "-L data", ["-L", "data"]],
    ["xfs", "-Ldata", ["-L", "data"]],
    ["btrfs", "--label=data", ["--label", "data"]]
  ] as const)("leaves the label of %s to the class that sets one: %s", (fileSystem, mkfsOptions, options) => {
    const verdict = decideStage(facts({ wish: { fileSystem, mkfs: { mkfsOptions } }, progress: { contents: blank } }))
    assert.deepStrictEqual(verdict._tag === "Do" && verdict.action._tag === "Format" && verdict.action.options, options)
  })

  it("does not format with options that are not known to be harmless", () => {
    assert.strictEqual(outcome(formatWith({ mkfsOptions: "-d /etc" })), "InvalidInput")
  })

  it("names the pods that keep a dead mount", () => {
    const verdict = decideStage(facts({ mounts: [here, published], progress: { pulse: dead } }))
    assert.include(verdict._tag === "Refuse" ? verdict.error.message : "", "delete the pods at /pod first")
  })

  it("names the remedy of a file system that was made for another volume", () => {
    for (const [type, tool] of [
      ["ext4", "tune2fs -U"],
      ["xfs", "xfs_admin -U"],
      ["btrfs", "btrfstune -U"]
    ] as const) {
      const verdict = decideStage(facts({ wish: fresh, progress: named(someUuid, othersLabel, type) }))
      const message = verdict._tag === "Refuse" ? verdict.error.message : verdict._tag
      assert.include(message, `the UUID ${someUuid}`)
      assert.include(message, `the label ${othersLabel}`)
      assert.include(message, `"${tool} ${volumeId} /dev/vdb"`)
      assert.include(message, "filesystem-uuid-guard = warn")
    }
  })

  it("does not mind such options where nothing has to be formatted", () => {
    const change: Change = { wish: { mkfs: { mkfsOptions: "-d /etc" } }, progress: { contents: fs("ext4") } }
    assert.strictEqual(outcome(decideStage(facts(change))), "Check")
  })

  it.each([
    ["found", { contents: fs("ext2"), checked: true }],
    ["made, as options of the user's may have it", { contents: fs("ext2"), formatted: "ext4" as const }]
  ])("mounts the type that was %s, not the one of the family that is asked for", (_, progress) => {
    const verdict = decideStage(facts({ wish: ext4, progress }))
    assert.deepStrictEqual(verdict, { _tag: "Do", action: { _tag: "Mount", fileSystem: "ext2", options: [] } })
  })
})

describe("mountOptions", () => {
  const options = (wish: Partial<StageWish>, type: "ext2" | "ext3" | "ext4" | "xfs" | "btrfs") =>
    mountOptions({ ...plainWish, ...wish }, type)

  it("are the flags as they came", () => assert.deepStrictEqual(options({ flags: ["noatime"] }, "xfs"), ["noatime"]))

  it("keep journals from being replayed for read-only use, and drop a contradicting flag", () => {
    assert.deepStrictEqual(options({ ...readOnly, flags: ["rw", "noatime"] }, "ext4"), ["noatime", "ro", "noload"])
    assert.deepStrictEqual(options(readOnly, "ext3"), ["ro", "noload"])
    assert.deepStrictEqual(options(readOnly, "ext2"), ["ro"])
    assert.deepStrictEqual(options({ ...readOnly, flags: ["ro"] }, "xfs"), ["ro", "norecovery"])
    assert.deepStrictEqual(options(readOnly, "btrfs"), ["ro", "rescue=nologreplay"])
  })
})
