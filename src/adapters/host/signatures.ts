/**
 * The marks by which file systems, partition tables and volume managers are known, at every place where they put them.
 * Independent of libblkid on purpose: a disk counts as blank only if both find nothing.
 */

/** The bytes at an offset, or undefined where the disk has none or they were not read. */
export type Look = (offset: number, length: number) => Uint8Array | undefined

export interface Signature {
  readonly name: string
  readonly kind: "filesystem" | "foreign"
  readonly offset: number
}

interface Mark {
  readonly name: string
  readonly kind: Signature["kind"]
  readonly at: (size: number) => ReadonlyArray<number>
  readonly magic: Uint8Array
  /** A further look, where the magic is too short to be trusted alone. `start` is where the magic was found. */
  readonly confirm?: (look: Look, start: number) => boolean
}

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB
const sector = 512

const text = (characters: string): Uint8Array => Buffer.from(characters, "latin1")
const hex = (digits: string): Uint8Array => Buffer.from(digits, "hex")
const fixed =
  (...offsets: ReadonlyArray<number>) =>
  () =>
    offsets
const fromEnd =
  (...distances: ReadonlyArray<number>) =>
  (size: number) =>
    distances.map((distance) => size - distance)

const mark = (
  kind: Signature["kind"],
  name: string,
  at: Mark["at"],
  magics: ReadonlyArray<Uint8Array>,
  confirm?: Mark["confirm"]
): ReadonlyArray<Mark> =>
  magics.map((magic) => ({ kind, name, at, magic, ...(confirm === undefined ? {} : { confirm }) }))

const little = (look: Look, offset: number): number => {
  const bytes = look(offset, 4)
  return bytes === undefined ? 0 : Buffer.from(bytes).readUInt32LE()
}

/** s_log_block_size and s_inodes_count of a superblock whose magic is at `start`. */
const extLooksSound = (look: Look, start: number) => little(look, start - 56 + 24) <= 6 && little(look, start - 56) > 0

/** drAlBlkSiz of a volume is a multiple of 512, and its name has 1 to 27 letters (Inside Macintosh: Files, 2-60). */
const hfsLooksSound = (look: Look, start: number): boolean => {
  const [high, low] = look(start + 20, 4)?.subarray(2) ?? []
  const [letters = 0] = look(start + 36, 1) ?? []
  return low === 0 && high !== undefined && high % 2 === 0 && letters >= 1 && letters <= 27
}

/** s_rev_level stands before the magic; there has been no revision but 2 (nilfs2_ondisk.h). */
const nilfsLooksSound = (look: Look, start: number): boolean => little(look, start - 6) === 2

/** The 256 words of a Sun label cancel each other out, else the kernel passes it over. */
const sunLooksSound = (look: Look): boolean => {
  const label = look(0, sector)
  if (label === undefined) return false
  const xorOf = (half: number) => label.reduce((sum, byte, index) => (index % 2 === half ? sum ^ byte : sum), 0)
  return xorOf(0) === 0 && xorOf(1) === 0
}

/** A boot sector belongs to the file system that wrote it, so only one with entries is a partition table. */
const hasPartitions = (look: Look): boolean => {
  const entries = look(446, 64)
  if (entries === undefined) return false
  const partitions = [0, 16, 32, 48].map((start) => entries.subarray(start, start + 16))
  const plausible = partitions.every(([flag]) => flag === 0 || flag === 0x80)
  return plausible && partitions.some((entry) => entry[4] !== 0 && entry.subarray(12, 16).some((byte) => byte !== 0))
}

/** Version 1.0 sits 8 KiB before the end on a 4 KiB boundary, 0.90 in the last whole 64 KiB (md(4)). */
const md10 = (size: number) => [(Math.floor(size / sector) - 16 - ((Math.floor(size / sector) - 16) % 8)) * sector]
const md090 = (size: number) => [size - (size % (64 * KiB)) - 64 * KiB]

/** Two labels of 256 KiB at either end, each with a ring of uberblocks in its second half. */
const zfsLabels = (size: number) => {
  const aligned = size - (size % (256 * KiB))
  const labels = [0, 256 * KiB, aligned - 512 * KiB, aligned - 256 * KiB]
  return labels.flatMap((label) => Array.from({ length: 128 }, (_, index) => label + 128 * KiB + index * KiB))
}

