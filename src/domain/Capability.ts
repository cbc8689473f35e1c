/** CSI's access modes under the names of its specification. */
export const accessModes = [
  "SINGLE_NODE_WRITER",
  "SINGLE_NODE_READER_ONLY",
  "MULTI_NODE_READER_ONLY",
  "MULTI_NODE_SINGLE_WRITER",
  "MULTI_NODE_MULTI_WRITER",
  "SINGLE_NODE_SINGLE_WRITER",
  "SINGLE_NODE_MULTI_WRITER"
] as const

/** Who may use a volume at a time, and for what. */
export type AccessMode = (typeof accessModes)[number]

/** How a volume is used: as a raw device, or with a file system. */
export type Access =
  | { readonly _tag: "block" }
  /** `fsType` is empty when the caller leaves the choice to us. Flags may carry secrets: never logged. */
  | { readonly _tag: "mount"; readonly fsType: string; readonly flags: ReadonlyArray<string> }

/** One way in which a volume is to be used. */
export interface VolumeCapability {
  readonly access: Access
  readonly mode: AccessMode
}

/** Whether nobody writes in this mode. */
export const isReadOnly = (mode: AccessMode): boolean =>
  mode === "SINGLE_NODE_READER_ONLY" || mode === "MULTI_NODE_READER_ONLY"

/** Whether several nodes may use the volume at a time in this mode. */
export const spansNodes = (mode: AccessMode): boolean =>
  mode === "MULTI_NODE_READER_ONLY" || mode === "MULTI_NODE_SINGLE_WRITER" || mode === "MULTI_NODE_MULTI_WRITER"

/** File systems this driver makes, checks, mounts and grows. */
export const fileSystems = ["ext4", "ext3", "ext2", "xfs", "btrfs"] as const
/** A file system that this driver makes. */
export type FileSystem = (typeof fileSystems)[number]

/** What is made where no file system was asked for. */
export const defaultFileSystem: FileSystem = "ext4"

/** Undefined: the driver does not make it. */
export const fileSystemNamed = (name: string): FileSystem | undefined => fileSystems.find((known) => known === name)

/** One driver of the kernel serves ext2, ext3 and ext4, so that a disk of one is fit for a request of another. */
export const familyOf = (fileSystem: FileSystem): "ext" | "xfs" | "btrfs" => {
  switch (fileSystem) {
    case "ext2":
    case "ext3":
    case "ext4":
      return "ext"
    case "xfs":
      return "xfs"
    case "btrfs":
      return "btrfs"
  }
}
