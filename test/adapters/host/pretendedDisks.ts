import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import { makeDevices } from "../../../src/adapters/host/devices.ts"
import { defaultHostOptions } from "../../../src/adapters/host/HostOptions.ts"
import { makeSlowRead } from "../../../src/adapters/host/slowReads.ts"

/** A pretended sysfs and /dev: a node is a file that holds its device number. */
export const pretend = Effect.zipWith(
  makeSlowRead,
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "dev-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (slowRead, folder) => {
    const [devRoot, sysRoot] = [join(folder, "dev"), join(folder, "sys")]
    const write = (path: string, content: string | Uint8Array) => {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
    }
    const numberOf = (path: string) => {
      try {
        return readFileSync(path, "utf8")
      } catch {
        return undefined
      }
    }
    mkdirSync(join(devRoot, "disk", "by-id"), { recursive: true })
    mkdirSync(join(devRoot, "disk", "by-path"))
    mkdirSync(join(sysRoot, "block"), { recursive: true })
    mkdirSync(join(sysRoot, "dev", "block"), { recursive: true })
    const folderOf = (name: string) => join(sysRoot, "class", "block", name)
    let plugged = 0
    return {
      devRoot,
      sysRoot,
      slowRead,
      devices: makeDevices({ ...defaultHostOptions, devRoot, sysRoot }, slowRead, numberOf),
      node: (name: string, number: string) => write(join(devRoot, name), number),
      link: (name: string, target: string) => symlinkSync(join(devRoot, target), join(devRoot, "disk", "by-id", name)),
      linkByPath: (name: string, target: string) =>
        symlinkSync(join(devRoot, target), join(devRoot, "disk", "by-path", name)),
      disk: (name: string, number: string, files: Readonly<Record<string, string | Uint8Array>>) => {
        mkdirSync(join(sysRoot, "block", name))
        plugged += 1
        const all = { dev: `${number}\n`, size: "2097152\n", diskseq: `${plugged}\n`, ...files }
        for (const [file, content] of Object.entries(all)) write(join(folderOf(name), file), content)
        symlinkSync(folderOf(name), join(sysRoot, "dev", "block", number))
        write(join(devRoot, name), number)
      },
      /** The folder is put aside, so that its number is not given to the next, as sysfs does not either. */
      unplug: (name: string, number: string) => {
        rmdirSync(join(sysRoot, "block", name))
        rmSync(join(sysRoot, "dev", "block", number))
        renameSync(folderOf(name), join(folder, `${name}-${plugged}`))
        rmSync(join(devRoot, name))
      },
      fileOf: (name: string, file: string) => join(folderOf(name), file)
    }
  }
)

/** One designator of the disk: 1 stands for binary, 2 for text; kind 0 is the vendor's, 1 T10, 3 NAA. */
export const designator = (codeSet: 1 | 2, kind: number, value: Buffer) =>
  Buffer.concat([Buffer.from([codeSet, kind, 0, value.length]), value])

export const page83 = (...all: ReadonlyArray<Buffer>) => {
  const body = Buffer.concat(all)
  return Buffer.concat([Buffer.from([0, 0x83, body.length >> 8, body.length & 0xff]), body])
}

export const page80 = (serial: string) => Buffer.concat([Buffer.from([0, 0x80, 0, serial.length]), Buffer.from(serial)])
