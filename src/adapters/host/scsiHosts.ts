/** A SCSI bus of this machine, as /sys/class/scsi_host lists it. */
export interface ScsiHost {
  /** Such as host2. */
  readonly name: string
  /** The kernel's `proc_name` of the driver. */
  readonly driver: string
}

/**
 * Drivers of the buses that a hypervisor gives to its guests (`proc_name` in Linux' drivers/scsi and drivers/message):
 * KVM, Hyper-V, VMware and what it emulates, Xen, POWER. Any other bus reaches disks that no cloud plugs in, such as those
 * of a storage network, where a scan takes long and may bring disks of somebody else.
 */
const hypervisorDrivers: ReadonlySet<string> = new Set([
  "virtio_scsi",
  "storvsc_host",
  "vmw_pvscsi",
  "mptspi",
  "mptsas",
  "sym53c8xx",
  "BusLogic",
  "scsifront",
  "ibmvscsi"
])

/** Whoever asks: a bus that has just been looked at shows nothing new to a second look. */
export const scanEveryMillis = 10_000

export interface ScanFacts {
  readonly hosts: ReadonlyArray<ScsiHost>
  /** When a scan of a host began last. */
  readonly scannedAt: ReadonlyMap<string, number>
  /** The host whose scan has not ended yet. */
  readonly scanning: string | undefined
  readonly now: number
}

/**
 * The host to scan now, the one that has waited longest; undefined if it is no host's turn. While a scan hangs there is
 * none, since each one keeps a thread.
 */
export const hostToScan = ({ hosts, now, scannedAt, scanning }: ScanFacts): string | undefined => {
  if (scanning !== undefined) return undefined
  const last = (name: string) => scannedAt.get(name) ?? Number.NEGATIVE_INFINITY
  return hosts
    .filter(({ driver, name }) => hypervisorDrivers.has(driver) && now - last(name) >= scanEveryMillis)
    .map(({ name }) => name)
    .sort((one, other) => Math.sign(last(one) - last(other)) || one.localeCompare(other, "en", { numeric: true }))[0]
}
