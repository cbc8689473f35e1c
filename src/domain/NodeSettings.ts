import { Context } from "effect"

/** What becomes of a volume, made from nothing, whose file system has another UUID than the volume's id. */
export const uuidGuards = ["refuse", "warn", "off"] as const
/** One of `uuidGuards`. */
export type UuidGuard = (typeof uuidGuards)[number]

/** What the operator decides about this node. */
export interface NodeOptions {
  /** Reported as the most volumes the node takes; 0 leaves it open. */
  readonly maxVolumes: number
  /** Report fewer where the machine shows that it takes fewer. */
  readonly limitFromGuest: boolean
  readonly withTopology: boolean
  /** Further topology pairs of the node. */
  readonly additionalTopology: Readonly<Record<string, string>>
  /** Compare the disk's size and rescan before a file system is grown, also when nothing asks for a size. */
  readonly rescanOnResize: boolean
  /** Format noise also on volumes that nobody says are encrypted. */
  readonly formatNoise: boolean
  readonly uuidGuard: UuidGuard
}

/** The options as a service, for those who build the services one by one. */
export class NodeSettings extends Context.Tag("cinder-csi/domain/NodeSettings")<NodeSettings, NodeOptions>() {}
