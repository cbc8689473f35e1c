import { randomBytes } from "node:crypto"
import { closeSync, openSync, writeSync } from "node:fs"
import { MiB, sh } from "./loopDisks.ts"

/** Of the disk that all of these are written on. */
export const sizeMiB = 64
const size = sizeMiB * MiB

export const write = (path: string, offset: number, bytes: string | Uint8Array) => {
  const file = openSync(path, "r+")
  writeSync(file, typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, 0, bytes.length, offset)
  closeSync(file)
}

const luks2 = () => {
  const header = Buffer.alloc(4096)
  header.write("LUKS\xba\xbe", 0, "latin1")
  header.writeUInt16BE(2, 6)
  header.writeBigUInt64BE(16384n, 8)
  header.write("sha256", 72, "latin1")
  header.write("1c2f4b7e-9d3a-4e51-8a6b-0f1e2d3c4b5a", 168, "latin1")
  return header
}

/** A v1.x superblock whose checksum is right, as mdadm writes it. */
const raid = (superOffset: number) => {
  const block = Buffer.alloc(4096)
  block.writeUInt32LE(0xa92b4efc, 0)
  block.writeUInt32LE(1, 4)
  randomBytes(16).copy(block, 16)
  block.writeBigUInt64LE(BigInt(superOffset / 512), 144)
  let sum = 0n
  for (let at = 0; at < 256; at += 4) sum += BigInt(block.readUInt32LE(at))
  block.writeUInt32LE(Number(((sum & 0xffffffffn) + (sum >> 32n)) & 0xffffffffn), 216)
  return block
}

const lvm = () => {
  const label = Buffer.alloc(512)
  label.write("LABELONE", 0, "latin1")
  label.writeBigUInt64LE(1n, 8)
  label.writeUInt32LE(32, 20)
  label.write("LVM2 001", 24, "latin1")
  label.write("abcdefghijklmnopqrstuvwxyz012345", 32, "latin1")
  let crc = 0xf597a6cf
  for (const byte of label.subarray(20)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  label.writeUInt32LE(crc >>> 0, 16)
  return label
}

const dosTable = () => {
  const entry = Buffer.alloc(66)
  entry[4] = 0x83
  entry.writeUInt32LE(2048, 8)
  entry.writeUInt32LE(4096, 12)
  entry[64] = 0x55
  entry[65] = 0xaa
  return entry
}

const fat = () => {
  const boot = Buffer.alloc(512)
  Buffer.from("eb3c904d53444f53352e3000020101000200020000f8400020004000000000000000000080002912345678", "hex").copy(
    boot
  )
  boot.write("NO NAME    FAT16   ", 43, "latin1")
  boot.writeUInt16LE(0xaa55, 510)
  boot.writeUInt16LE(40000, 19)
  return boot
}

/** What a disk may hold that is no file system of ours, as a scan of the real disk tells it. */
export const foreign: ReadonlyArray<readonly [what: string, seen: RegExp, make: (path: string) => void]> = [
  ["a DOS partition table", /^Foreign partition table \(dos\)/, (path) => write(path, 446, dosTable())],
  ["a GPT", /^Foreign partition table \(gpt\)/, (path) => sh("sh", "-c", `echo label: gpt | sfdisk --quiet ${path}`)],
  [
    "a GPT of which only the backup is left",
    /^Unclear .*gpt, backup/,
    (path) => {
      sh("sh", "-c", `echo label: gpt | sfdisk --quiet ${path}`)
      write(path, 0, Buffer.alloc(MiB))
    }
  ],
  ["an LVM physical volume", /^Foreign LVM2_member/, (path) => write(path, 512, lvm())],
  ["a LUKS2 header", /^Foreign crypto_LUKS/, (path) => write(path, 0, luks2())],
  [
    "a LUKS2 header of which only the copy is left",
    /^(Foreign crypto_LUKS|Unclear)/,
    (path) => write(path, 16384, "SKUL\xba\xbe\x00\x02")
  ],
  ["a FAT file system", /^FileSystem vfat/, (path) => write(path, 0, fat())],
  ["swap space", /^Foreign swap/, (path) => sh("mkswap", path)],
  ["an MD 1.2 member", /^Foreign linux_raid_member/, (path) => write(path, 4096, raid(4096))],
  ["an MD 1.0 member", /^Foreign linux_raid_member/, (path) => write(path, size - 8192, raid(size - 8192))],
  ["an xfs of which only a later copy is left", /^Unclear .*own scan xfs/, (path) => write(path, 16 * MiB, "XFSB")],
  ["random noise all over", /^Noise/, (path) => write(path, 0, randomBytes(size))],
  [
    "random noise with a page of zeros in it",
    /^Unclear data without a known signature/,
    (path) => {
      write(path, 0, randomBytes(size))
      write(path, 400_000, Buffer.alloc(4096))
    }
  ],
  ["one byte at the end", /^Unclear data without a known signature/, (path) => write(path, size - 1, "x")],
  [
    "an ext4 whose superblock is wiped",
    /^Unclear/,
    (path) => {
      sh("mkfs.ext4", "-q", "-F", path)
      write(path, 1024, Buffer.alloc(1024))
    }
  ],
  [
    "an ext4 and an LVM label",
    /^(Unclear|Foreign)/,
    (path) => {
      sh("mkfs.ext4", "-q", "-F", path)
      write(path, 512, lvm())
    }
  ]
]
