import { execFileSync } from "node:child_process"
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, LogLevel, Schedule } from "effect"
import { makeDevices } from "../../../src/adapters/host/devices.ts"
import { isDue } from "../../../src/adapters/host/diskRegister.ts"
import { defaultHostOptions } from "../../../src/adapters/host/HostOptions.ts"
import { makeSlowRead } from "../../../src/adapters/host/slowReads.ts"
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
      const device = yield* devices.find(volume)
      assert.deepStrictEqual(device, {
        path: join(devRoot, "vdb"),
        number: "253:16",
        instance: device?.instance ?? "",
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
      const devices = makeDevices({ ...defaultHostOptions, sysRoot: "/nowhere" }, yield* makeSlowRead)
      assert.match((yield* devices.describe).join(), /could not list the disks/)
    })
  )
})

describe("a disk that was found", () => {
  it.live("is held by what is built upon it or upon a partition of it", () =>
    Effect.gen(function* () {
      const { devices, disk } = yield* pretend
      disk("vdb", "253:16", { serial: short, "vdb2/holders/dm-0": "", "holders/md0": "", "queue/holders/none": "" })
      const device = yield* devices.find(volume)
      if (device === undefined) return assert.fail("the disk is not found")
      assert.deepStrictEqual(yield* devices.holdersOf("look", device), ["md0", "dm-0"])
    }).pipe(Effect.scoped)
  )

  const another = "0f1e2d3c-4b5a-4e51-8"

  it.live("is not checked to be still there when another has its name and number", () =>
    Effect.gen(function* () {
      const { devices, disk, unplug } = yield* pretend
      disk("vdb", "253:16", { serial: short })
      const device = yield* Effect.flatMap(devices.find(volume), Effect.fromNullable)
      assert.deepStrictEqual(yield* devices.verify("check it", device), { name: "vdb" })
      unplug("vdb", "253:16")
      assert.match((yield* Effect.flip(devices.verify("check it", device))).message, /could not check it: .* is gone/)
      disk("vdb", "253:16", { serial: another })
      assert.match((yield* Effect.flip(devices.verify("check it", device))).message, /is gone: .* is another one/)
      assert.match((yield* Effect.flip(devices.sizeOf("measure it", device))).message, /is gone/)
    }).pipe(Effect.scoped)
  )

  it.live.each(["by its folder alone, before Linux 5.15", "by its sequence number alone, as a loop device"])(
    "is told from its successor %s",
    (how) =>
      Effect.gen(function* () {
        const { devices, disk, fileOf, unplug } = yield* pretend
        disk("vdb", "253:16", { serial: short })
        const sequence = fileOf("vdb", "diskseq")
        if (how.includes("folder")) rmSync(sequence)
        const device = yield* Effect.flatMap(devices.find(volume), Effect.fromNullable)
        if (how.includes("folder")) {
          unplug("vdb", "253:16")
          disk("vdb", "253:16", { serial: short })
          rmSync(sequence)
        } else writeFileSync(sequence, "99\n")
        assert.match((yield* Effect.flip(devices.verify("check it", device))).message, /is another one/)
        assert.notStrictEqual((yield* devices.at(device.path))?.instance, device.instance)
      }).pipe(Effect.scoped)
  )

  it.live("is found again although its sequence number was counted up while it stayed", () =>
    Effect.gen(function* () {
      const { devices, disk, fileOf } = yield* pretend
      disk("vdb", "253:16", { serial: short })
      yield* devices.find(volume)
      writeFileSync(fileOf("vdb", "diskseq"), "99\n")
      assert.isUndefined(yield* devices.find(volume))
      assert.match((yield* devices.find(volume))?.instance ?? "", /\.99$/)
    }).pipe(Effect.scoped)
  )

  it.live("is asked for its serial once, and the next in its place anew", () =>
    Effect.gen(function* () {
      const { devices, disk, fileOf, unplug } = yield* pretend
      disk("vdb", "253:16", { serial: short })
      yield* devices.find(volume)
      writeFileSync(fileOf("vdb", "serial"), another)
      assert.isDefined(yield* devices.find(volume))
      unplug("vdb", "253:16")
      assert.isUndefined(yield* devices.find(volume))
      disk("vdb", "253:16", { serial: another })
      assert.isUndefined(yield* devices.find(volume))
      unplug("vdb", "253:16")
      disk("vdb", "253:16", { serial: short })
      assert.isDefined(yield* devices.find(volume))
    }).pipe(Effect.scoped)
  )

  it.effect("is found although it had no serial at first, when its driver was still at work", () =>
    Effect.gen(function* () {
      const { devices, disk, fileOf } = yield* pretend
      disk("sdb", "8:16", {})
      assert.isUndefined(yield* devices.find(volume))
      mkdirSync(fileOf("sdb", "device"))
      writeFileSync(fileOf("sdb", "device/vpd_pg80"), page80(id))
      assert.isDefined(yield* devices.find(volume))
    }).pipe(Effect.scoped)
  )

  const named = [{ from: "serial", text: short }]
  const anonymous = [{ from: "serial", text: "QM00001" }]
  it.each<readonly [string, Parameters<typeof isDue>[0], number, boolean]>([
    ["a new disk is", { firstSeen: 0, readAt: undefined, serials: [] }, 0, true],
    ["a volume is not", { firstSeen: 0, readAt: 1, serials: named }, 1e9, false],
    [
      "a disk without a serial, as old as when it was asked, is not",
      { firstSeen: 0, readAt: 400, serials: [] },
      700,
      false
    ],
    ["a disk without a serial, twice as old, is", { firstSeen: 0, readAt: 400, serials: [] }, 800, true],
    [
      "a disk with a serial of the hypervisor's, twice as old, is",
      { firstSeen: 0, readAt: 400, serials: anonymous },
      800,
      true
    ],
    [
      "a disk without a serial, an hour old, is not for a minute",
      { firstSeen: 0, readAt: 3.6e6, serials: [] },
      3.65e6,
      false
    ],
    [
      "a disk without a serial, an hour old, is after a minute",
      { firstSeen: 0, readAt: 3.6e6, serials: [] },
      3.66e6,
      true
    ]
  ])("%s asked for its serial", (_, entry, now, due) => assert.strictEqual(isDue(entry, now), due))
})

