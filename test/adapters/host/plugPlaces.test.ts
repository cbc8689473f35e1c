import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeDevices } from "../../../src/adapters/host/devices.ts"
import { defaultHostOptions } from "../../../src/adapters/host/HostOptions.ts"
import { makePlugPlaces } from "../../../src/adapters/host/plugPlaces.ts"
import { makeSlowRead } from "../../../src/adapters/host/slowReads.ts"
import { decideNodeCapacity } from "../../../src/domain/decisions/nodeCapacity.ts"
import { pretendedMachine } from "../../support/pretendedMachine.ts"

const volume = (index: number) => `8e2f8a5c-0b7f-4d6e-9c1a-3f5b7d9e1a0${index}`

const placesOf = (sysRoot: string) =>
  Effect.gen(function* () {
    const options = { ...defaultHostOptions, sysRoot }
    return yield* makePlugPlaces(options, makeDevices(options, yield* makeSlowRead))
  })

const capacityOf = (sysRoot: string) =>
  Effect.map(placesOf(sysRoot), (places) => decideNodeCapacity({ places, mounts: [], configured: 256 }))

/** As Nova makes it: the network, the root disk, memory's balloon and the random numbers behind a port each. */
const q35 = Effect.map(pretendedMachine, (machine) => {
  machine.pci("0000:00:00.0")
  machine.pci("0000:00:01.0", "bochs-drm")
  machine.pci("0000:00:1f.0")
  machine.pci("0000:00:1f.2", "ahci")
  const ports = Array.from({ length: 8 }, (_, index) => machine.rootPort(index))
  ports[0]?.plug("virtio-pci")
  machine.virtioBlk("vda", ports[1]?.plug("virtio-pci") ?? "")
  machine.partition("vda")
  ports[2]?.plug("virtio-pci")
  ports[3]?.plug("virtio-pci")
  return { ...machine, ports }
})

/** QEMU describes every slot of bus 0 that nothing built in takes. */
const i440fx = Effect.map(pretendedMachine, (machine) => {
  for (const address of ["0000:00:00.0", "0000:00:01.0", "0000:00:01.1", "0000:00:01.3", "0000:00:02.0"])
    machine.pci(address)
  for (let device = 3; device < 32; device++) machine.slot(`0000:00:${device.toString(16).padStart(2, "0")}`)
  machine.pci("0000:00:03.0", "virtio-pci")
  machine.virtioBlk("vda", machine.pci("0000:00:04.0", "virtio-pci"))
  machine.pci("0000:00:05.0", "virtio-pci")
  return machine
})

