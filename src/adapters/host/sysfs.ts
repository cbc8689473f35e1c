import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { basename, join } from "node:path"
import { orNothing } from "./failures.ts"
import type { Serial } from "./identity.ts"

/** What sysfs tells about disks (https://docs.kernel.org/admin-guide/abi-stable-files.html). */
export interface Sysfs {
  /** The kernel's names of disks that a cloud may have attached. */
  readonly names: () => ReadonlyArray<string>
  /** The number of a disk's folder, which no later disk gets; undefined if the disk is gone. */
  readonly folderOf: (name: string) => bigint | undefined
  /** As `BlockDevice` has it; undefined if the disk is gone. */
  readonly instanceOf: (name: string) => string | undefined
  /** Undefined if the disk is gone, or is not for use: a path of a multipath disk. */
  readonly numberOf: (name: string) => string | undefined
  readonly backingFileOf: (name: string) => string | undefined
  /** What SCSI and NVMe disks said when they were plugged in, which the kernel remembers. */
  readonly serialsOf: (name: string) => ReadonlyArray<Serial>
  /** Where a virtio disk is asked for its serial anew by each reader, who waits for as long as it does not answer. */
  readonly serialFileOf: (name: string) => string
  /** The kernel's name of a device number, and which of all disks that ever had it; undefined if it is gone. */
  readonly ownerOf: (number: string) => Owner | undefined
  readonly sizeOf: (name: string) => bigint
  /** What sits on top of a disk or a partition of it and keeps it in use, such as a device-mapper table. */
  readonly holdersOf: (name: string) => ReadonlyArray<string>
}

/** The disk that has a device number now. */
export interface Owner {
  readonly name: string
  /** As `BlockDevice` has it. */
  readonly instance: string
}

const sectorBytes = 512n

/** A SCSI page of vital product data: four bytes of head, of which the last two are the length, then the text. */
export const unitSerial = (page: Uint8Array): string => {
  if (page.length < 4 || page[1] !== 0x80) return ""
  const length = (page[2] ?? 0) * 256 + (page[3] ?? 0)
  return Buffer.from(page.subarray(4, 4 + length)).toString("latin1")
}

/** The kinds of designator that may hold a serial: vendor's, T10, EUI-64, NAA and SCSI name (SPC-4, 7.8.6). */
const designatorTypes: ReadonlyArray<number | undefined> = [0, 1, 2, 3, 8]

/** The SCSI page that names the disk in several ways, binary or as text; names of ports and targets are passed over. */
export const designators = (page: Uint8Array): ReadonlyArray<string> => {
  if (page.length < 4 || page[1] !== 0x83) return []
  const end = Math.min(page.length, 4 + (page[2] ?? 0) * 256 + (page[3] ?? 0))
  const texts: Array<string> = []
  for (let start = 4; start + 4 <= end; ) {
    const [codeSet = 0, kind = 0, , length = 0] = page.subarray(start, start + 4)
    const value = Buffer.from(page.subarray(start + 4, Math.min(start + 4 + length, end)))
    const isOfDisk = (kind & 0x30) === 0 && designatorTypes.includes(kind & 0x0f)
    if (isOfDisk) texts.push(value.toString((codeSet & 0x0f) === 1 ? "hex" : "latin1"))
    start += 4 + length
  }
  return texts
}

const plain = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1")

type SerialFile = readonly [file: string, from: string, decode: (bytes: Uint8Array) => string | ReadonlyArray<string>]

/** Where the drivers of SCSI and NVMe show the identity of a disk. */
const serialFiles: ReadonlyArray<SerialFile> = [
  ["device/serial", "serial", plain],
  ["device/vpd_pg80", "unit serial", unitSerial],
  ["device/vpd_pg83", "designator", designators],
  ["device/wwid", "wwid", plain],
  ["wwid", "wwid", plain]
]

/** None if a disk leaves the place for its serial empty. */
export const serialsIn = (from: string, text: string): ReadonlyArray<Serial> => {
  const clean = text.replaceAll("\0", " ").trim()
  return clean === "" ? [] : [{ from, text: clean }]
}

/** No disk that a cloud attaches: memory, floppies, optical drives and what is built upon other disks. */
const neverVolumes = /^(ram|zram|fd|sr|dm-|md|nbd)/

/**
 * Read on the event loop on purpose: the kernel answers from memory, also while disks hang, and a hop to another thread
 * and back takes ten times as long. What asks the disk itself, `serialFileOf` alone, is for the caller to read.
 */
export const makeSysfs = (root: string): Sysfs => {
  const block = join(root, "class", "block")
  const textIn = (...path: ReadonlyArray<string>) =>
    orNothing(() => readFileSync(join(...path), "utf8"))?.replace(/\n$/, "")

  const namesIn = (...path: ReadonlyArray<string>) => orNothing(() => readdirSync(join(...path))) ?? []

  const folderAt = (path: string) => orNothing(() => statSync(path, { bigint: true }))?.ino

  /** The folder stays where a loop device gets another file; then the kernel counts up `diskseq`, which Linux 5.15 brought. */
  const instanceAt = (path: string) => {
    const folder = folderAt(path)
    return folder === undefined ? undefined : `${folder}.${textIn(path, "diskseq") ?? ""}`
  }

  return {
    names: () => readdirSync(join(root, "block")).filter((name) => !neverVolumes.test(name)),
    folderOf: (name) => folderAt(join(block, name)),
    instanceOf: (name) => instanceAt(join(block, name)),
    numberOf: (name) => (textIn(block, name, "hidden") === "1" ? undefined : textIn(block, name, "dev")),
    backingFileOf: (name) => textIn(block, name, "loop", "backing_file"),
    serialsOf: (name) =>
      serialFiles.flatMap(([file, from, decode]) => {
        const bytes = orNothing(() => readFileSync(join(block, name, file)))
        return bytes === undefined ? [] : [decode(bytes)].flat().flatMap((text) => serialsIn(from, text))
      }),
    serialFileOf: (name) => join(block, name, "serial"),
    ownerOf: (number) => {
      const path = join(root, "dev", "block", number)
      const link = orNothing(() => readlinkSync(path))
      const instance = instanceAt(path)
      return link === undefined || instance === undefined ? undefined : { name: basename(link), instance }
    },
    sizeOf: (name) => BigInt(readFileSync(join(block, name, "size"), "utf8").trim()) * sectorBytes,
    holdersOf: (name) => {
      const partitions = namesIn(block, name).filter((entry) => entry.startsWith(name))
      const folders = [join(block, name), ...partitions.map((partition) => join(block, name, partition))]
      return folders.flatMap((folder) => namesIn(folder, "holders"))
    }
  }
}
