import type { VolumeId } from "./Volume.ts"

/** Where a new volume shall lie, told by volumes that are there already. Both lists are without duplicates. */
export interface SchedulerHints {
  /** On the storage backend of each of these. */
  readonly sameHost: ReadonlyArray<VolumeId>
  /** On the storage backend of none of these. */
  readonly differentHost: ReadonlyArray<VolumeId>
}

/** Anywhere. */
export const noHints: SchedulerHints = { sameHost: [], differentHost: [] }
