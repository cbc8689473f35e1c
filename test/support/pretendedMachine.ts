import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { Effect } from "effect"

const hex = (value: number) => value.toString(16).padStart(2, "0")

/** The sysfs of a machine that is put together by a test, laid out as the kernel does: devices in each other, and links. */
export const pretendedMachine = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "machine-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (sysRoot) => {
    const write = (folder: string, files: Readonly<Record<string, string>>) => {
      mkdirSync(folder, { recursive: true })
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    }
    const link = (path: string, target: string) => {
      mkdirSync(dirname(path), { recursive: true })
      symlinkSync(target, path)
    }
    for (const folder of ["block", "class/block", "bus/pci/devices", "bus/pci/slots"])
      mkdirSync(join(sysRoot, folder), { recursive: true })
    const roots = join(sysRoot, "devices", "pci0000:00")
    let disks = 0
    let slots = 0
    let virtio = 0

    /** A PCI function; `below` is the port or bridge it is behind. */
    const pci = (address: string, driver?: string, below = roots, files: Readonly<Record<string, string>> = {}) => {
      const folder = join(below, address)
      write(folder, files)
      link(join(sysRoot, "bus/pci/devices", address), folder)
      if (driver !== undefined) link(join(folder, "driver"), join(sysRoot, "bus/pci/drivers", driver))
      return folder
    }

    /** A slot that a hot-plug driver has, or one that firmware just describes. */
    const slot = (address: string, isHotPlug = true) => {
      slots += 1
      write(join(sysRoot, "bus/pci/slots", `${slots}`), {
        address: `${address}\n`,
        ...(isHotPlug ? { power: "1\n" } : {})
      })
    }

    const disk = (name: string, device: string, files: Readonly<Record<string, string>> = {}) => {
      disks += 1
      const folder = join(device, "block", name)
      write(folder, { dev: `252:${(disks - 1) * 16}\n`, size: "2097152\n", ...files })
      link(join(folder, "device"), device)
      link(join(sysRoot, "class/block", name), folder)
      link(join(sysRoot, "block", name), folder)
    }

    /** Partitions have a folder in that of their disk. */
    const partition = (name: string) => {
      const folder = join(sysRoot, "class/block", name, `${name}1`)
      write(folder, { partition: "1\n", dev: "252:1\n" })
      link(join(sysRoot, "class/block", `${name}1`), folder)
    }

    const buildUpon = (name: string, holder: string) => write(join(sysRoot, "class/block", name, "holders", holder), {})

    /** As `ext4/vda1`, the folder that the file system has while it is mounted. */
    const mount = (path: string) => write(join(sysRoot, "fs", path), {})

    const virtioBlk = (name: string, below: string, serial?: string) => {
      disk(name, join(below, `virtio${virtio++}`), serial === undefined ? {} : { serial })
    }

    /** A root port with its bus, which is the only slot behind it. */
    const rootPort = (index: number) => {
      const address = `0000:00:02.${index}`
      const folder = pci(address, "pcieport", roots, { secondary_bus_number: `${index + 1}\n` })
      slot(`0000:${hex(index + 1)}:00`)
      return { plug: (driver?: string) => pci(`0000:${hex(index + 1)}:00.0`, driver, folder) }
    }

    const scsiHost = (number: number, driver: string, below: string) => {
      const folder = join(below, `host${number}`)
      mkdirSync(folder, { recursive: true })
      write(join(sysRoot, "class/scsi_host", `host${number}`), { proc_name: `${driver}\n` })
      const device = (unit: number) => {
        const place = join(folder, `target${number}:0:0`, `${number}:0:0:${unit}`)
        mkdirSync(place, { recursive: true })
        link(join(sysRoot, "bus/scsi/devices", basename(place)), place)
        return place
      }
      return {
        device,
        disk: (name: string, unit: number, serial?: string) =>
          disk(name, device(unit), serial === undefined ? {} : { serial })
      }
    }

    return { sysRoot, roots, pci, slot, disk, partition, buildUpon, mount, virtioBlk, rootPort, scsiHost }
  }
)
