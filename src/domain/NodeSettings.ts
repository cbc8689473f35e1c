import { Context } from "effect"

/** What the operator decides about this node. */
export interface NodeOptions {
  /** Reported as the most volumes the node takes; 0 leaves it open. */
  readonly maxVolumes: number
  readonly withTopology: boolean
  /** Further topology pairs of the node. */
  readonly additionalTopology: Readonly<Record<string, string>>
  /** Compare the disk's size and rescan before a file system is grown, also when nothing asks for a size. */
  readonly rescanOnResize: boolean
}

export class NodeSettings extends Context.Tag("cinder-csi/domain/NodeSettings")<NodeSettings, NodeOptions>() {}
