import type { Look } from "./signatures.ts"

/** What a file system's own superblock says of it. */
export interface Superblock {
  readonly uuid: string
  readonly sizeBytes: bigint
}

const uuidOf = (bytes: Buffer): string =>
  bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")

const at = (look: Look, offset: number, length: number): Buffer | undefined => {
  const bytes = look(offset, length)
  return bytes === undefined ? undefined : Buffer.from(bytes)
}

/** https://docs.kernel.org/filesystems/ext4/globals.html#super-block */
const ext = (look: Look): Superblock | undefined => {
  const block = at(look, 1024, 1024)
  if (block === undefined) return undefined
  const wide = (block.readUInt32LE(96) & 0x80) !== 0
  const blocks = BigInt(block.readUInt32LE(4)) | (wide ? BigInt(block.readUInt32LE(0x150)) << 32n : 0n)
  return { uuid: uuidOf(block.subarray(104, 120)), sizeBytes: blocks << BigInt(10 + block.readUInt32LE(24)) }
}

/** xfs(5) superblock: big-endian, block size at 4, number of blocks at 8, UUID at 32. */
const xfs = (look: Look): Superblock | undefined => {
  const block = at(look, 0, 512)
  if (block === undefined) return undefined
  return { uuid: uuidOf(block.subarray(32, 48)), sizeBytes: block.readBigUInt64BE(8) * BigInt(block.readUInt32BE(4)) }
}

/** The superblock at 64 KiB; the item of this one disk follows at 0xc9 and has its size at its ninth byte. */
const btrfs = (look: Look): Superblock | undefined => {
  const block = at(look, 64 * 1024, 512)
  if (block === undefined) return undefined
  return { uuid: uuidOf(block.subarray(32, 48)), sizeBytes: block.readBigUInt64LE(0xc9 + 8) }
}

export const superblockOf = (family: "ext" | "xfs" | "btrfs", look: Look): Superblock | undefined => {
  switch (family) {
    case "ext":
      return ext(look)
    case "xfs":
      return xfs(look)
    case "btrfs":
      return btrfs(look)
  }
}