const swapPages = [4, 8, 16, 32, 64].map((kib) => kib * KiB)
const luksBackups = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096].map((kib) => kib * KiB)
/** The second block group, with blocks of 1, 2 and 4 KiB. */
const extBackups = [8 * MiB + KiB, 32 * MiB, 128 * MiB]
const btrfsMirrors = [64 * MiB, 256 * GiB]
/** mkfs.xfs makes four allocation groups unless the disk is huge or striped. */
const xfsSecondGroup = (size: number) => [Math.ceil(Math.floor(size / 4096) / 4) * 4096]
const udfDescriptors = Array.from({ length: 16 }, (_, index) => 32 * KiB + index * 2 * KiB + 1)

const marks: ReadonlyArray<Mark> = [
  ...mark("filesystem", "ext", fixed(1080), [hex("53ef")], extLooksSound),
  ...mark("filesystem", "ext", fixed(...extBackups.map((at) => at + 56)), [hex("53ef")], extLooksSound),
  ...mark("filesystem", "xfs", fixed(0), [text("XFSB")]),
  ...mark("filesystem", "xfs", xfsSecondGroup, [text("XFSB")]),
  ...mark("filesystem", "btrfs", fixed(64 * KiB + 64, ...btrfsMirrors.map((at) => at + 64)), [text("_BHRfS_M")]),
  ...mark("filesystem", "vfat", fixed(54), [text("FAT12   "), text("FAT16   "), text("FAT     ")]),
  ...mark("filesystem", "vfat", fixed(82), [text("FAT32   ")]),
  ...mark("filesystem", "exfat", fixed(3), [text("EXFAT   ")]),
  ...mark("filesystem", "ntfs", fixed(3), [text("NTFS    ")]),
  ...mark("filesystem", "ReFS", fixed(3), [text("ReFS")]),
  ...mark("filesystem", "iso9660", fixed(32 * KiB + 1), [text("CD001")]),
  ...mark("filesystem", "udf", fixed(...udfDescriptors), [text("NSR02"), text("NSR03"), text("BEA01")]),
  ...mark("filesystem", "f2fs", fixed(KiB, 5 * KiB), [hex("1020f5f2")]),
  ...mark("filesystem", "nilfs2", (size) => [KiB + 6, size - (size % 4096) - 4096 + 6], [hex("3434")], nilfsLooksSound),
  ...mark("filesystem", "jfs", fixed(32 * KiB), [text("JFS1")]),
  ...mark("filesystem", "reiserfs", fixed(8 * KiB + 52, 64 * KiB + 52), [text("ReIsEr")]),
  ...mark("filesystem", "reiser4", fixed(64 * KiB), [text("ReIsEr4")]),
  ...mark("filesystem", "hfs", fixed(KiB), [text("H+\x00\x04"), text("HX\x00\x05")]),
  ...mark("filesystem", "hfs", fixed(KiB), [text("BD")], hfsLooksSound),
  ...mark("filesystem", "apfs", fixed(32), [text("NXSB")]),
  ...mark("filesystem", "ufs", fixed(...[8, 64, 256].map((kib) => kib * KiB + 1372)), [
    hex("54190100"),
    hex("19540119")
  ]),
  ...mark("filesystem", "squashfs", fixed(0), [text("hsqs"), text("sqsh")]),
  ...mark("filesystem", "erofs", fixed(KiB), [hex("e2e1f5e0")]),
  ...mark("filesystem", "cramfs", fixed(0, 512), [hex("453dcd28"), hex("28cd3d45")]),
  ...mark("filesystem", "romfs", fixed(0), [text("-rom1fs-")]),
  ...mark("filesystem", "gfs2", fixed(64 * KiB), [hex("01161970")]),
  ...mark("filesystem", "ocfs2", fixed(KiB, 2 * KiB, 4 * KiB, 8 * KiB), [text("OCFSV2")]),
  ...mark("filesystem", "vxfs", fixed(KiB, 8 * KiB), [hex("f5fc01a5"), hex("a501fcf5")]),
  ...mark("filesystem", "bcachefs", fixed(4 * KiB + 24), [hex("c68573f666ce90a9d96a60cf803df7ef")]),
  ...mark("filesystem", "VMFS", fixed(2 * MiB), [hex("5ef1ab2f")]),
  ...mark("foreign", "VMFS volume member", fixed(MiB), [hex("0dd001c0")]),
  ...mark("foreign", "swap space", fixed(...swapPages.map((page) => page - 10)), [
    text("SWAPSPACE2"),
    text("SWAP-SPACE")
  ]),
  ...mark("foreign", "suspended machine", fixed(...swapPages.map((page) => page - 10)), [
    text("S1SUSPEND"),
    text("S2SUSPEND"),
    text("ULSUSPEND"),
    text("LINHIB0001")
  ]),
  ...mark("foreign", "LUKS", fixed(0), [text("LUKS\xba\xbe")]),
  ...mark("foreign", "LUKS", fixed(...luksBackups), [text("SKUL\xba\xbe")]),
  ...mark("foreign", "BitLocker", fixed(3), [text("-FVE-FS-")]),
  ...mark("foreign", "LVM2 physical volume", fixed(...[0, 1, 2, 3].map((index) => index * sector)), [text("LABELONE")]),
  ...mark("foreign", "LVM1 physical volume", fixed(0), [text("HM\x01\x00"), text("HM\x02\x00")]),
  ...mark("foreign", "MD RAID member", fixed(0, 4 * KiB), [hex("fc4e2ba9")]),
  ...mark("foreign", "MD RAID member", md10, [hex("fc4e2ba9")]),
  ...mark("foreign", "MD RAID member", md090, [hex("fc4e2ba9"), hex("a92b4efc")]),
  ...mark("foreign", "DDF RAID member", fromEnd(sector, 257 * sector), [hex("de11de11"), hex("11de11de")]),
  ...mark("foreign", "Intel RAID member", fromEnd(2 * sector), [text("Intel Raid ISM Cfg Sig. ")]),
  ...mark("foreign", "NVIDIA RAID member", fromEnd(2 * sector), [text("NVIDIA  ")]),
  ...mark("foreign", "LSI RAID member", fromEnd(sector), [text("$XIDE$")]),
  ...mark("foreign", "DRBD", (size) => [size - (size % 4096) - 4096 + 60], [
    hex("83740267"),
    hex("8374026b"),
    hex("8374026d")
  ]),
  ...mark("foreign", "ZFS member", zfsLabels, [hex("0cb1ba0000000000"), hex("0000000000bab10c")]),
  ...mark("foreign", "bcache", fixed(4 * KiB + 24), [hex("c68573f64e1a45ca8265f57f48ba6d81")]),
  ...mark("foreign", "Ceph BlueStore", fixed(0), [text("bluestore block device")]),
  ...mark("foreign", "Stratis pool", fixed(sector + 4, 9 * sector + 4), [text("!Stra0tis\x86\xff\x02^\x41rh")]),
  ...mark("foreign", "VDO", fixed(0), [text("dmvdo001")]),
  ...mark("foreign", "Oracle ASM", fixed(32), [text("ORCLDISK")]),
  ...mark("foreign", "device-mapper snapshot", fixed(0), [text("SnAp")]),
  ...mark("foreign", "ext journal", fixed(0), [hex("c03b3998")]),
  ...mark("foreign", "partition table (gpt)", fixed(sector, 4096), [text("EFI PART")]),
  ...mark("foreign", "partition table (gpt, backup)", fromEnd(sector, 4096), [text("EFI PART")]),
  ...mark("foreign", "partition table (dos)", fixed(510), [hex("55aa")], hasPartitions),
  ...mark("foreign", "partition table (bsd)", fixed(64, sector), [hex("57455682")]),
  ...mark("foreign", "partition table (sun)", fixed(508), [hex("dabe")], sunLooksSound),
  ...mark("foreign", "partition table (mac)", fixed(sector), [text("PM\x00\x00")])
]

