import { randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { type BlkidAnswer, parseBlkid } from "../../../src/adapters/host/blkid.ts"
import { agreement, type OwnScan, scanPieces } from "../../../src/adapters/host/contents.ts"
import { regionsOf } from "../../../src/adapters/host/signatures.ts"

const MiB = 1024 * 1024
const GiB = 1024 * MiB

/** A sparse disk: only the bytes that are written differ from zero. */
const scan = (
  size: number,
  ...written: ReadonlyArray<readonly [offset: number, bytes: string | Uint8Array]>
): OwnScan =>
  scanPieces(
    regionsOf(size).map(({ offset, length }) => {
      const bytes = Buffer.alloc(length)
      for (const [at, content] of written) {
        const data = typeof content === "string" ? Buffer.from(content, "latin1") : Buffer.from(content)
        const start = at - offset
        if (start >= 0 && start + data.length <= length) data.copy(bytes, start)
      }
      return { offset, bytes }
    }),
    size
  )

const nothing: BlkidAnswer = { _tag: "nothing" }
const saw = (type: string | undefined, more: Partial<Extract<BlkidAnswer, { _tag: "found" }>> = {}): BlkidAnswer => ({
  _tag: "found",
  type,
  usage: "filesystem",
  uuid: "0d6c4a7e-0000-4000-8000-000000000001",
  label: "some-label",
  partitionTable: undefined,
  ...more
})

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const size = 2 * GiB
const ext = (at = 1024) => [
  [at, u32(1000)] as const,
  [at + 4, u32(524288)] as const,
  [at + 24, u32(2)] as const,
  [at + 56, Buffer.from("53ef", "hex")] as const
]

describe("our own scan", () => {
  const partition = Buffer.alloc(66)
  partition[4] = 0x83
  partition.writeUInt32LE(2048, 8)
  partition.writeUInt32LE(4096, 12)
  partition[64] = 0x55
  partition[65] = 0xaa

  const kinds: ReadonlyArray<readonly [name: string, offset: number, bytes: string | Uint8Array]> = [
    ["xfs", 0, "XFSB"],
    ["btrfs", 65600, "_BHRfS_M"],
    ["btrfs", 64 * MiB + 64, "_BHRfS_M"],
    ["vfat", 82, "FAT32   "],
    ["exfat", 3, "EXFAT   "],
    ["ntfs", 3, "NTFS    "],
    ["iso9660", 32769, "CD001"],
    ["udf", 32769 + 2048, "NSR03"],
    ["f2fs", 1024, Buffer.from("1020f5f2", "hex")],
    ["swap space", 4086, "SWAPSPACE2"],
    ["swap space", 65526, "SWAPSPACE2"],
    ["LUKS", 0, "LUKS\xba\xbe\x00\x02"],
    ["LUKS", 16384, "SKUL\xba\xbe"],
    ["LUKS", 4 * MiB, "SKUL\xba\xbe"],
    ["LVM2 physical volume", 512, "LABELONE"],
    ["MD RAID member", 0, Buffer.from("fc4e2ba9", "hex")],
    ["MD RAID member", 4096, Buffer.from("fc4e2ba9", "hex")],
    ["MD RAID member", size - 8192, Buffer.from("fc4e2ba9", "hex")],
    ["MD RAID member", size - 65536, Buffer.from("fc4e2ba9", "hex")],
    ["Intel RAID member", size - 1024, "Intel Raid ISM Cfg Sig. "],
    ["DDF RAID member", size - 512, Buffer.from("de11de11", "hex")],
    ["ZFS member", 128 * 1024 + 5 * 1024, Buffer.from("0cb1ba0000000000", "hex")],
    ["ZFS member", size - 128 * 1024, Buffer.from("0cb1ba0000000000", "hex")],
    ["bcache", 4120, Buffer.from("c68573f64e1a45ca8265f57f48ba6d81", "hex")],
    ["Ceph BlueStore", 0, "bluestore block device\n"],
    ["VMFS volume member", MiB, Buffer.from("0dd001c0", "hex")],
    ["partition table (gpt)", 512, "EFI PART"],
    ["partition table (gpt, backup)", size - 512, "EFI PART"],
    ["partition table (dos)", 446, partition],
    ["DRBD", size - 4096 + 60, Buffer.from("8374026b", "hex")],
    ["Oracle ASM", 32, "ORCLDISK"]
  ]

  it.each(kinds)("knows %s at byte %d", (name, offset, bytes) => {
    const { signatures } = scan(size, [offset, bytes])
    assert.deepStrictEqual([...new Set(signatures.map((signature) => signature.name))], [name])
  })

  it("knows ext by its superblock and by the copies of it", () => {
    for (const at of [1024, 8 * MiB + 1024, 32 * MiB, 128 * MiB]) {
      assert.deepStrictEqual(
        scan(size, ...ext(at)).signatures.map(({ name }) => name),
        ["ext"],
        `at ${at}`
      )
    }
  })

  it("finds nothing on a disk of zeros of any size", () => {
    for (const bytes of [512, 4096, 65536, MiB - 512, MiB, MiB + 512, 3 * MiB, GiB, 300 * GiB]) {
      const own = scan(bytes)
      assert.deepStrictEqual([own.signatures, own.firstData], [[], undefined], `with ${bytes} bytes`)
    }
  })

  it("reads no byte twice and none beyond the end", () => {
    for (const bytes of [512, MiB, 2 * MiB, 5 * MiB + 512, GiB, 300 * GiB]) {
      let end = 0
      for (const { offset, length } of regionsOf(bytes).filter((region) => region.offset > 0)) {
        assert.isAtLeast(offset, Math.min(end, bytes - MiB))
        end = offset + length
        assert.isAtMost(end, bytes)
      }
    }
  })

  it("reads what an ext superblock says, beyond 16 TiB too", () => {
    const block = [...ext(), [1024 + 96, u32(0x80)] as const, [1024 + 0x150, u32(1)] as const]
    assert.strictEqual(scan(size, ...block).superblock?.sizeBytes, (2n ** 32n + 524288n) * 4096n)
  })
})

describe("our own scan of noise", () => {
  it.each([
    ["hfs", 1024, "BD"],
    ["nilfs2", 1030, "44"],
    ["partition table (sun)", 508, "\xda\xbe"]
  ])("takes the two bytes of %s for a signature only with what belongs to them", (name, at, magic) => {
    const rest = Buffer.alloc(4096, 0xa5)
    rest.write(magic, at, "latin1")
    const names = (bytes: Buffer) => scan(size, [0, bytes]).signatures.map((signature) => signature.name)
    assert.notInclude(names(rest), name)
    const sound = Buffer.alloc(4096)
    sound.write(magic, at, "latin1")
    sound.writeUInt32LE(2, 1024)
    if (name === "hfs") {
      sound.write("BD", at, "latin1")
      sound.writeUInt32BE(4096, 1024 + 20)
      sound[1024 + 36] = 4
    }
    if (name === "partition table (sun)") sound.write(magic, 0, "latin1")
    assert.include(names(sound), name)
  })

  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4096, maxLength: 4096 }), fc.boolean(), (noise, marked) => {
        const bytes = Buffer.alloc(128 * 1024)
        for (let at = 0; at < bytes.length; at += noise.length) Buffer.from(noise).copy(bytes, at)
        if (marked) bytes.writeUInt16LE(0xef53, 1080)
        assert.isDefined(scan(size, [0, bytes]).signatures)
      }),
      { numRuns: 50 }
    )
  })
})

