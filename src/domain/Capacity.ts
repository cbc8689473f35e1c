/** Bytes in the unit Cinder sizes volumes in. */
export const bytesPerGiB = 1_073_741_824n

/** The largest size Cinder's schema accepts, in GiB (https://docs.openstack.org/api-ref/block-storage/v3/#create-a-volume). */
export const largestGiB = 2_147_483_647

/** Size of a volume that was asked for without one. */
export const defaultGiB = 1

/** The least number of whole GiB that hold `bytes`. */
export const gibCeil = (bytes: bigint): bigint => (bytes + bytesPerGiB - 1n) / bytesPerGiB

/** So many GiB in bytes. */
export const bytesOf = (sizeGiB: number): bigint => BigInt(sizeGiB) * bytesPerGiB

/** What the orchestrator asked for, in bytes; undefined where it set no bound. */
export interface CapacityRange {
  readonly requiredBytes: bigint | undefined
  readonly limitBytes: bigint | undefined
}
