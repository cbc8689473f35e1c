import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeDevices } from "../../../src/adapters/host/devices.ts"
import { defaultHostOptions } from "../../../src/adapters/host/HostOptions.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"

const id = "1c2f4b7e-9d3a-4e51-8a6b-0f1e2d3c4b5a"
const short = id.slice(0, 20)
const volume = VolumeId(id)

/** A pretended sysfs and /dev: a node is a file that holds its device number. */
const pretend = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "dev-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (folder) => {
    const [devRoot, sysRoot] = [join(folder, "dev"), join(folder, "sys")]
    const write = (path: string, content: string | Uint8Array) => {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
    }
    const numberOf = async (path: string) => {
      try {
        return readFileSync(path, "utf8")
      } catch {
        return undefined
      }
    }
    mkdirSync(join(devRoot, "disk", "by-id"), { recursive: true })
    mkdirSync(join(sysRoot, "block"), { recursive: true })
    return {
      devRoot,
      devices: makeDevices({ ...defaultHostOptions, devRoot, sysRoot }, numberOf),
      node: (name: string, number: string) => write(join(devRoot, name), number),
      link: (name: string, target: string) => symlinkSync(join(devRoot, target), join(devRoot, "disk", "by-id", name)),
      disk: (name: string, number: string, files: Readonly<Record<string, string | Uint8Array>>) => {
        mkdirSync(join(sysRoot, "block", name))
        const all = { dev: `${number}\n`, size: "2097152\n", ...files }
        for (const [file, content] of Object.entries(all)) write(join(sysRoot, "class", "block", name, file), content)
        write(join(devRoot, name), number)
      }
    }
  }
)

const page80 = (serial: string) => Buffer.concat([Buffer.from([0, 0x80, 0, serial.length]), Buffer.from(serial)])

describe("finding the disk of a volume", () => {
  it.live("finds a virtio disk without udev, by its serial in sysfs", () =>
    Effect.gen(function* () {
      const { devices, devRoot, disk } = yield* pretend
      disk("vda", "253:0", {})
      disk("vdb", "253:16", { serial: short })
      assert.deepStrictEqual(yield* devices.find(volume), {
        path: join(devRoot, "vdb"),
        number: "253:16",
        sizeBytes: 1073741824n,
        evidence: `serial ${short} in sysfs`
      })
    }).pipe(Effect.scoped)
  )

  it.live("finds a SCSI disk by its unit serial number page", () =>
    Effect.gen(function* () {
      const { devices, disk } = yield* pretend
      disk("sda", "8:0", { "device/vpd_pg80": page80("drive-scsi0-0-0-0") })
      disk("sdb", "8:16", { "device/vpd_pg80": page80(id) })
      assert.strictEqual((yield* devices.find(volume))?.number, "8:16")
    }).pipe(Effect.scoped)
  )

  it.live("finds an NVMe disk by its controller's serial", () =>
    Effect.gen(function* () {
      const { devices, disk } = yield* pretend
      disk("nvme0n1", "259:0", { "device/serial": `${short}\n` })
      assert.strictEqual((yield* devices.find(volume))?.number, "259:0")
    }).pipe(Effect.scoped)
  )

  it.live("finds nothing where no disk is the volume", () =>
    Effect.gen(function* () {
      const { devices, disk } = yield* pretend
      disk("vdb", "253:16", { serial: "0f1e2d3c-4b5a-4e51-8" })
      assert.isUndefined(yield* devices.find(volume))
    }).pipe(Effect.scoped)
  )

  it.live("does not believe a stale link that leads to another volume's disk", () =>
    Effect.gen(function* () {
      const { devices, disk, link } = yield* pretend
      disk("vdb", "253:16", { serial: "0f1e2d3c-4b5a-4e51-8" })
      link(`virtio-${short}`, "vdb")
      assert.isUndefined(yield* devices.find(volume))
    }).pipe(Effect.scoped)
  )

  it.live("finds the right disk although a stale link leads to another", () =>
    Effect.gen(function* () {
      const { devices, disk, link } = yield* pretend
      disk("vdb", "253:16", { serial: "0f1e2d3c-4b5a-4e51-8" })
      disk("vdc", "253:32", { serial: short })
      link(`virtio-${short}`, "vdb")
      assert.strictEqual((yield* devices.find(volume))?.number, "253:32")
    }).pipe(Effect.scoped)
  )

  it.live("fails if two disks claim to be the volume, and names both", () =>
    Effect.gen(function* () {
      const { devices, disk } = yield* pretend
      disk("vdb", "253:16", { serial: short })
      disk("sda", "8:0", { "device/vpd_pg80": page80(id) })
      const failure = yield* Effect.flip(devices.find(volume))
      assert.match(failure.message, /more than one disk/)
      assert.include(failure.message, "vdb")
      assert.include(failure.message, "sda")
    }).pipe(Effect.scoped)
  )

  it.live("waits for a disk whose node in /dev still belongs to another", () =>
    Effect.gen(function* () {
      const { devices, disk, node } = yield* pretend
      disk("vdb", "253:16", { serial: short })
      node("vdb", "253:99")
      assert.isUndefined(yield* devices.find(volume))
    }).pipe(Effect.scoped)
  )

  it.live.each(["", "short", "../../etc/passwd", "pvc-1c2f4b7e-9d3a-4e51-8", "1c2f4b7e-9d3a-4e51-8", "ünïcode\n"])(
    "finds nothing for the id %j and does not stumble",
    (odd) =>
      Effect.gen(function* () {
        const { devices, disk } = yield* pretend
        disk("vda", "253:0", {})
        disk("vdb", "253:16", { serial: short })
        disk("vdc", "253:32", { serial: odd })
        assert.isUndefined(yield* devices.find(VolumeId(odd)))
      }).pipe(Effect.scoped)
  )

  it.live("does not count the hidden paths of a multipath NVMe disk", () =>
    Effect.gen(function* () {
      const { devices, disk } = yield* pretend
      disk("nvme0n1", "259:0", { "device/serial": short })
      disk("nvme0c0n1", "259:1", { "device/serial": short, hidden: "1\n" })
      assert.strictEqual((yield* devices.find(volume))?.number, "259:0")
    }).pipe(Effect.scoped)
  )

  it.live("lists disks and their serials for an error message", () =>
    Effect.gen(function* () {
      const { devices, disk } = yield* pretend
      disk("vda", "253:0", {})
      disk("vdb", "253:16", { serial: short })
      disk("loop0", "7:0", {})
      assert.deepStrictEqual([...(yield* devices.describe)].sort(), ["vda (no serial)", `vdb (serial "${short}")`])
    }).pipe(Effect.scoped)
  )

  it.live("says so in the list if sysfs cannot be read", () =>
    Effect.gen(function* () {
      const devices = makeDevices({ ...defaultHostOptions, sysRoot: "/nowhere" })
      assert.match((yield* devices.describe).join(), /could not list the disks/)
    })
  )
})
