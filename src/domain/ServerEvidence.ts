/** Nova's power states by name (https://docs.openstack.org/api-ref/compute/#show-server-details). */
export type Power = "none" | "running" | "paused" | "off" | "crashed" | "suspended" | "untold"

/** What Nova tells about whether a server's guest runs, and how far it can be believed. */
export interface ServerEvidence {
  /** Nova's summary, such as ACTIVE or SHUTOFF. */
  readonly status: string
  /** What Nova is doing to the server right now; undefined when nothing. */
  readonly task: string | undefined
  readonly power: Power
  readonly locked: boolean
  /** A hash that stands for the compute host and differs by project; empty where the server is on none. */
  readonly hostId: string
  /** How the compute host does: UP, DOWN, UNKNOWN, MAINTENANCE. Undefined where the cloud does not show it to us. */
  readonly hostStatus: string | undefined
  /** When Nova last changed its record, in milliseconds since the epoch. */
  readonly updatedAt: number | undefined
}