describe("two scans together", () => {
  it("call a disk blank only if neither sees anything and all bytes read are zero", () => {
    assert.deepStrictEqual(agreement(nothing, scan(size)), { _tag: "Blank" })
  })

  it.each([
    ["at the start", 0],
    ["within the first MiB", 777_777],
    ["at the very end", size - 1]
  ])("do not call a disk blank that holds noise %s", (_, at) => {
    const contents = agreement(nothing, scan(size, [at, "\x01"]))
    assert.strictEqual(contents._tag, "Unclear")
    assert.include(
      contents._tag === "Unclear" ? contents.why : "",
      `data without a known signature, such as at byte ${at}`
    )
  })

  it("call noise only what looks random wherever it is read, and where neither sees anything", () => {
    const all = randomBytes(MiB)
    const noisy = (change: (bytes: Buffer, offset: number) => void = () => undefined) =>
      scanPieces(
        regionsOf(size).map(({ offset, length }) => {
          const bytes = Buffer.from(all.subarray(0, length))
          change(bytes, offset)
          return { offset, bytes }
        }),
        size
      )
    const [, second] = regionsOf(size)
    assert.deepStrictEqual(agreement(nothing, noisy()), { _tag: "Noise" })
    assert.strictEqual(agreement(saw("minix"), noisy())._tag, "FileSystem")
    assert.strictEqual(agreement({ _tag: "ambivalent" }, noisy())._tag, "Unclear")
    const marked = noisy((bytes, offset) => offset === 0 && bytes.write("LABELONE", 512, "latin1"))
    assert.strictEqual(agreement(nothing, marked)._tag, "Unclear")
    const zeroed = noisy((bytes, offset) => offset === second?.offset && bytes.fill(0))
    assert.strictEqual(agreement(nothing, zeroed)._tag, "Unclear")
  })

  it("do not call a disk blank on which only our own scan sees something", () => {
    const contents = agreement(nothing, scan(size, [size - 8192, Buffer.from("fc4e2ba9", "hex")]))
    assert.deepStrictEqual(contents, {
      _tag: "Unclear",
      why: `blkid finds nothing, our own scan MD RAID member at byte ${size - 8192}`
    })
  })

  it("agree on a file system that both see, with its names and the size that it records", () => {
    assert.deepStrictEqual(agreement(saw("ext4"), scan(size, ...ext())), {
      _tag: "FileSystem",
      type: "ext4",
      uuid: "0d6c4a7e-0000-4000-8000-000000000001",
      label: "some-label",
      sizeBytes: 2147483648n
    })
  })

  it("are unclear about a file system that only blkid sees", () => {
    assert.strictEqual(agreement(saw("ext4"), scan(size))._tag, "Unclear")
  })

  it("are unclear about a file system beside another signature at the head of the disk", () => {
    const contents = agreement(saw("ext4"), scan(size, ...ext(), [512, "LABELONE"]))
    assert.match(contents._tag === "Unclear" ? contents.why : "", /LVM2 physical volume at byte 512 besides/)
  })

  it("do not mind leftovers far behind in a file system that both see", () => {
    assert.strictEqual(agreement(saw("ext4"), scan(size, ...ext(), [size - 512, "EFI PART"]))._tag, "FileSystem")
  })

  it("leave a file system alone that we never mount, whoever sees it", () => {
    assert.deepStrictEqual(agreement(saw("hfsplus"), scan(size)), {
      _tag: "FileSystem",
      type: "hfsplus",
      uuid: "0d6c4a7e-0000-4000-8000-000000000001",
      label: "some-label",
      sizeBytes: undefined
    })
  })

  it.each([
    ["LVM2_member", "raid"],
    ["crypto_LUKS", "crypto"],
    ["swap", "other"],
    ["zfs_member", "filesystem"]
  ])("call %s foreign", (type, usage) => {
    assert.deepStrictEqual(agreement(saw(type, { usage }), scan(size)), { _tag: "Foreign", what: type })
  })

  it("call a partition table foreign", () => {
    assert.deepStrictEqual(agreement(saw(undefined, { usage: undefined, partitionTable: "gpt" }), scan(size)), {
      _tag: "Foreign",
      what: "partition table (gpt)"
    })
  })

  it("are unclear about a file system beside a partition table", () => {
    assert.strictEqual(agreement(saw("ext4", { partitionTable: "dos" }), scan(size, ...ext()))._tag, "Unclear")
  })

  it("are unclear where blkid sees a contradiction", () => {
    assert.strictEqual(agreement({ _tag: "ambivalent" }, scan(size, ...ext()))._tag, "Unclear")
  })
})

describe("blkid's answer", () => {
  const parse = (code: number, stdout: string, stderr = "") => parseBlkid("look", { code, stdout, stderr })

  it.effect("is read with its escapes undone", () =>
    Effect.gen(function* () {
      const stdout = "DEVNAME=/dev/vdb\nLABEL=a\\ b\nUUID=u-1\nTYPE=ext4\nUSAGE=filesystem\n"
      assert.deepStrictEqual(yield* parse(0, stdout), {
        _tag: "found",
        type: "ext4",
        usage: "filesystem",
        uuid: "u-1",
        label: "a b",
        partitionTable: undefined
      })
    })
  )

  it.effect("of status 2 means nothing only without a complaint", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* parse(2, ""), nothing)
      const failure = yield* Effect.flip(parse(2, "", "blkid: error: /dev/vdb: Input/output error\n"))
      assert.include(failure.message, "Input/output error")
    })
  )

  it.effect("of status 8 means a contradiction", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* parse(8, "", "ambivalent"), { _tag: "ambivalent" })
    })
  )

  it.effect("of any other status is a failure", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(parse(4, "", "usage")))._tag, "HostFailure")
    })
  )
})
