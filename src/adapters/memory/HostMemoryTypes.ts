import type { Context } from "effect"
import type { HostMounter } from "../../ports/HostMounter.ts"
import type { DiskImage, ImageContents } from "./HostMemoryDisks.ts"
import type { FileTree } from "./HostMemoryTree.ts"

export type HostMounterService = Context.Tag.Service<HostMounter>

/** A method of the port of the host. */
export type HostOperation = keyof HostMounterService

/** Something a server did to one of its disks, in the order it happened. */
export interface HostEvent {
  readonly operation: "format" | "check" | "grow" | "mount" | "unmount" | "bind" | "flush"
  /** Undefined where no disk is concerned. */
  readonly volumeId: string | undefined
  /** What the disk held before, for `format`; otherwise the path concerned. */
  readonly subject: string
}

/** A disk as one server sees it from plugging to unplugging; plugged in again it is another one. */
export interface PluggedDisk {
  readonly volumeId: string
  readonly image: DiskImage
  readonly index: number
  /** Counts the disks that were ever plugged in. */
  readonly plugging: number
  /** By the Clock, in milliseconds. */
  readonly visibleAt: number
  announced: boolean
  knownBytes: bigint
  /** What became of the mounted file system after an error; over with its last mount. */
  collapse: Collapse | undefined
  /** What was built upon the disk. */
  holders: ReadonlyArray<string>
}

/** After an error a file system shuts down, or the kernel makes it read-only. */
export type Collapse = "shutdown" | "readOnly"

export type FileSystemContents = Extract<ImageContents, { readonly _tag: "FileSystem" }>

export type MountedThing =
  /** `contents` is shared by all mounts of a disk, as the kernel shares its superblock. */
  | {
      readonly _tag: "disk"
      readonly disk: PluggedDisk
      readonly contents: FileSystemContents
      readonly root: string
      readonly superReadOnly: boolean
      readonly options: ReadonlyArray<string>
    }
  | { readonly _tag: "node"; readonly disk: PluggedDisk }
  | { readonly _tag: "tree"; readonly tree: FileTree; readonly root: string }

export interface MountRecord {
  readonly target: string
  readonly readOnly: boolean
  readonly thing: MountedThing
}

/** The letters after `vd`; the root disk is `a`. */
const letters = (index: number): string =>
  (index >= 26 ? letters(Math.floor(index / 26) - 1) : "") + String.fromCharCode(97 + (index % 26))

export const deviceName = ({ index }: PluggedDisk): string => `vd${letters(index)}`

/** virtio-blk's major number, and a minor for each partition. */
export const deviceNumber = ({ index }: PluggedDisk): string => `252:${index * 16}`
