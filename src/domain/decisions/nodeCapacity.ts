import type { Mount } from "../../ports/HostMounter.ts"
import type { DiskBus, PciSlot, PluggedDisk, PlugPlaces } from "../PlugPlaces.ts"

/**
 * Nova puts all SCSI disks of a server on one controller and knows no end of it (`_get_scsi_controller_max_unit` in
 * nova/virt/libvirt/driver.py). As many as the most that a node reports are counted on, whatever else is there.
 */
const unitsOfController = 256

export interface CapacityFacts {
  readonly places: PlugPlaces
  /** One of `readMounts`. */
  readonly mounts: ReadonlyArray<Mount>
  /** What the operator sets as the most; 0 sets nothing. */
  readonly configured: number
}

export interface NodeCapacity {
  /** 0 leaves it open. */
  readonly limit: number
  /** For people: how it comes about. */
  readonly evidence: string
}

/** Where kubelet stages volumes and shows them to pods. */
const isKubelets = ({ target }: Mount): boolean => /\/kubernetes\.io[/~]csi\//.test(target)

const isMountOf = ({ name, number }: PluggedDisk, mount: Mount): boolean =>
  mount.number === number || ((mount.fsType === "devtmpfs" || mount.fsType === "tmpfs") && mount.root === `/${name}`)

/**
 * Whether the machine itself uses the disk, as it does its root disk, which may be a volume as well. A volume that kubelet
 * has staged is not the machine's, whatever its pod has made of it, and one that nothing uses may be about to be staged.
 */
const isMachines = (disk: PluggedDisk, mounts: ReadonlyArray<Mount>): boolean => {
  const own = mounts.filter((mount) => isMountOf(disk, mount))
  return !own.some(isKubelets) && (disk.isMounted || own.length > 0)
}

const nameOf = (bus: DiskBus): string => {
  switch (bus._tag) {
    case "VirtioBlk":
      return "virtio-blk"
    case "VirtioScsi":
      return `virtio-scsi ${bus.controller}`
    case "Other":
      return bus.name
  }
}

/** The bus that new volumes will be on: Nova takes it from the server's image, for all its disks alike. */
const busOfVolumes = (disks: ReadonlyArray<PluggedDisk>): DiskBus | string => {
  const volumes = disks.filter(({ isVolume }) => isVolume)
  const telling = volumes.length > 0 ? volumes : disks
  const [bus, ...others] = new Map(telling.map((disk) => [nameOf(disk.bus), disk.bus])).values()
  if (bus === undefined) return "no disk shows the bus that volumes are on"
  return others.length === 0 ? bus : `disks are on ${[bus, ...others].map(nameOf).join(" and ")}`
}

/**
 * The slots that libvirt puts a disk in: with PCI Express the ports alone, since a bridge to conventional PCI is for older
 * devices, and without it any slot (https://libvirt.org/pci-hotplug.html).
 */
const slotsForDisks = (slots: ReadonlyArray<PciSlot>): ReadonlyArray<PciSlot> => {
  const ports = slots.filter(({ isPort }) => isPort)
  return ports.length > 0 ? ports : slots
}

interface Room {
  readonly free: number
  readonly of: string
}

/** The free places of a bus, or why they are not known. */
const roomOn = (bus: DiskBus, { scsiDevices, slots }: PlugPlaces): Room | string => {
  switch (bus._tag) {
    case "VirtioBlk": {
      const usable = slotsForDisks(slots)
      const free = usable.filter(({ isFree }) => isFree).length
      const kind = usable.some(({ isPort }) => isPort) ? "PCI Express ports" : "PCI slots"
      return usable.length === 0
        ? "disks are on virtio-blk, and the kernel shows no slot for more"
        : { free, of: `${usable.length} ${kind} for hot-plug (virtio-blk)` }
    }
    case "VirtioScsi": {
      const free = Math.max(0, unitsOfController - (scsiDevices.get(bus.controller) ?? 0))
      return { free, of: `${unitsOfController} units of ${nameOf(bus)}` }
    }
    case "Other":
      return `disks are on ${bus.name}, whose free places cannot be counted`
  }
}

const volumesIn = ({ disks }: PlugPlaces) => disks.filter(({ isVolume }) => isVolume)

const machinesIn = ({ mounts, places }: Omit<CapacityFacts, "configured">) =>
  volumesIn(places).filter((disk) => isMachines(disk, mounts))

/** How many volumes of this driver the machine has. */
export const attachedIn = (facts: Omit<CapacityFacts, "configured">): number =>
  volumesIn(facts.places).length - machinesIn(facts).length

/**
 * The most volumes of this driver that the machine takes: those it has and the free places, within what the operator sets.
 * Kubernetes holds against it only the volumes of this driver, so other disks just take places away.
 */
export const decideNodeCapacity = ({ configured, mounts, places }: CapacityFacts): NodeCapacity => {
  const bus = busOfVolumes(places.disks)
  const room = typeof bus === "string" ? bus : roomOn(bus, places)
  if (typeof room === "string") return { limit: configured, evidence: `as configured: ${room}` }
  const machines = machinesIn({ mounts, places })
  const attached = attachedIn({ mounts, places })
  const all = attached + room.free
  const counted = [
    `${attached} attached, ${room.free} free of ${room.of}`,
    ...(machines.length === 0 ? [] : [`${machines.map(({ name }) => name).join(", ")} used by the machine itself`]),
    ...(all === 0 ? ["1 is the least that can be said, since 0 means no limit"] : []),
    ...(configured > 0 && configured < all ? [`${configured} configured as the most`] : [])
  ]
  const limit = Math.max(1, configured > 0 ? Math.min(configured, all) : all)
  return { limit, evidence: counted.join("; ") }
}