/** A stretch of the disk that is read as a whole. */
export interface Region {
  readonly offset: number
  readonly length: number
}

const samples = 16
const sampleBytes = 4 * KiB

/** Everything that the marks need, and samples in between to tell an empty disk from one that merely bears no mark. */
export const regionsOf = (size: number): ReadonlyArray<Region> => {
  const ends = Math.min(MiB, size)
  const spread = Array.from({ length: samples }, (_, index) => Math.floor(((index + 1) * size) / (samples + 1)))
  const points = marks
    .flatMap(({ at }) => at(size))
    .concat(spread)
    .map((offset) => offset - (offset % sampleBytes))
    .filter((offset) => offset >= ends && offset + sampleBytes <= size - ends)
  const between = [...new Set(points)].sort((a, b) => a - b).map((offset) => ({ offset, length: sampleBytes }))
  const head = { offset: 0, length: ends }
  return size <= ends ? [head] : [head, ...between, { offset: size - ends, length: ends }]
}

/** Every mark on the disk, lowest offset first. */
export const signaturesIn = (look: Look, size: number): ReadonlyArray<Signature> =>
  marks
    .flatMap(({ name, kind, at, magic, confirm }) =>
      [...new Set(at(size))]
        .filter((offset) => {
          const found = offset < 0 ? undefined : look(offset, magic.length)
          return found !== undefined && Buffer.compare(found, magic) === 0 && (confirm?.(look, offset) ?? true)
        })
        .map((offset): Signature => ({ name, kind, offset }))
    )
    .sort((a, b) => a.offset - b.offset)