describe("the places for disks", () => {
  it.scoped("are, on q35, the ports behind which nothing is", () =>
    Effect.gen(function* () {
      const { ports, sysRoot, virtioBlk } = yield* q35
      const plug = (name: string, port: number, index: number) =>
        virtioBlk(name, ports[port]?.plug("virtio-pci") ?? "", volume(index).slice(0, 20))
      assert.strictEqual((yield* capacityOf(sysRoot)).limit, 4)
      plug("vdb", 4, 1)
      plug("vdc", 5, 2)
      assert.deepStrictEqual(yield* capacityOf(sysRoot), {
        limit: 4,
        evidence: "2 attached, 2 free of 8 PCI Express ports for hot-plug (virtio-blk)"
      })
    })
  )

  it.scoped("do not include, on q35, those of a bridge to conventional PCI", () =>
    Effect.gen(function* () {
      const { pci, ports, slot, sysRoot } = yield* q35
      const port = ports[4]?.plug("shpchp") ?? ""
      pci("0000:09:00.0", undefined, port, { secondary_bus_number: "9\n" })
      for (let device = 1; device < 32; device++) slot(`0000:09:${device.toString(16).padStart(2, "0")}`)
      assert.strictEqual((yield* capacityOf(sysRoot)).limit, 3)
    })
  )

  it.scoped("are, on i440fx, the slots of bus 0 in which nothing is", () =>
    Effect.gen(function* () {
      const { pci, sysRoot, virtioBlk } = yield* i440fx
      assert.strictEqual((yield* capacityOf(sysRoot)).limit, 26)
      virtioBlk("vdb", pci("0000:00:06.0", "virtio-pci"), volume(1))
      assert.deepStrictEqual(yield* capacityOf(sysRoot), {
        limit: 26,
        evidence: "1 attached, 25 free of 29 PCI slots for hot-plug (virtio-blk)"
      })
    })
  )

  it.scoped("are on no slot that firmware describes and no driver can switch", () =>
    Effect.gen(function* () {
      const { slot, sysRoot } = yield* q35
      slot("0000:00:05", false)
      slot("0000:00", true)
      const { slots } = yield* placesOf(sysRoot)
      assert.strictEqual(slots.length, 8)
    })
  )

  it.scoped("are, on virtio-scsi, the units of the controller", () =>
    Effect.gen(function* () {
      const { pci, scsiHost, sysRoot } = yield* q35
      const { device, disk } = scsiHost(2, "virtio_scsi", `${pci("0000:00:03.0", "virtio-pci")}/virtio9`)
      disk("sda", 0, volume(0))
      disk("sdb", 1, volume(1))
      device(2)
      assert.deepStrictEqual(yield* capacityOf(sysRoot), {
        limit: 255,
        evidence: "2 attached, 253 free of 256 units of virtio-scsi host2"
      })
    })
  )

  it.scoped("cannot be counted on Hyper-V", () =>
    Effect.gen(function* () {
      const { scsiHost, sysRoot } = yield* pretendedMachine
      const { disk } = scsiHost(0, "storvsc_host", `${sysRoot}/devices/LNXSYSTM:00/VMBUS:00/f8b3781a`)
      disk("sda", 0)
      assert.deepStrictEqual(yield* capacityOf(sysRoot), {
        limit: 256,
        evidence: "as configured: disks are on storvsc_host, whose free places cannot be counted"
      })
    })
  )

  it.scoped("cannot be counted for virtio that is not on PCI", () =>
    Effect.gen(function* () {
      const { disk, rootPort, sysRoot } = yield* pretendedMachine
      rootPort(0)
      disk("vda", `${sysRoot}/devices/platform/a003e00.virtio_mmio/virtio0`, { serial: volume(1) })
      assert.strictEqual((yield* capacityOf(sysRoot)).limit, 256)
    })
  )

  it.scoped("tell which disks are volumes, and on which something is mounted", () =>
    Effect.gen(function* () {
      const { buildUpon, disk, mount, partition, sysRoot } = yield* pretendedMachine
      const volumes = ["vda", "vdb", "vdc", "vdd", "vde", "vdf"]
      for (const [index, name] of volumes.entries())
        disk(name, `${sysRoot}/devices/${name}`, { serial: volume(index).slice(0, 20) })
      disk("vdg", `${sysRoot}/devices/vdg`, { serial: "local" })
      partition("vda")
      mount("xfs/vda1")
      mount("ext4/vdb")
      mount("btrfs/3e5f/devices/vdc")
      partition("vdd")
      buildUpon("vdd1", "dm-0")
      mount("ext4/dm-0")
      partition("vde")
      const { disks } = yield* placesOf(sysRoot)
      assert.deepStrictEqual(
        disks.map(({ isMounted, isVolume, name }) => [name, isVolume, isMounted]),
        [
          ["vda", true, true],
          ["vdb", true, true],
          ["vdc", true, true],
          ["vdd", true, true],
          ["vde", true, false],
          ["vdf", true, false],
          ["vdg", false, false]
        ]
      )
    })
  )

  it.scoped("count a disk that does not answer as the volume that it may be", () =>
    Effect.gen(function* () {
      const { sysRoot } = yield* pretendedMachine
      const silent = { name: "vdb", number: "252:16", instance: "1", serials: [], backingFile: undefined }
      const list = () => Effect.succeed([{ ...silent, isSilent: true }])
      const { disks } = yield* makePlugPlaces({ sysRoot }, { list })
      assert.deepStrictEqual(
        disks.map(({ isVolume }) => isVolume),
        [true]
      )
    })
  )

  it.live("of this machine are told, whatever it is", () =>
    Effect.map(capacityOf("/sys"), ({ evidence, limit }) => {
      assert.isAtLeast(limit, 1)
      assert.isNotEmpty(evidence)
    })
  )
})
