import { Effect } from "effect"
import { familyOf, fileSystemNamed } from "../../domain/Capability.ts"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice, DiskContents, Unformatted } from "../../ports/HostMounter.ts"
import { type BlkidAnswer, probe } from "./blkid.ts"
import type { Devices } from "./devices.ts"
import { failed } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import { isNoise } from "./noise.ts"
import { type Piece, readPieces, readPiecesByChildren, zerosOf } from "./pieces.ts"
import { type Look, type Signature, signaturesIn } from "./signatures.ts"
import type { SlowRead } from "./slowReads.ts"
import { type Superblock, superblockOf } from "./superblocks.ts"

/** What our own reads found, every one of them without an error. */
export interface OwnScan {
  readonly signatures: ReadonlyArray<Signature>
  /** Where the first byte other than zero was seen. */
  readonly firstData: number | undefined
  /** Every place that was read looks like random bytes. Judged only where no signature was seen. */
  readonly isNoise: boolean
  /** Of the file system that we could mount; undefined if none of the kind is at its place. */
  readonly superblock: Superblock | undefined
}

/** Up to here lie the marks by which a disk is mounted; what lies further on may be a copy or a file's content. */
const headBytes = 68 * 1024

const mountable = ["ext", "xfs", "btrfs"] as const

const lookInto =
  (pieces: ReadonlyArray<Piece>): Look =>
  (offset, length) => {
    const piece = pieces.find((one) => offset >= one.offset && offset + length <= one.offset + one.bytes.length)
    return piece?.bytes.subarray(offset - piece.offset, offset - piece.offset + length)
  }

const firstDataIn = ({ offset, bytes }: Piece): number | undefined =>
  bytes.equals(zerosOf(bytes.length)) ? undefined : offset + bytes.findIndex((byte) => byte !== 0)

/** Pieces of zeros are left out of the search, since no mark is made of zeros alone. */
export const scanPieces = (pieces: ReadonlyArray<Piece>, size: number): OwnScan => {
  const marked = pieces.flatMap((piece) => {
    const firstData = firstDataIn(piece)
    return firstData === undefined ? [] : [{ ...piece, firstData }]
  })
  const [first] = marked
  if (first === undefined) return { signatures: [], firstData: undefined, isNoise: false, superblock: undefined }
  const look = lookInto(marked)
  const signatures = signaturesIn(look, size)
  const family = mountable.find((one) => signatures.some(({ name, offset }) => name === one && offset < headBytes))
  return {
    signatures,
    firstData: first.firstData,
    isNoise: signatures.length === 0 && pieces.every(({ bytes }) => isNoise(bytes)),
    superblock: family === undefined ? undefined : superblockOf(family, look)
  }
}

const unclear = (why: string): DiskContents => ({ _tag: "Unclear", why })

const listed = (signatures: ReadonlyArray<Signature>): string =>
  [...new Set(signatures.map(({ name, offset }) => `${name} at byte ${offset}`))].slice(0, 5).join(", ")

const withoutBlkid = (own: OwnScan): DiskContents => {
  if (own.signatures.length > 0) return unclear(`blkid finds nothing, our own scan ${listed(own.signatures)}`)
  if (own.isNoise) return { _tag: "Noise" }
  if (own.firstData !== undefined) return unclear(`data without a known signature, such as at byte ${own.firstData}`)
  return { _tag: "Blank" }
}

/** Only a file system that we would mount has to be seen by both scans; any other is left alone whoever sees it. */
const fileSystem = (
  type: string,
  { label, uuid }: Extract<BlkidAnswer, { readonly _tag: "found" }>,
  own: OwnScan
): DiskContents => {
  const ours = fileSystemNamed(type)
  if (ours === undefined) return { _tag: "FileSystem", type, uuid, label, sizeBytes: undefined }
  const family = familyOf(ours)
  const inHead = own.signatures.filter(({ offset }) => offset < headBytes)
  const others = inHead.filter(({ name }) => name !== family)
  if (!inHead.some(({ name }) => name === family)) return unclear(`blkid finds ${type}, our own scan does not`)
  if (others.length > 0) return unclear(`blkid finds ${type}, our own scan ${listed(others)} besides`)
  return { _tag: "FileSystem", type, uuid, label, sizeBytes: own.superblock?.sizeBytes }
}

/** What two independent scans say together; in doubt the disk is not blank. */
export const agreement = (blkid: BlkidAnswer, own: OwnScan): DiskContents => {
  switch (blkid._tag) {
    case "nothing":
      return withoutBlkid(own)
    case "ambivalent":
      return unclear(`blkid finds signatures that contradict each other; our own scan: ${listed(own.signatures)}`)
    case "found": {
      const { type, usage, partitionTable } = blkid
      if (type === undefined) {
        return partitionTable === undefined
          ? unclear("blkid finds something without a type")
          : { _tag: "Foreign", what: `partition table (${partitionTable})` }
      }
      if (usage !== "filesystem" || type.endsWith("_member")) return { _tag: "Foreign", what: type }
      if (partitionTable !== undefined)
        return unclear(`blkid finds both ${type} and a ${partitionTable} partition table`)
      return fileSystem(type, blkid, own)
    }
  }
}

export interface Contents {
  readonly of: (device: BlockDevice) => Effect.Effect<DiskContents, HostFailure>
  /** Looks once more, without blkid; fails unless the disk still shows what was found before. */
  readonly confirm: (operation: string, device: BlockDevice, found: Unformatted) => Effect.Effect<void, HostFailure>
}

export const makeContents = ({ limits }: HostOptions, devices: Devices, slowRead: SlowRead): Contents => {
  const scan = (operation: string, device: BlockDevice) =>
    Effect.gen(function* () {
      const size = Number(yield* devices.sizeOf(operation, device))
      const own = yield* slowRead(
        `scan ${device.number}`,
        operation,
        limits.scan,
        () => readPieces(device.path, size),
        readPiecesByChildren(operation, device, size, limits.scan)
      )
      yield* devices.verify(operation, device)
      return scanPieces(own, size)
    })

  /** A disk that hangs keeps the thread that reads it, so blkid goes first: a child, which can be killed. */
  const of = (device: BlockDevice) => {
    const operation = `see what is on ${device.path}`
    return Effect.gen(function* () {
      const blkid = yield* probe(operation, device, limits.scan)
      return agreement(blkid, yield* scan(operation, device))
    })
  }

  /** What looks otherwise now is being written, or answered the first look with zeros that it does not hold. */
  const confirm: Contents["confirm"] = (operation, device, found) =>
    Effect.flatMap(scan(operation, device), (own) => {
      if (withoutBlkid(own)._tag === found) return Effect.void
      const seen = own.signatures.length > 0 ? listed(own.signatures) : "other bytes than a moment ago"
      return failed(operation, `it holds data by now: ${seen}`)
    })

  return { of, confirm }
}
