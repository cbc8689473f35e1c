import { type FileSystem, familyOf } from "../../domain/Capability.ts"

/** Looks for damage on an unmounted disk and changes nothing. */
const lookCommand = (fileSystem: FileSystem, device: string): string => {
  switch (familyOf(fileSystem)) {
    case "ext":
      return `e2fsck -fn ${device}`
    case "xfs":
      return `xfs_repair -n ${device}`
    case "btrfs":
      return `btrfs check --readonly ${device}`
  }
}

/** EUCLEAN, and what mount(8) says where the kernel took the superblock for none of its kind. */
const saysDamage = /Structure needs cleaning|can't read superblock|bad superblock/i

/** mount(8) blames options in the same breath, as the kernel gives one answer for both. */
const mayBlameOptions = /bad option/

/**
 * What a refusal to mount means for the operator. Only ext repairs what it can beforehand; a log of xfs and btrfs is
 * replayed by the mount, and what is wrong beyond that may lose data in repair, so that a human has to decide.
 */
export const explainMount = (fileSystem: FileSystem, device: string, detail: string): string => {
  if (!saysDamage.test(detail)) return detail
  const unless = mayBlameOptions.test(detail) ? "if the mount options are right, " : ""
  const look = `look at it on this node with "${lookCommand(fileSystem, device)}"`
  return `${detail}: ${unless}its ${fileSystem} is damaged and needs a human, since this driver repairs none: take a snapshot of the volume, then ${look}`
}
