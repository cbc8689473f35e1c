/** How a disk is connected to this machine, since that decides how many more can be. */
export type DiskBus =
  /** Each disk is a PCI device of its own and needs a slot. */
  | { readonly _tag: "VirtioBlk" }
  /** All disks are units of one controller. */
  | { readonly _tag: "VirtioScsi"; readonly controller: string }
  /** A bus whose free places cannot be counted. */
  | { readonly _tag: "Other"; readonly name: string }

/** A disk of this machine. */
export interface PluggedDisk {
  /** The kernel's name, such as vdb. */
  readonly name: string
  /** `major:minor`. */
  readonly number: string
  readonly bus: DiskBus
  /** It bears the id of some volume, or does not answer and may bear one. */
  readonly isVolume: boolean
  /** A file system on it, on a partition of it or on what is built upon it is mounted, in whatever namespace. */
  readonly isMounted: boolean
}

/** A PCI slot that devices can be plugged into while the machine runs. */
export interface PciSlot {
  /** Domain, bus and device, such as 0000:03:00. */
  readonly address: string
  /** The only slot of a PCI Express port, and not one of many on a conventional bus. */
  readonly isPort: boolean
  readonly isFree: boolean
}

/** Where disks are plugged into this machine and where more could be. */
export interface PlugPlaces {
  readonly disks: ReadonlyArray<PluggedDisk>
  readonly slots: ReadonlyArray<PciSlot>
  /** How many devices of any kind each SCSI controller has. */
  readonly scsiDevices: ReadonlyMap<string, number>
}
