import type { BlockDevice, DiskContents } from "../../ports/HostMounter.ts"
import { HostFailure } from "../errors.ts"
import { sizeToleranceBytes } from "../publishContext.ts"

/** Bytes that a mounted file system offers in all, before and after it grew. */
export interface Growth {
  readonly before: bigint
  readonly after: bigint
}

/** Size that a file system records for itself; undefined where that cannot be told. */
export const recordedBytes = (contents: DiskContents | undefined): bigint | undefined =>
  contents?._tag === "FileSystem" ? contents.sizeBytes : undefined

/** What is wrong after a tool reported that it grew a file system; `total` is undefined where that was unmounted. */
export const growthProblem = (
  subject: string,
  device: BlockDevice,
  contents: DiskContents | undefined,
  total: Growth | undefined
): HostFailure | undefined => {
  const recorded = recordedBytes(contents)
  // The copy of the superblock on the disk may lag behind a mounted file system, which then offers more than it says.
  const isProved =
    recorded === undefined ||
    recorded + sizeToleranceBytes >= device.sizeBytes ||
    (total !== undefined && (total.after > total.before || total.after > recorded))
  return isProved
    ? undefined
    : new HostFailure({
        operation: `grow the file system of ${subject}`,
        outcome: "failed",
        detail: `it has ${recorded} of ${device.sizeBytes} bytes although its tool reported success`
      })
}
