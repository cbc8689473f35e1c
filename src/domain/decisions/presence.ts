import type { BlockDevice, Mount } from "../../ports/HostMounter.ts"
import { isSameDisk, showsAllOf, topAt } from "./mounts.ts"

export interface PresenceFacts {
  readonly path: string
  readonly mounts: ReadonlyArray<Mount>
  /** Undefined: no disk of the node is this volume. */
  readonly device: BlockDevice | undefined
  /** The disk whose node is at the path, if a device node is there. */
  readonly deviceAtPath: BlockDevice | undefined
}

/** What a path shows of a volume. */
export type Presence =
  | { readonly _tag: "Mounted"; readonly mount: Mount; readonly device: BlockDevice }
  | { readonly _tag: "Raw"; readonly device: BlockDevice }
  /** Something is mounted there, and no disk of the node is the volume. */
  | { readonly _tag: "DiskGone" }
  | { readonly _tag: "Elsewhere" }

/**
 * Kubelet asks at staging paths, targets and, for block volumes, at a bind mount of its own making
 * (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#raw-block-volume-support). A path that is not the
 * volume's would give the figures of the node's root disk.
 */
export const presenceOf = ({ device, deviceAtPath, mounts, path }: PresenceFacts): Presence => {
  const mount = topAt(mounts, path)
  if (device === undefined) return mount === undefined ? { _tag: "Elsewhere" } : { _tag: "DiskGone" }
  if (deviceAtPath !== undefined) {
    return isSameDisk(deviceAtPath, device) ? { _tag: "Raw", device } : { _tag: "Elsewhere" }
  }
  return mount !== undefined && showsAllOf(mount, device) ? { _tag: "Mounted", mount, device } : { _tag: "Elsewhere" }
}
