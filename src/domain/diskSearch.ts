import { Effect } from "effect"
import { HostMounter } from "../ports/HostMounter.ts"
import { InstanceMetadata } from "../ports/InstanceMetadata.ts"
import { watched } from "../ports/Telemetry.ts"
import { addressOf, mayHold } from "./decisions/describedDisk.ts"
import { DeviceNotFound } from "./errors.ts"
import type { Patience } from "./nodeWaiting.ts"
import type { VolumeId } from "./Volume.ts"

/** A bus that announces its disks has done so by now; others are asked. */
const firstRescanMillis = 2_000

/**
 * How long a disk gets to prove by its serial what it is, before Nova is asked where it plugged the volume in. What it
 * says may be from before the volume was attached and name the place of another one by now: Nova answers from a copy of
 * up to 15 seconds of age (metadata_cache_expiration in its configuration reference), and the port keeps that for 5 more.
 */
const serialBudgetMillis = 21_000

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

  /** Waits for the disk for as long as the patience lasts. */
  const awaitDisk = Effect.fnUntraced(function* (
    volumeId: VolumeId,
    leastBytes: bigint | undefined,
    patience: Patience
  ) {
    for (;;) {
      const device = yield* host.findDevice(volumeId)
      if (device !== undefined) return device
      const waited = yield* patience.waited
      const addressed = waited < serialBudgetMillis ? undefined : yield* described(volumeId, leastBytes)
      if (addressed !== undefined) return addressed
      if (waited >= firstRescanMillis) {
        yield* Effect.catchAll(host.rescan, (failure) => Effect.logWarning(failure.message))
      }
      if (!(yield* patience.pause)) {
        return yield* new DeviceNotFound({ volumeId, seen: yield* host.describeDevices })
      }
    }
  })

  return {
    find,
    awaitDisk: (volumeId: VolumeId, leastBytes: bigint | undefined, patience: Patience) =>
      watched({ _tag: "Wait", reason: "disk" })(awaitDisk(volumeId, leastBytes, patience))
  }
})
