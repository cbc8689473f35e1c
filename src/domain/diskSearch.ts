import { Effect } from "effect"
import { HostMounter } from "../ports/HostMounter.ts"
import { InstanceMetadata } from "../ports/InstanceMetadata.ts"
import { addressOf, mayHold } from "./decisions/describedDisk.ts"
import type { VolumeId } from "./Volume.ts"

/** Looks for the disk of a volume. `leastBytes` is what the volume is known to have at least. */
export const makeDiskSearch = Effect.gen(function* () {
  const host = yield* HostMounter
  const metadata = yield* InstanceMetadata

  /** For hypervisors that give disks no serial, such as Hyper-V: the disk where Nova says that it plugged the volume in. */
  const described = Effect.fnUntraced(function* (volumeId: VolumeId, leastBytes: bigint | undefined) {
    const address = yield* addressOf(volumeId, yield* metadata.disks)
    if (address === undefined) return undefined
    const device = yield* host.findDeviceAt(address, volumeId)
    if (device === undefined || mayHold(device, leastBytes)) return device
    yield* Effect.logWarning(
      `${device.path} is where volume ${volumeId} should be and has ${device.sizeBytes} bytes, less than its ${leastBytes ?? 1n}`
    )
    return undefined
  })

  /** The disk that proves to be the volume; only if none does, the one that Nova describes. */
  const find = Effect.fnUntraced(function* (volumeId: VolumeId, leastBytes: bigint | undefined) {
    return (yield* host.findDevice(volumeId)) ?? (yield* described(volumeId, leastBytes))
  })

  return { described, find }
})
