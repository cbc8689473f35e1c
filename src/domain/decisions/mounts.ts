import type { BlockDevice, Mount } from "../../ports/HostMounter.ts"
import { type FileSystem, familyOf, fileSystemNamed } from "../Capability.ts"

/** The mount in sight at a path: later mounts hide earlier ones. */
export const topAt = (mounts: ReadonlyArray<Mount>, path: string): Mount | undefined =>
  mounts.filter(({ target }) => target === path).at(-1)

export const layersAt = (mounts: ReadonlyArray<Mount>, path: string): number =>
  mounts.filter(({ target }) => target === path).length

/** The table must be one of `readMounts`, where btrfs shows the number of its disk too. */
export const sitsOn = (mount: Mount, device: BlockDevice): boolean => mount.number === device.number

/** Whether two looks saw one disk, not two of which one has the other's number by now. */
export const isSameDisk = (one: BlockDevice | undefined, other: BlockDevice | undefined): boolean =>
  one !== undefined && one.number === other?.number && one.instance === other.instance

/** Whether the whole file system of the disk is in sight; a btrfs volume may name any of its parts as its root. */
export const showsAllOf = (mount: Mount, device: BlockDevice): boolean =>
  sitsOn(mount, device) && (mount.fsType === "btrfs" || mount.root === "/")

/** Whether one may not write: by the mount or by the file system below it. */
export const isReadOnlyMount = (mount: Mount): boolean => mount.options.includes("ro")

/**
 * What the mount table tells of a file system that gave up after an error; undefined if it tells nothing, as it does of
 * an XFS that has shut down.
 */
export const collapseOf = (mount: Mount): string | undefined => {
  if (mount.options.includes("shutdown")) return "has shut down after an error"
  return mount.turnedReadOnly ? "was made read-only by the kernel after an error" : undefined
}

export const hidesCollapse = ({ fsType }: Mount): boolean => fsType === "xfs"

/** What has the name now that a mount was made under; `unclear` where that says nothing, as a link in its place does. */
export type AtSource = BlockDevice | "gone" | "unclear"

/** Whether the disk below a mount is proved to be gone: nothing, or another disk, has its name. */
export const isStale = (mount: Mount, atSource: AtSource): boolean => {
  if (atSource === "unclear" || fileSystemNamed(mount.fsType) === undefined) return false
  return atSource === "gone" || !sitsOn(mount, atSource)
}

/** Mounts of the disk's file system, parts of it included. */
export const mountsOf = (mounts: ReadonlyArray<Mount>, device: BlockDevice): ReadonlyArray<Mount> =>
  mounts.filter((mount) => sitsOn(mount, device))

/** Places where the disk's device node is bound, so that somebody may write to the raw disk. */
export const rawBindsOf = (mounts: ReadonlyArray<Mount>, device: BlockDevice): ReadonlyArray<Mount> => {
  const name = device.path.slice(device.path.lastIndexOf("/"))
  return mounts.filter(({ fsType, root }) => (fsType === "devtmpfs" || fsType === "tmpfs") && root === name)
}

/** The kernel takes a disk's node away with the disk, and says so of what is still bound (`d_path` of Linux). */
export const showsRemovedNode = ({ root }: Mount): boolean => root.endsWith("//deleted")

/** Whether a file system that is there serves a request; undefined asks for none in particular. */
export const satisfies = (present: string, wanted: FileSystem | undefined): boolean => {
  const known = fileSystemNamed(present)
  return wanted === undefined || (known !== undefined && familyOf(known) === familyOf(wanted))
}
