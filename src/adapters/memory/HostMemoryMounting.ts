import { Effect } from "effect"
import { type FileSystem, familyOf, fileSystemNamed } from "../../domain/Capability.ts"
import type { BlockDevice, Mount } from "../../ports/HostMounter.ts"
import { kindOf, resolve } from "./HostMemoryPaths.ts"
import { fail, type HostState } from "./HostMemoryState.ts"
import { deviceName, deviceNumber, type MountRecord } from "./HostMemoryTypes.ts"

const healthy = { turnedReadOnly: false }

const rootMounts: ReadonlyArray<Mount> = [
  {
    target: "/",
    source: "/dev/vda1",
    fsType: "ext4",
    options: ["rw", "relatime"],
    number: "252:1",
    root: "/",
    ...healthy
  },
  {
    target: "/dev",
    source: "devtmpfs",
    fsType: "devtmpfs",
    options: ["rw", "nosuid"],
    number: "0:5",
    root: "/",
    ...healthy
  }
]

/** The mount table of a server and what changes it. */
export const makeMounting = (state: HostState) => {
  const { diskOf, fileSystemOn, isAlive, mountsOn, plan, record, topAt, walk } = state

  const asMount = ({ readOnly, target, thing }: MountRecord): Mount => {
    const mode = readOnly ? "ro" : "rw"
    switch (thing._tag) {
      case "disk": {
        const { contents, disk, options, root, superReadOnly } = thing
        const hasTurned = disk.collapse === "readOnly"
        const shown = disk.collapse === "shutdown" && contents.type !== "xfs" ? ["shutdown"] : []
        return {
          target,
          source: `/dev/${deviceName(disk)}`,
          fsType: contents.type,
          options: [mode, "relatime", superReadOnly || hasTurned ? "ro" : "rw", ...shown, ...options],
          // btrfs invents a number of its own.
          number: contents.type === "btrfs" ? `0:${100 + disk.index}` : deviceNumber(disk),
          root,
          turnedReadOnly: hasTurned && !superReadOnly && !readOnly
        }
      }
      case "node": {
        const root = `/${deviceName(thing.disk)}${isAlive(thing.disk) ? "" : "//deleted"}`
        return {
          target,
          source: "devtmpfs",
          fsType: "devtmpfs",
          options: [mode, "nosuid"],
          number: "0:5",
          root,
          ...healthy
        }
      }
      case "tree":
        return {
          target,
          source: "/dev/vda1",
          fsType: "ext4",
          options: [mode],
          number: "252:1",
          root: thing.root,
          ...healthy
        }
    }
  }

  const mount = Effect.fnUntraced(function* (
    device: BlockDevice,
    target: string,
    type: FileSystem,
    options: ReadonlyArray<string>
  ) {
    const operation = `mount ${target}`
    const disk = yield* diskOf(operation, device)
    const contents = yield* fileSystemOn(operation, disk)
    const present = fileSystemNamed(contents.type)
    if (present === undefined || familyOf(present) !== familyOf(type)) {
      return yield* fail(operation, `wrong fs type: ${contents.type}`)
    }
    const { found, path } = yield* walk(operation, target, true)
    if (kindOf(found) !== "directory") return yield* fail(operation, "mount point is not a directory")
    const superReadOnly = options.includes("ro")
    const [shared] = mountsOn(disk)
    if (shared !== undefined && shared.superReadOnly !== superReadOnly) {
      return yield* fail(operation, "already mounted in another mode")
    }
    const needsReadOnly = ["noload", "norecovery", "rescue=nologreplay"].some((option) => options.includes(option))
    if (needsReadOnly && !superReadOnly) return yield* fail(operation, "a skipped recovery needs a read-only mount")
    record("mount", disk.volumeId, path)
    const kept = options.filter((option) => option !== "ro" && option !== "rw" && option !== "defaults")
    const thing = { _tag: "disk" as const, disk, contents, root: "/", superReadOnly, options: kept }
    state.setMounts([...state.mounts(), { target: path, readOnly: superReadOnly, thing }])
  })

  const bind = Effect.fnUntraced(function* (source: string, target: string, readOnly: boolean) {
    const operation = `bind ${target}`
    const from = (yield* walk(operation, source, true)).found
    const to = yield* walk(operation, target, true)
    const isNode = from._tag === "Node"
    if (!isNode && kindOf(from) !== "directory") return yield* fail(operation, `${source} is not a directory`)
    if (isNode ? kindOf(to.found) === "directory" : kindOf(to.found) !== "directory") {
      return yield* fail(operation, "source and target differ in kind")
    }
    if (kindOf(to.found) === "absent") return yield* fail(operation, "mount point does not exist")
    const add = (thing: MountRecord["thing"]): void => {
      record("bind", thing._tag === "tree" ? undefined : thing.disk.volumeId, to.path)
      state.setMounts([...state.mounts(), { target: to.path, readOnly, thing }])
    }
    switch (from._tag) {
      case "Node":
        return add({ _tag: "node", disk: from.disk })
      case "Dead":
        return
      case "Entry": {
        const thing = from.mount?.thing
        return add(
          thing?._tag === "disk" ? { ...thing, root: from.inner } : { _tag: "tree", tree: from.tree, root: from.inner }
        )
      }
    }
  })

  const unmount = Effect.fnUntraced(function* (path: string) {
    const resolved = resolve(state.world, path, false)
    const target = resolved?.path ?? path
    const top = topAt(target)
    if (top === undefined) return
    const isBusy = state.mounts().some((other) => other.target.startsWith(`${target}/`)) || plan.isHeld(target)
    if (isBusy) return yield* fail(`unmount ${target}`, "target is busy")
    record("unmount", top.thing._tag === "tree" ? undefined : top.thing.disk.volumeId, target)
    state.setMounts(state.mounts().filter((one) => one !== top))
  })

  return { list: () => [...rootMounts, ...state.mounts().map(asMount)], mount, bind, unmount }
}
