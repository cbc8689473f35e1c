import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, LogLevel } from "effect"
import { makeDevices } from "../../../src/adapters/host/devices.ts"
import { defaultHostOptions } from "../../../src/adapters/host/HostOptions.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { designator, page80, page83, pretend } from "./pretendedDisks.ts"

const id = "1c2f4b7e-9d3a-4e51-8a6b-0f1e2d3c4b5a"
const short = id.slice(0, 20)
const volume = VolumeId(id)

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

  it.live.each<readonly [string, Buffer]>([
    ["the vendor's text", designator(2, 0, Buffer.from(id))],
    ["the first 20 characters", designator(2, 0, Buffer.from(short))],
    ["T10's text", designator(2, 1, Buffer.from(`QEMU    QEMU HARDDISK   ${id}`))],
    ["a binary NAA number", designator(1, 3, Buffer.from(id.replaceAll("-", ""), "hex"))]
  ])("finds a SCSI disk by %s on its identification page", ([, ours]) =>
    Effect.gen(function* () {
      const { devices, disk } = yield* pretend
      disk("sda", "8:0", { "device/vpd_pg83": page83(designator(1, 3, Buffer.from("6002248000000000", "hex"))) })
      disk("sdb", "8:16", { "device/vpd_pg83": page83(designator(2, 0, Buffer.from("drive-scsi0-0-0-1")), ours) })
      assert.strictEqual((yield* devices.find(volume))?.number, "8:16")
    }).pipe(Effect.scoped)
  )

  it.live.each<readonly [string, Buffer]>([
    ["of a port", page83(designator(2, 0x10, Buffer.from(id)))],
    ["cut short", page83(designator(2, 0, Buffer.from(id))).subarray(0, 30)],
    ["of another page", page80(id).fill(0x81, 1, 2)],
    ["empty", Buffer.alloc(0)]
  ])("does not take an identification %s for the disk's own", ([, page]) =>
    Effect.gen(function* () {
      const { devices, disk } = yield* pretend
      disk("sdb", "8:16", { "device/vpd_pg83": page })
      assert.isUndefined(yield* devices.find(volume))
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

describe("looking for a disk at an address", () => {
  const address = { bus: "scsi", address: "0:0:0:2" }
  const path = "acpi-VMBUS:00-scsi-0:0:0:2"
  const hyperV = "naa.60022480e1d0b7a24cd5a1f09b3c5d7e"

  it.live("finds the one that udev shows there, whatever number the hypervisor gave it", () =>
    Effect.gen(function* () {
      const { devRoot, devices, disk, linkByPath } = yield* pretend
      disk("sda", "8:0", {})
      disk("sdb", "8:16", { "device/wwid": hyperV })
      linkByPath("acpi-VMBUS:00-scsi-0:0:0:0", "sda")
      linkByPath(path, "sdb")
      assert.deepStrictEqual(yield* devices.findAt(address, volume), {
        path: join(devRoot, "sdb"),
        number: "8:16",
        sizeBytes: 1073741824n,
        evidence: "address scsi 0:0:0:2 in the server's metadata"
      })
    }).pipe(Effect.scoped)
  )

  it.live("finds it once if several links lead to it", () =>
    Effect.gen(function* () {
      const { devices, disk, linkByPath } = yield* pretend
      disk("sdb", "8:16", {})
      linkByPath(path, "sdb")
      linkByPath(`pci-0000:00:07.0-${path}`, "sdb")
      assert.strictEqual((yield* devices.findAt(address, volume))?.number, "8:16")
    }).pipe(Effect.scoped)
  )

  it.live("fails if two disks are there, and names both", () =>
    Effect.gen(function* () {
      const { devices, disk, linkByPath } = yield* pretend
      disk("sdb", "8:16", {})
      disk("sdc", "8:32", {})
      linkByPath(path, "sdb")
      linkByPath("acpi-VMBUS:01-scsi-0:0:0:2", "sdc")
      const { message } = yield* Effect.flip(devices.findAt(address, volume))
      assert.match(message, /more than one disk is there: sdb \(no serial\) and sdc/)
    }).pipe(Effect.scoped)
  )

  it.live.each<readonly [string, Readonly<Record<string, string | Buffer>>]>([
    ["another volume's id", { serial: "0f1e2d3c-4b5a-4e51-8" }],
    ["another volume's whole id", { "device/vpd_pg80": page80("0f1e2d3c-4b5a-4e51-8a6b-1c2f4b7e9d3a") }],
    ["another volume's id as a number", { "device/wwid": "naa.0f1e2d3c4b5a4e518a6b1c2f4b7e9d3a" }]
  ])("does not take a disk that bears %s", ([, files]) =>
    Effect.gen(function* () {
      const { devices, disk, linkByPath } = yield* pretend
      disk("sdb", "8:16", files)
      linkByPath(path, "sdb")
      assert.isUndefined(yield* devices.findAt(address, volume))
    }).pipe(Effect.scoped, Logger.withMinimumLogLevel(LogLevel.None))
  )

  it.live("takes the volume's own serial, if it shows by now, for proof", () =>
    Effect.gen(function* () {
      const { devices, disk, linkByPath } = yield* pretend
      disk("sdb", "8:16", { serial: short })
      linkByPath(path, "sdb")
      assert.strictEqual((yield* devices.findAt(address, volume))?.evidence, `serial ${short} in sysfs`)
    }).pipe(Effect.scoped)
  )

  it.live.each(["acpi-VMBUS:00-scsi-0:0:0:2-part1", "acpi-VMBUS:00-scsi-10:0:0:2", "acpi-VMBUS:00-ata-0:0:0:2"])(
    "is not misled by %s",
    (name) =>
      Effect.gen(function* () {
        const { devices, disk, linkByPath } = yield* pretend
        disk("sdb", "8:16", {})
        linkByPath(name, "sdb")
        assert.isUndefined(yield* devices.findAt(address, volume))
      }).pipe(Effect.scoped)
  )

  it.live("does not take a partition for a disk", () =>
    Effect.gen(function* () {
      const { devices, disk, linkByPath, node } = yield* pretend
      disk("sdb", "8:16", {})
      node("sdb1", "8:17")
      linkByPath(path, "sdb1")
      assert.isUndefined(yield* devices.findAt(address, volume))
    }).pipe(Effect.scoped)
  )
})
