import type { PathKind } from "../../ports/HostMounter.ts"
import { type FileTree, joinPath, parentOf } from "./HostMemoryTree.ts"
import { deviceName, type MountRecord, type PluggedDisk } from "./HostMemoryTypes.ts"

/** What a path leads to. */
export type Found =
  | { readonly _tag: "Entry"; readonly tree: FileTree; readonly inner: string; readonly mount: MountRecord | undefined }
  | { readonly _tag: "Node"; readonly disk: PluggedDisk }
  /** The disk below is gone, and with it all that was not in memory. */
  | { readonly _tag: "Dead" }

export interface Resolved {
  /** Without symlinks, apart from the last component where that was not to be followed. */
  readonly path: string
  readonly found: Found
}

export interface PathWorld {
  readonly tree: FileTree
  readonly mounts: () => ReadonlyArray<MountRecord>
  readonly disks: () => ReadonlyArray<PluggedDisk>
  readonly isAlive: (disk: PluggedDisk) => boolean
}

const mostSymlinks = 40

const covering = (mounts: ReadonlyArray<MountRecord>, path: string): MountRecord | undefined =>
  mounts.reduce<MountRecord | undefined>((best, mount) => {
    const covers = path === mount.target || path.startsWith(`${mount.target}/`)
    return covers && (best === undefined || mount.target.length >= best.target.length) ? mount : best
  }, undefined)

const lookUp = (world: PathWorld, path: string): Found => {
  const mount = covering(world.mounts(), path)
  if (mount === undefined) {
    const disk = world.disks().find((one) => path === `/dev/${deviceName(one)}`)
    return disk === undefined
      ? { _tag: "Entry", tree: world.tree, inner: path, mount: undefined }
      : { _tag: "Node", disk }
  }
  const rest = path.slice(mount.target.length)
  const { thing } = mount
  switch (thing._tag) {
    case "node":
      return { _tag: "Node", disk: thing.disk }
    case "tree":
      return { _tag: "Entry", tree: thing.tree, inner: joinPath(thing.root, rest), mount }
    case "disk": {
      // XFS answers for nothing once it has shut down; ext4 still has its root in memory.
      const isKept = rest === "" && thing.contents.type !== "xfs"
      const answers = world.isAlive(thing.disk) && thing.disk.collapse !== "shutdown"
      return answers || isKept
        ? { _tag: "Entry", tree: thing.contents.tree, inner: joinPath(thing.root, rest), mount }
        : { _tag: "Dead" }
    }
  }
}

const entryOf = (found: Found) => (found._tag === "Entry" ? found.tree.get(found.inner) : undefined)

export const kindOf = (found: Found): PathKind => {
  switch (found._tag) {
    case "Node":
      return "blockDevice"
    case "Dead":
      return "other"
    case "Entry":
      return found.tree.get(found.inner)?.kind ?? "absent"
  }
}

/** Walks a path; undefined if it leads nowhere because of a loop of symlinks. */
export const resolve = (world: PathWorld, path: string, followLast: boolean): Resolved | undefined => {
  let left = path.split("/").filter((name) => name !== "")
  let at = "/"
  let symlinks = 0
  for (;;) {
    const [name, ...rest] = left
    if (name === undefined) return { path: at, found: lookUp(world, at) }
    left = rest
    if (name === ".") continue
    if (name === "..") {
      at = parentOf(at)
      continue
    }
    const next = joinPath(at, name)
    const entry = entryOf(lookUp(world, next))
    if (entry?.kind !== "symlink" || (left.length === 0 && !followLast)) {
      at = next
      continue
    }
    symlinks += 1
    if (symlinks > mostSymlinks) return undefined
    left = [...entry.to.split("/").filter((part) => part !== ""), ...left]
    if (entry.to.startsWith("/")) at = "/"
  }
}
