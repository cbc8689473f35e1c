import { Either } from "effect"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import type { DescribedDisk, DiskAddress } from "../DescribedDisk.ts"
import { HostFailure } from "../errors.ts"
import { sizeToleranceBytes } from "../publishContext.ts"
import type { VolumeId } from "../Volume.ts"

/** What can be part of a file's name and of no path. */
const plain = /^[A-Za-z0-9:._-]+$/

/**
 * Where Nova says that the volume is plugged in; undefined if it does not say. Disks of two controllers may have one
 * address, and by-path links need not tell them apart, so that an address of two disks leads to neither.
 */
export const addressOf = (
  volume: VolumeId,
  disks: ReadonlyArray<DescribedDisk>
): Either.Either<DiskAddress | undefined, HostFailure> => {
  const isOurs = ({ serial }: DescribedDisk) => serial.toLowerCase() === volume.toLowerCase()
  const unclear = (detail: string) =>
    Either.left(new HostFailure({ operation: `find the disk of volume ${volume}`, outcome: "failed", detail }))
  const named = disks.filter((disk) => isOurs(disk) && plain.test(disk.bus) && plain.test(disk.address))
  const [first] = named
  if (first === undefined) return Either.right(undefined)
  const isThere = ({ address, bus }: DescribedDisk) => address === first.address && bus === first.bus
  if (!named.every(isThere)) {
    const places = named.map(({ address, bus }) => `${bus} ${address}`).join(" and ")
    return unclear(`the server's metadata has it at ${places}`)
  }
  const other = disks.find((disk) => isThere(disk) && !isOurs(disk))
  if (other !== undefined) {
    return unclear(`the server's metadata has it and disk ${other.serial} both at ${first.bus} ${first.address}`)
  }
  return Either.right({ bus: first.bus, address: first.address })
}

/** A disk that proves nothing by itself is at least not smaller than the volume, as far as its size is known. */
export const mayHold = (device: BlockDevice, leastBytes: bigint | undefined): boolean =>
  device.sizeBytes > 0n && (leastBytes === undefined || device.sizeBytes + sizeToleranceBytes >= leastBytes)
