import type { VolumeId } from "../../domain/Volume.ts"
import type { IdentitySource } from "./HostOptions.ts"

/** One text by which a disk tells who it is. */
export interface Serial {
  /** Where it was read, such as "serial". */
  readonly from: string
  readonly text: string
}

/** A whole disk of this host. */
export interface Disk {
  /** The kernel's name, such as vdb. */
  readonly name: string
  /** `major:minor`. */
  readonly number: string
  /** As `BlockDevice` has it. */
  readonly instance: string
  readonly serials: ReadonlyArray<Serial>
  /** It has not answered the question for its serial, so that it may be any volume. */
  readonly isSilent: boolean
  /** The file behind a loop device. */
  readonly backingFile: string | undefined
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The forms in which a bus spells a volume's id; undefined for an id that no disk can carry. */
const spellingsOf = (volume: VolumeId) => {
  const full = volume.toLowerCase()
  if (!uuid.test(full)) return undefined
  return {
    full,
    /** virtio-blk, SATA and NVMe have 20 bytes for a serial (VIRTIO_BLK_ID_BYTES in the virtio specification). */
    short: full.slice(0, 20),
    hex: full.replaceAll("-", "")
  }
}

/** A world-wide id is a text with a type before it: `t10.QEMU QEMU HARDDISK <serial>`, `naa.<hex>`, `uuid.<uuid>`. */
const wordsOf = (text: string): ReadonlyArray<string> => {
  const plain = text.toLowerCase().replaceAll("\0", " ").trim()
  const last = plain.split(/\s+/).at(-1) ?? ""
  return [plain, last, last.replace(/^(naa|eui|uuid)\./, "")]
}

/** How this disk proves to be the volume, in words; undefined if it does not. */
export const proofOf = (volume: VolumeId, disk: Disk, source: IdentitySource): string | undefined => {
  const spelling = spellingsOf(volume)
  if (spelling === undefined) return undefined
  switch (source) {
    case "serial": {
      const forms: ReadonlyArray<string> = [spelling.full, spelling.short, spelling.hex]
      const match = disk.serials.find(({ text }) => wordsOf(text).some((word) => forms.includes(word)))
      return match === undefined ? undefined : `${match.from} ${match.text.trim()} in sysfs`
    }
    case "loop-backing-file":
      return disk.backingFile?.split("/").at(-1) === `volume-${spelling.full}`
        ? `backing file ${disk.backingFile}`
        : undefined
  }
}

/**
 * Whether a disk bears a volume's id or number: then it is that volume and no other. Numbers that the hypervisor or the
 * hardware gave it (Microsoft's begin with 6002248) say nothing about volumes.
 */
export const bearsSomeVolume = ({ backingFile, serials }: Pick<Disk, "backingFile" | "serials">): boolean => {
  const forms = [
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f](?:[0-9a-f]{3}-[0-9a-f]{12})?$/,
    /^(?!6002248)[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/
  ]
  const words = serials.flatMap(({ text }) => wordsOf(text))
  return words.some((word) => forms.some((form) => form.test(word))) || /\/volume-[^/]+$/.test(backingFile ?? "")
}

/** Whether udev's link of this name in disk/by-id promises the volume. A promise only: links outlive their disks. */
export const promises = (volume: VolumeId, link: string): boolean => {
  const spelling = spellingsOf(volume)
  if (spelling === undefined) return false
  const name = link.toLowerCase()
  if (name === `wwn-0x${spelling.hex}` || name === `scsi-3${spelling.hex}`) return true
  return [spelling.full, spelling.short].some((form) => name.endsWith(`-${form}`) || name.endsWith(`_${form}`))
}

/** For people: what a disk says of itself. */
export const describe = (disk: Disk): string => {
  const said = disk.serials.map(({ from, text }) => `${from} ${JSON.stringify(text.trim())}`)
  const file = disk.backingFile === undefined ? [] : [`file ${disk.backingFile}`]
  const words = [...said, ...file, ...(disk.isSilent ? ["does not answer"] : [])]
  return `${disk.name} (${words.length === 0 ? "no serial" : words.join(", ")})`
}
