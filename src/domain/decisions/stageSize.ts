import type { BlockDevice } from "../../ports/HostMounter.ts"
import { NotReady } from "../errors.ts"
import { sizeToleranceBytes } from "../publishContext.ts"
import type { VolumeId } from "../Volume.ts"
import { act, done, refuse, type Verdict } from "./Verdict.ts"

export interface StageSizeFacts {
  readonly volumeId: VolumeId
  readonly device: BlockDevice
  /** What the volume is known to have at least. */
  readonly leastBytes: bigint | undefined
  /** The disk's size was looked up anew by this call. */
  readonly refreshed: boolean
}

/** A disk that is smaller than its volume is another one, or the kernel does not know its size yet. */
export const decideStageSize = ({
  device,
  leastBytes = 1n,
  refreshed,
  volumeId
}: StageSizeFacts): Verdict<{ readonly _tag: "RefreshSize" }, void> => {
  if (device.sizeBytes > 0n && device.sizeBytes + sizeToleranceBytes >= leastBytes) return done(undefined)
  if (!refreshed) return act({ _tag: "RefreshSize" })
  return refuse(
    new NotReady({
      subject: `disk ${device.path} of volume ${volumeId}`,
      state: `${device.sizeBytes} bytes, smaller than the volume's ${leastBytes}`,
      remedy: undefined
    })
  )
}
