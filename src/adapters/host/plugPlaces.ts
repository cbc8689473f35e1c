import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { basename, join } from "node:path"
import { Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { DiskBus, PciSlot, PlugPlaces } from "../../domain/PlugPlaces.ts"
import type { Devices } from "./devices.ts"
import { glance, orNothing } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import { bearsSomeVolume } from "./identity.ts"

/** A PCI function in its slot's folder of sysfs is `<slot>.<function>`. */
const slotOf = (pciFunction: string) => pciFunction.replace(/\.[^.]*$/, "")

/**
 * What sysfs tells of the places for disks. Of PCI (https://docs.kernel.org/PCI/sysfs-pci.html): a slot has a file `power`
 * if a hot-plug driver has it (`has_power_file` in drivers/pci/hotplug/pci_hotplug_core.c), for pciehp and acpiphp alike;
 * its `address` is that of the device in it, whether there is one or not (drivers/pci/slot.c). Of SCSI:
 * https://docs.kernel.org/scsi/scsi_mid_low_api.html. File systems have a folder, named after their disk, for as long as they
 * are mounted: https://docs.kernel.org/admin-guide/abi-testing.html (/sys/fs/ext4/<disk>).
 */
export const makePlugPlaces = (
  { sysRoot }: Pick<HostOptions, "sysRoot">,
  devices: Pick<Devices, "list">
): Effect.Effect<PlugPlaces, HostFailure> => {
  const operation = "count the places for disks"
  const pci = join(sysRoot, "bus", "pci")
  const namesIn = (folder: string) => orNothing(() => readdirSync(folder)) ?? []
  const textOf = (...path: ReadonlyArray<string>) => orNothing(() => readFileSync(join(...path), "utf8").trim())
  const linkOf = (...path: ReadonlyArray<string>) => orNothing(() => basename(readlinkSync(join(...path))))

  /** Buses behind a PCI Express port. A bridge from PCI Express to conventional PCI has another driver or none. */
  const portBuses = (functions: ReadonlyArray<string>): ReadonlySet<string> =>
    new Set(
      functions.flatMap((name) => {
        if (linkOf(pci, "devices", name, "driver") !== "pcieport") return []
        const bus = Number(textOf(pci, "devices", name, "secondary_bus_number") || Number.NaN)
        return Number.isNaN(bus) ? [] : [name.replace(/:.*/, `:${bus.toString(16).padStart(2, "0")}`)]
      })
    )

  const slots = (): ReadonlyArray<PciSlot> => {
    const functions = namesIn(join(pci, "devices"))
    const taken = new Set(functions.map(slotOf))
    const ports = portBuses(functions)
    return namesIn(join(pci, "slots")).flatMap((name) => {
      const address = textOf(pci, "slots", name, "address") ?? ""
      const isHotPlug = existsSync(join(pci, "slots", name, "power"))
      if (!isHotPlug || !/^[\da-f]+:[\da-f]{2}:[\da-f]{2}$/.test(address)) return []
      return [{ address, isPort: ports.has(address.slice(0, -3)), isFree: !taken.has(address) }]
    })
  }

  const scsiDevices = (): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>()
    for (const name of namesIn(join(sysRoot, "bus", "scsi", "devices"))) {
      const [, number] = /^(\d+):\d+:\d+:\d+$/.exec(name) ?? []
      if (number !== undefined) counts.set(`host${number}`, (counts.get(`host${number}`) ?? 0) + 1)
    }
    return counts
  }

  /** Each part of a disk's path in sysfs is a device that the next is connected to. */
  const busOf = (name: string): DiskBus => {
    const folder = join(sysRoot, "class", "block", name)
    const path = orNothing(() => readlinkSync(folder)) ?? ""
    if (/\/[\da-f]+:[\da-f]{2}:[\da-f]{2}\.\d\/virtio\d+\/block\/[^/]+$/.test(path)) return { _tag: "VirtioBlk" }
    const [, number] = /\/(\d+):\d+:\d+:\d+\/block\/[^/]+$/.exec(path) ?? []
    if (number === undefined) return { _tag: "Other", name: linkOf(folder, "device", "subsystem") ?? "no bus" }
    const controller = `host${number}`
    const driver = textOf(sysRoot, "class", "scsi_host", controller, "proc_name")
    return driver === "virtio_scsi" ? { _tag: "VirtioScsi", controller } : { _tag: "Other", name: driver || "SCSI" }
  }

  /** What has its place on a disk: its partitions and what device-mapper and the like have built. */
  const layersOn = (name: string): ReadonlyArray<string> => {
    const folder = join(sysRoot, "class", "block", name)
    const partitions = namesIn(folder).filter(
      (entry) => entry.startsWith(name) && existsSync(join(folder, entry, "partition"))
    )
    return [name, ...[...partitions, ...namesIn(join(folder, "holders"))].flatMap(layersOn)]
  }

  /** By the kernel's names, of all mount namespaces: a container does not see the machine's root in its mount table. */
  const mounted = (): ReadonlySet<string> => {
    const fileSystems = join(sysRoot, "fs")
    const btrfs = namesIn(join(fileSystems, "btrfs")).map((uuid) => join(fileSystems, "btrfs", uuid, "devices"))
    return new Set([join(fileSystems, "ext4"), join(fileSystems, "xfs"), ...btrfs].flatMap(namesIn))
  }

  return Effect.flatMap(devices.list(operation), (disks) =>
    glance(operation, () => {
      const inUse = mounted()
      return {
        disks: disks.map((disk) => ({
          name: disk.name,
          number: disk.number,
          bus: busOf(disk.name),
          isVolume: disk.isSilent || bearsSomeVolume(disk),
          isMounted: layersOn(disk.name).some((layer) => inUse.has(layer))
        })),
        slots: slots(),
        scsiDevices: scsiDevices()
      }
    })
  )
}
