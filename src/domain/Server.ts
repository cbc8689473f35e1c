import { Brand } from "effect"
import type { VolumeId } from "./Volume.ts"

/** Nova's id of a server, which is also the CSI node id. */
export type ServerId = string & Brand.Brand<"ServerId">
/** Takes a text for the id of a server. */
export const ServerId = Brand.nominal<ServerId>()

/** A server as its owner sees it (https://docs.openstack.org/api-ref/compute/#servers-servers). */
export interface Server {
  readonly id: ServerId
  readonly name: string
  /** Nova's summary, such as ACTIVE, SHUTOFF, ERROR, VERIFY_RESIZE, SHELVED_OFFLOADED. */
  readonly status: string
  /** What Nova is doing to the server right now, such as rebooting or migrating; undefined when nothing. */
  readonly task: string | undefined
  /** Absent where Nova does not tell (microversion below 2.9). */
  readonly locked: boolean | undefined
  readonly zone: string
  /**
   * Volumes Nova has on record for the server. A record appears as soon as an attach is accepted: no proof of a device.
   * Undefined where Nova does not tell, as while the part of the cloud that the server is in cannot be reached.
   */
  readonly volumeIds: ReadonlyArray<VolumeId> | undefined
  /** When Nova last changed its record of the server, in milliseconds since the epoch. */
  readonly updatedAt: number | undefined
}