describe("disks that do not answer", () => {
  const dead = ["vdb", "vdc", "vdd", "vde", "vdf"]
  const serialOf = (index: number) => `${index}f1e2d3c-4b5a-4e51-8`

  /** Reading a pipe that nobody writes to hangs, as the serial of a dead virtio disk does. */
  const withDeadDisks = Effect.gen(function* () {
    const pretended = yield* pretend
    const { disk, fileOf } = pretended
    dead.forEach((name, index) => {
      disk(name, `253:${16 * (index + 1)}`, {})
      execFileSync("mkfifo", [fileOf(name, "serial")])
    })
    disk("vdg", "253:96", { serial: short })
    const answer = (name: string, text: string) =>
      Effect.sync(() => {
        const pipe = openSync(fileOf(name, "serial"), constants.O_RDWR | constants.O_NONBLOCK)
        writeSync(pipe, text)
        closeSync(pipe)
      })
    // A read that hangs would keep the test's process from ending.
    yield* Effect.addFinalizer(() => Effect.forEach(dead, (name) => answer(name, "")))
    return { ...pretended, answer }
  })

  const readers = (folder: string) =>
    readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        try {
          const command = readFileSync(`/proc/${pid}/cmdline`, "utf8")
          return command.startsWith("od\0") && command.includes(folder)
        } catch {
          return false
        }
      })

  it.live("keep none of the others from being found, and are not asked again while they hang", () =>
    Effect.gen(function* () {
      const { devices, sysRoot } = yield* withDeadDisks
      for (let round = 0; round < 10; round++) {
        const device = yield* Effect.timeoutFail(devices.find(volume), {
          duration: round === 0 ? "4 seconds" : "1 second",
          onTimeout: () => `round ${round}`
        })
        assert.strictEqual(device?.number, "253:96")
      }
      assert.strictEqual(readers(sysRoot).length, dead.length - 2)
      yield* Effect.all(
        Array.from({ length: 2 }, () => Effect.tryPromise(() => readFile(`${sysRoot}/class/block/vdg/size`))),
        { concurrency: 2 }
      ).pipe(Effect.timeoutFail({ duration: "1 second", onTimeout: () => "no thread is left" }))
    }).pipe(Effect.scoped)
  )

  it.live("are named, and found once they answer", () =>
    Effect.gen(function* () {
      const { answer, devices, fileOf } = yield* withDeadDisks
      assert.include((yield* devices.describe).join(), "vdc (does not answer)")
      yield* Effect.forEach(dead, (name, index) => answer(name, serialOf(index)))
      const wanted = VolumeId(`${serialOf(1)}a6b-0f1e2d3c4b5a`)
      const device = yield* devices.find(wanted).pipe(
        Effect.filterOrFail((found) => found !== undefined),
        Effect.retry(Schedule.spaced("10 millis")),
        Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => `${fileOf("vdc", "serial")} was not read` })
      )
      assert.strictEqual(device.number, "253:32")
    }).pipe(Effect.scoped)
  )

  it.live("are not taken for what the metadata service says is there", () =>
    Effect.gen(function* () {
      const { devices, linkByPath } = yield* withDeadDisks
      linkByPath("acpi-VMBUS:00-scsi-0:0:0:2", "vdc")
      const { message } = yield* Effect.flip(devices.findAt({ bus: "scsi", address: "0:0:0:2" }, volume))
      assert.match(message, /vdc \(does not answer\)/)
    }).pipe(Effect.scoped)
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
      const device = yield* devices.findAt(address, volume)
      assert.deepStrictEqual(device, {
        path: join(devRoot, "sdb"),
        number: "8:16",
        instance: device?.instance ?? "",
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
