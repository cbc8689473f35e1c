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

export type AccessMode = (typeof accessModes)[number]

export type Access =
  | { readonly _tag: "block" }
  /** `fsType` is empty when the caller leaves the choice to us. Flags may carry secrets: never logged. */
  | { readonly _tag: "mount"; readonly fsType: string; readonly flags: ReadonlyArray<string> }

export interface VolumeCapability {
  readonly access: Access
  readonly mode: AccessMode
}

export const isReadOnly = (mode: AccessMode): boolean =>
  mode === "SINGLE_NODE_READER_ONLY" || mode === "MULTI_NODE_READER_ONLY"

export const spansNodes = (mode: AccessMode): boolean =>
  mode === "MULTI_NODE_READER_ONLY" || mode === "MULTI_NODE_SINGLE_WRITER" || mode === "MULTI_NODE_MULTI_WRITER"

/** File systems this driver makes, checks, mounts and grows. */
export const fileSystems = ["ext4", "ext3", "ext2", "xfs", "btrfs"] as const
export type FileSystem = (typeof fileSystems)[number]

export const defaultFileSystem: FileSystem = "ext4"

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
