/**
 * Every program of the host that this project runs, with the Debian package that brings it. The image is made from this
 * list: it has these programs and no others.
 */
export const debianPackages = {
  blkid: "util-linux",
  blockdev: "util-linux",
  btrfs: "btrfs-progs",
  cp: "coreutils",
  dd: "coreutils",
  e2fsck: "e2fsprogs",
  findmnt: "util-linux",
  "fsck.ext2": "e2fsprogs",
  "fsck.ext3": "e2fsprogs",
  "fsck.ext4": "e2fsprogs",
  losetup: "mount",
  "mkfs.btrfs": "btrfs-progs",
  "mkfs.ext2": "e2fsprogs",
  "mkfs.ext3": "e2fsprogs",
  "mkfs.ext4": "e2fsprogs",
  "mkfs.xfs": "xfsprogs",
  mount: "mount",
  od: "coreutils",
  resize2fs: "e2fsprogs",
  stat: "coreutils",
  sync: "coreutils",
  umount: "mount",
  xfs_growfs: "xfsprogs"
} as const

export type HostProgram = keyof typeof debianPackages

/** A program of the list as part of a command. */
export const hostProgram = (program: HostProgram) => ({ program, debianPackage: debianPackages[program] })
