import { Either } from "effect"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import type { DescribedDisk, DiskAddress } from "../DescribedDisk.ts"
import { HostFailure } from "../errors.ts"
import { sizeToleranceBytes } from "../publishContext.ts"
import type { VolumeId } from "../Volume.ts"

/** What can be part of a file's name and of no path. */
const plain = /^[A-Za-z0-9:._-]+$/

/** Where Nova says that the volume is plugged in; undefined if it does not say. */
export const addressOf = (
  volume: VolumeId,
  disks: ReadonlyArray<DescribedDisk>
): Either.Either<DiskAddress | undefined, HostFailure> => {
  const named = disks.filter(
    ({ address, bus, serial }) =>
      serial.toLowerCase() === volume.toLowerCase() && plain.test(bus) && plain.test(address)
  )
  const [first] = named
  if (first === undefined) return Either.right(undefined)
  if (named.every(({ address, bus }) => address === first.address && bus === first.bus)) {
    return Either.right({ bus: first.bus, address: first.address })
  }
  const places = named.map(({ address, bus }) => `${bus} ${address}`).join(" and ")
  return Either.left(
    new HostFailure({
      operation: `find the disk of volume ${volume}`,
      outcome: "failed",
      detail: `the server's metadata has it at ${places}`
    })
  )
}

/** A disk that proves nothing by itself is at least not smaller than the volume, as far as its size is known. */
export const mayHold = (device: BlockDevice, leastBytes: bigint | undefined): boolean =>
  leastBytes === undefined || device.sizeBytes + sizeToleranceBytes >= leastBytes
