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

const plain = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1")

/** Files of a disk's folder that hold its identity, by the bus that its name tells. */
const serialFiles: ReadonlyArray<readonly [file: string, from: string, decode: (bytes: Uint8Array) => string]> = [
  ["serial", "serial", plain],
  ["device/serial", "serial", plain],
  ["device/vpd_pg80", "unit serial", unitSerial],
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
    const number = (await orNothing(readFile(join(folder, "dev"), "utf8")))?.trim()
    const sectors = (await orNothing(readFile(join(folder, "size"), "utf8")))?.trim()
    const hidden = (await orNothing(readFile(join(folder, "hidden"), "utf8")))?.trim()
    if (number === undefined || sectors === undefined || !/^\d+$/.test(sectors) || hidden === "1") return []
    const serials: Array<Serial> = []
    for (const [file, from, decode] of serialFiles) {
      const bytes = await orNothing(readFile(join(folder, file)))
      const text = bytes === undefined ? "" : clean(decode(bytes))
      if (text !== "") serials.push({ from, text })
    }
    const backingFile = (await orNothing(readFile(join(folder, "loop", "backing_file"), "utf8")))?.replace(/\n$/, "")
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
