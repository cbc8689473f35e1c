import type { Server } from "../Server.ts"

/** A server that took no more disks when it was last asked to. */
export interface AttachLimit {
  readonly detail: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** How many volumes Nova had on record for it then; undefined where it did not tell. */
  readonly disks: number | undefined
}

/** How long a full server is not asked again. Nova tells nobody that room has been made by other means. */
const fullMillis = 300_000

/**
 * So many attachments in a row that Nova accepted and gave up, with none that succeeded in between, mean a server without
 * a free slot: a hypervisor finds that out only when it plugs the disk in, and a member of the project is not told.
 */
export const tooManyFallBacks = 3

/** As far as can be told without a look at the server. */
export const isRecent = ({ at }: Pick<AttachLimit, "at">, now: number): boolean => now - at < fullMillis

/** Whether the server need not be asked: nothing tells that it has room again. */
export const isStillFull = ({ at, disks }: AttachLimit, server: Server, now: number): boolean =>
  isRecent({ at }, now) && (disks === undefined || server.volumeIds === undefined || server.volumeIds.length >= disks)

export const fallBacksText = (count: number): string =>
  `Nova accepted ${count} attachments in a row and gave each of them up`
