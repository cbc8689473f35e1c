import { readdir, readFile, readlink } from "node:fs/promises"
import { basename, join } from "node:path"
import type { Disk, Serial } from "./identity.ts"

/** What sysfs tells about disks (https://docs.kernel.org/admin-guide/abi-stable-files.html). */
export interface Sysfs {
  readonly disks: () => Promise<ReadonlyArray<Disk>>
  /** The kernel's name of a device number; undefined if it is gone. */
  readonly nameOf: (number: string) => Promise<string | undefined>
  readonly sizeOf: (name: string) => Promise<bigint>
  /** What sits on top of a disk and keeps it in use, such as a device-mapper table. */
  readonly holdersOf: (name: string) => Promise<ReadonlyArray<string>>
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

/** Where the drivers of virtio-blk, SCSI and NVMe show the identity of a disk. */
const serialFiles: ReadonlyArray<SerialFile> = [
  ["serial", "serial", plain],
  ["device/serial", "serial", plain],
  ["device/vpd_pg80", "unit serial", unitSerial],
  ["device/vpd_pg83", "designator", designators],
  ["device/wwid", "wwid", plain],
  ["wwid", "wwid", plain]
]

const clean = (text: string): string => text.replaceAll("\0", " ").trim()

const orNothing = <A>(promise: Promise<A>): Promise<A | undefined> => promise.catch(() => undefined)

/** No disk that a cloud attaches: memory, floppies, optical drives and what is built upon other disks. */
const neverVolumes = /^(ram|zram|fd|sr|dm-|md|nbd)/

export const makeSysfs = (root: string): Sysfs => {
  const block = join(root, "class", "block")

  const readDisk = async (name: string): Promise<ReadonlyArray<Disk>> => {
    const folder = join(block, name)
    const text = async (file: string) => (await orNothing(readFile(join(folder, file), "utf8")))?.replace(/\n$/, "")
    const serial = async ([file, from, decode]: SerialFile): Promise<ReadonlyArray<Serial>> => {
      const bytes = await orNothing(readFile(join(folder, file)))
      const said = bytes === undefined ? [] : [decode(bytes)].flat()
      return said.map(clean).flatMap((text) => (text === "" ? [] : [{ from, text }]))
    }
    const [number, sectors, hidden, backingFile] = await Promise.all(
      ["dev", "size", "hidden", "loop/backing_file"].map(text)
    )
    if (number === undefined || sectors === undefined || !/^\d+$/.test(sectors) || hidden === "1") return []
    const serials = name.startsWith("loop") ? [] : (await Promise.all(serialFiles.map(serial))).flat()
    return [{ name, number, sizeBytes: BigInt(sectors) * sectorBytes, serials, backingFile }]
  }

  return {
    disks: async () => {
      const names = (await readdir(join(root, "block"))).filter((name) => !neverVolumes.test(name))
      return (await Promise.all(names.map(readDisk))).flat()
    },
    nameOf: async (number) => {
      const link = await orNothing(readlink(join(root, "dev", "block", number)))
      return link === undefined ? undefined : basename(link)
    },
    sizeOf: async (name) => BigInt((await readFile(join(block, name, "size"), "utf8")).trim()) * sectorBytes,
    holdersOf: async (name) => (await orNothing(readdir(join(block, name, "holders")))) ?? []
  }
}
