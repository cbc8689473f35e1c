import { Clock, Effect, Layer } from "effect"
import { type FileSystem, familyOf, fileSystemNamed } from "../../domain/Capability.ts"
import { HostFailure } from "../../domain/errors.ts"
import { type BlockDevice, HostMounter, type Mount, type PathKind, type Usage } from "../../ports/HostMounter.ts"
import { type DiskImage, type DiskSocket, scan } from "./HostMemoryDisks.ts"
import { type HostFaults, makeFaultPlan } from "./HostMemoryFaults.ts"
import type { OutsideFiles } from "./HostMemoryOutside.ts"
import { kindOf, type PathWorld, type Resolved, resolve } from "./HostMemoryPaths.ts"
import { emptyTree, joinPath, makeDirectories } from "./HostMemoryTree.ts"
import {
  deviceName,
  deviceNumber,
  type FileSystemContents,
  type HostEvent,
  type HostMounterService,
  type HostOperation,
  type MountRecord,
  type PluggedDisk
} from "./HostMemoryTypes.ts"

/** One Linux server of the memory: its device nodes, files, mounts, and the port that works on them. */
export interface HostMemoryServer {
  readonly mounter: HostMounterService
  readonly layer: Layer.Layer<HostMounter>
  readonly faults: HostFaults
  /** Writes through the mount table, as a pod would; a device node takes the bytes raw. */
  readonly writeFile: (path: string, bytes: Uint8Array) => Effect.Effect<void, HostFailure>
  readonly readFile: (path: string) => Effect.Effect<Uint8Array, HostFailure>
  /** With all directories that lead to it. */
  readonly makeDirectories: (path: string) => Effect.Effect<void>
  readonly makeSymlink: (path: string, to: string) => Effect.Effect<void>
  readonly kind: (path: string) => Effect.Effect<PathKind>
  /** What was done to disks and mounts, oldest first. */
  readonly events: Effect.Effect<ReadonlyArray<HostEvent>>
  /** Mounts and open files are gone; disks, directories and files stay. */
  readonly reboot: Effect.Effect<void>
}

const rootBytes = 20n * 1_073_741_824n
const inodeBytes = 16_384n

export const makeHostServer = (
  directories: ReadonlyArray<string>,
  outside: OutsideFiles | undefined
): { readonly server: HostMemoryServer; readonly socket: DiskSocket } => {
  const disks = new Map<string, PluggedDisk>()
  let mounts: ReadonlyArray<MountRecord> = []
  let events: ReadonlyArray<HostEvent> = []
  const tree = emptyTree()
  const plan = makeFaultPlan()
  for (const path of ["/dev", ...directories]) makeDirectories(tree, path)

  const isAlive = (disk: PluggedDisk): boolean => disks.get(disk.volumeId) === disk
  const world: PathWorld = { tree, mounts: () => mounts, disks: () => [...disks.values()], isAlive }

  const record = (operation: HostEvent["operation"], volumeId: string | undefined, subject: string): void => {
    events = [...events, { operation, volumeId, subject }]
  }

  const failure = (operation: string, detail: string) => new HostFailure({ operation, outcome: "failed", detail })
  const fail = (operation: string, detail: string) => Effect.fail(failure(operation, detail))

  const walk = (operation: string, path: string, followLast: boolean): Effect.Effect<Resolved, HostFailure> => {
    const resolved = resolve(world, path, followLast)
    return resolved === undefined
      ? fail(operation, "Too many levels of symbolic links")
      : resolved.found._tag === "Dead"
        ? fail(operation, "Input/output error")
        : Effect.succeed(resolved)
  }

  /** Learns what other programs made or removed along the path. */
  const learn = (path: string): Effect.Effect<void> =>
    outside === undefined
      ? Effect.void
      : Effect.gen(function* () {
          const names = path.split("/").filter((name) => name !== "")
          for (let length = 1; length <= names.length; length++) {
            const step = `/${names.slice(0, length).join("/")}`
            if (mounts.some(({ target }) => step === target || step.startsWith(`${target}/`))) return
            const kind = yield* outside.kind(step)
            if (kind === tree.get(step)?.kind) continue
            if (kind === "directory") tree.set(step, { kind })
            else if (kind === "file") tree.set(step, { kind, bytes: new Uint8Array() })
            else if (kind === "absent") tree.delete(step)
            else tree.set(step, { kind: "other" })
          }
        })

  const asDevice = (disk: PluggedDisk): BlockDevice => ({
    path: `/dev/${deviceName(disk)}`,
    number: deviceNumber(disk),
    sizeBytes: disk.knownBytes,
    evidence: "the memory knows"
  })

  const visible = Effect.map(Clock.currentTimeMillis, (now) =>
    [...disks.values()].filter((disk) => disk.announced && disk.visibleAt <= now)
  )

  const diskOf = (operation: string, device: BlockDevice): Effect.Effect<PluggedDisk, HostFailure> => {
    const disk = [...disks.values()].find((one) => deviceNumber(one) === device.number)
    return disk === undefined ? fail(operation, `${device.path}: No such device or address`) : Effect.succeed(disk)
  }

  const mountsOn = (disk: PluggedDisk) =>
    mounts.flatMap(({ thing }) => (thing._tag === "disk" && thing.disk === disk ? [thing] : []))

  const fileSystemOn = (operation: string, disk: PluggedDisk): Effect.Effect<FileSystemContents, HostFailure> => {
    const { contents } = disk.image
    return contents._tag === "FileSystem" ? Effect.succeed(contents) : fail(operation, "no file system is recognised")
  }

  const asMount = ({ readOnly, target, thing }: MountRecord): Mount => {
    const mode = readOnly ? "ro" : "rw"
    switch (thing._tag) {
      case "disk": {
        const { contents, disk, options, root, superReadOnly } = thing
        return {
          target,
          source: `/dev/${deviceName(disk)}`,
          fsType: contents.type,
          options: [mode, "relatime", superReadOnly ? "ro" : "rw", ...options],
          // btrfs invents a number of its own.
          number: contents.type === "btrfs" ? `0:${100 + disk.index}` : deviceNumber(disk),
          root
        }
      }
      case "node": {
        const root = `/${deviceName(thing.disk)}${isAlive(thing.disk) ? "" : "//deleted"}`
        return { target, source: "devtmpfs", fsType: "devtmpfs", options: [mode, "nosuid"], number: "0:5", root }
      }
      case "tree":
        return { target, source: "/dev/vda1", fsType: "ext4", options: [mode], number: "252:1", root: thing.root }
    }
  }

  const rootMounts: ReadonlyArray<Mount> = [
    { target: "/", source: "/dev/vda1", fsType: "ext4", options: ["rw", "relatime"], number: "252:1", root: "/" },
    { target: "/dev", source: "devtmpfs", fsType: "devtmpfs", options: ["rw", "nosuid"], number: "0:5", root: "/" }
  ]

  const topOf = (path: string): MountRecord | undefined => mounts.filter(({ target }) => target === path).at(-1)

  /** A place in a directory where something can be made or removed. */
  const writable = Effect.fnUntraced(function* (operation: string, path: string) {
    const parent = yield* walk(operation, path.slice(0, Math.max(1, path.lastIndexOf("/"))), true)
    if (kindOf(parent.found) !== "directory") return yield* fail(operation, `${path}: No such file or directory`)
    const place = yield* walk(operation, joinPath(parent.path, path.slice(path.lastIndexOf("/") + 1)), false)
    const { found } = place
    if (found._tag !== "Entry") return { ...place, found, isOwn: false }
    const thing = found.mount?.thing
    if (found.mount?.readOnly || (thing?._tag === "disk" && thing.superReadOnly)) {
      return yield* fail(operation, `${path}: Read-only file system`)
    }
    return { ...place, found, isOwn: found.mount === undefined }
  })

  const outsideStep = (
    operation: string,
    isOwn: boolean,
    step: (files: OutsideFiles) => Effect.Effect<void, string>
  ) =>
    outside === undefined || !isOwn
      ? Effect.void
      : Effect.mapError(step(outside), (detail) => failure(operation, detail))

  const make = Effect.fnUntraced(function* (operation: string, path: string, wanted: "directory" | "file") {
    yield* learn(path)
    const { found, isOwn, path: place } = yield* writable(operation, path)
    const kind = kindOf(found)
    if (kind === wanted) return
    if (kind !== "absent" || found._tag !== "Entry") return yield* fail(operation, `${path}: File exists`)
    yield* outsideStep(operation, isOwn, (files) =>
      wanted === "directory" ? files.makeDirectory(place) : files.makeFile(place)
    )
    found.tree.set(found.inner, wanted === "directory" ? { kind: wanted } : { kind: wanted, bytes: new Uint8Array() })
  })

  const remove = Effect.fnUntraced(function* (path: string) {
    const operation = `remove ${path}`
    yield* learn(path)
    const parent = yield* walk(operation, path.slice(0, Math.max(1, path.lastIndexOf("/"))), true)
    if (kindOf(parent.found) === "absent") return
    const { found, isOwn, path: place } = yield* writable(operation, path)
    if (topOf(place) !== undefined) return yield* fail(operation, "Device or resource busy")
    if (found._tag !== "Entry") return yield* fail(operation, "Operation not permitted")
    const entry = found.tree.get(found.inner)
    if (entry === undefined) return
    switch (entry.kind) {
      case "directory":
        if (!found.tree.isEmpty(found.inner)) return yield* fail(operation, "Directory not empty")
        break
      case "file":
        if (entry.bytes.length > 0) return yield* fail(operation, "File not empty")
        break
      case "symlink":
      case "other":
        return yield* fail(operation, "neither a directory nor a file")
    }
    yield* outsideStep(operation, isOwn, (files) => files.remove(place))
    found.tree.delete(found.inner)
  })

  const format = Effect.fnUntraced(function* (device: BlockDevice, type: FileSystem, uuid: string | undefined) {
    const operation = `format ${device.path}`
    const disk = yield* diskOf(operation, device)
    if (mountsOn(disk).length > 0) return yield* fail(operation, "the disk is mounted")
    record("format", disk.volumeId, disk.image.contents._tag)
    const { sizeBytes } = disk.image
    disk.image.contents = { _tag: "FileSystem", type, uuid, sizeBytes, tree: emptyTree(), damaged: false }
  })

  const check = Effect.fnUntraced(function* (device: BlockDevice, type: FileSystem) {
    const operation = `check ${device.path}`
    const disk = yield* diskOf(operation, device)
    const contents = yield* fileSystemOn(operation, disk)
    if (mountsOn(disk).length > 0) return yield* fail(operation, "the disk is mounted")
    record("check", disk.volumeId, type)
    if (contents.damaged) return yield* fail(operation, "errors are left that need a human")
  })

  const grow = Effect.fnUntraced(function* (device: BlockDevice, type: FileSystem, mountedAt: string | undefined) {
    const operation = `grow ${device.path}`
    const disk = yield* diskOf(operation, device)
    const contents = yield* fileSystemOn(operation, disk)
    const there = mountedAt === undefined ? undefined : topOf(mountedAt)?.thing
    const isMounted = there?._tag === "disk" && there.disk === disk
    if (mountedAt !== undefined && !isMounted) return yield* fail(operation, `nothing is mounted at ${mountedAt}`)
    if (mountedAt === undefined && mountsOn(disk).length > 0) return yield* fail(operation, "the disk is mounted")
    if (mountedAt === undefined && familyOf(type) !== "ext") return yield* fail(operation, `${type} grows only mounted`)
    if (there?._tag === "disk" && there.superReadOnly) return yield* fail(operation, "Read-only file system")
    if (plan.refusesGrowth(isMounted)) return yield* fail(operation, "Operation not permitted")
    record("grow", disk.volumeId, mountedAt ?? "unmounted")
    contents.sizeBytes = disk.knownBytes
  })

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
    mounts = [...mounts, { target: path, readOnly: superReadOnly, thing }]
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
      mounts = [...mounts, { target: to.path, readOnly, thing }]
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
    const resolved = resolve(world, path, false)
    const target = resolved?.path ?? path
    const top = topOf(target)
    if (top === undefined) return
    const isBusy = mounts.some((other) => other.target.startsWith(`${target}/`)) || plan.isHeld(target)
    if (isBusy) return yield* fail(`unmount ${target}`, "target is busy")
    record("unmount", top.thing._tag === "tree" ? undefined : top.thing.disk.volumeId, target)
    mounts = mounts.filter((one) => one !== top)
  })

  const usage = Effect.fnUntraced(function* (path: string) {
    const operation = `measure ${path}`
    const { found } = yield* walk(operation, path, true)
    if (found._tag !== "Entry") return yield* fail(operation, "not a file system")
    const thing = found.mount?.thing
    const totalBytes = thing?._tag === "disk" ? thing.contents.sizeBytes : rootBytes
    const usedBytes = found.tree.usedBytes()
    const totalInodes = totalBytes / inodeBytes
    const usedInodes = BigInt(found.tree.paths().length)
    const availableBytes = totalBytes > usedBytes ? totalBytes - usedBytes : 0n
    const availableInodes = totalInodes - usedInodes
    return { totalBytes, usedBytes, availableBytes, totalInodes, usedInodes, availableInodes } satisfies Usage
  })

  const writeFile = Effect.fnUntraced(function* (path: string, bytes: Uint8Array) {
    const operation = `write ${path}`
    const { found } = yield* writable(operation, path)
    switch (found._tag) {
      case "Dead":
        return yield* fail(operation, "Input/output error")
      case "Node":
        if (!isAlive(found.disk)) return yield* fail(operation, "No such device or address")
        found.disk.image.contents = { _tag: "Raw", bytes }
        return
      case "Entry": {
        const kind = kindOf(found)
        if (kind !== "absent" && kind !== "file") return yield* fail(operation, `is a ${kind}`)
        const thing = found.mount?.thing
        const room = thing?._tag === "disk" ? thing.contents.sizeBytes : rootBytes
        if (found.tree.usedBytes() + BigInt(bytes.length) > room)
          return yield* fail(operation, "No space left on device")
        found.tree.set(found.inner, { kind: "file", bytes })
      }
    }
  })

  const readFile = Effect.fnUntraced(function* (path: string) {
    const operation = `read ${path}`
    const { found } = yield* walk(operation, path, true)
    switch (found._tag) {
      case "Dead":
        return yield* fail(operation, "Input/output error")
      case "Node": {
        if (!isAlive(found.disk)) return yield* fail(operation, "No such device or address")
        const { contents } = found.disk.image
        return contents._tag === "Raw" ? contents.bytes : new Uint8Array()
      }
      case "Entry": {
        const entry = found.tree.get(found.inner)
        return entry?.kind === "file" ? entry.bytes : yield* fail(operation, "No such file")
      }
    }
  })

  const during = <A>(operation: HostOperation, run: () => Effect.Effect<A, HostFailure>) =>
    plan.around(operation, Effect.suspend(run))

  const mounter: HostMounterService = {
    findDevice: (volumeId) =>
      during("findDevice", () =>
        Effect.map(visible, (all) => {
          const disk = all.find((one) => one.volumeId === volumeId)
          return disk === undefined ? undefined : asDevice(disk)
        })
      ),
    describeDevices: Effect.map(visible, (all) => all.map((disk) => `${deviceName(disk)} (${disk.volumeId})`)),
    rescan: during("rescan", () =>
      Effect.sync(() => {
        for (const disk of disks.values()) disk.announced = true
      })
    ),
    refreshSize: (device) =>
      during("refreshSize", () =>
        Effect.map(diskOf(`read the size of ${device.path}`, device), (disk) => {
          disk.knownBytes = disk.image.sizeBytes
          return asDevice(disk)
        })
      ),
    contentsOf: (device) =>
      during("contentsOf", () =>
        Effect.map(diskOf(`read ${device.path}`, device), (disk) => scan(disk.image.contents))
      ),
    format: (device, type, uuid) => during("format", () => format(device, type, uuid)),
    check: (device, type) => during("check", () => check(device, type)),
    grow: (device, type, mountedAt) => during("grow", () => grow(device, type, mountedAt)),
    mounts: during("mounts", () => Effect.sync(() => [...rootMounts, ...mounts.map(asMount)])),
    mount: (device, target, type, options) => during("mount", () => mount(device, target, type, options)),
    bind: (source, target, readOnly) => during("bind", () => bind(source, target, readOnly)),
    unmount: (target) => during("unmount", () => unmount(target)),
    locate: (path) =>
      during("locate", () =>
        Effect.zipRight(
          learn(path),
          Effect.map(walk(`look at ${path}`, path, false), (place) => ({ path: place.path, kind: kindOf(place.found) }))
        )
      ),
    deviceAt: (path) =>
      during("deviceAt", () =>
        Effect.map(walk(`look at ${path}`, path, true), ({ found }) =>
          found._tag === "Node" && isAlive(found.disk) ? asDevice(found.disk) : undefined
        )
      ),
    makeDirectory: (path) => during("makeDirectory", () => make(`make directory ${path}`, path, "directory")),
    makeFile: (path) => during("makeFile", () => make(`make file ${path}`, path, "file")),
    remove: (path) => during("remove", () => remove(path)),
    usage: (path) => during("usage", () => usage(path))
  }

  /** The least index that neither a disk nor a mount of a lost disk holds, as the kernel gives numbers out. */
  const freeIndex = (): number => {
    const used = new Set([...disks.values()].map(({ index }) => index))
    for (const { thing } of mounts) if (thing._tag === "disk") used.add(thing.disk.index)
    let index = 1
    while (used.has(index)) index += 1
    return index
  }

  const socket: DiskSocket = {
    plug: (volumeId: string, image: DiskImage) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (disks.has(volumeId)) return
        const visibleAt = now + plan.diskDelay()
        const announced = !plan.hidesDisks()
        disks.set(volumeId, { volumeId, image, index: freeIndex(), visibleAt, announced, knownBytes: image.sizeBytes })
      }),
    unplug: (volumeId) => {
      disks.delete(volumeId)
    },
    holds: (volumeId) => disks.has(volumeId),
    resized: (volumeId) => {
      const disk = disks.get(volumeId)
      if (disk !== undefined && !plan.holdsSizes()) disk.knownBytes = disk.image.sizeBytes
    }
  }

  const server: HostMemoryServer = {
    mounter,
    layer: Layer.succeed(HostMounter, mounter),
    faults: plan.faults,
    writeFile,
    readFile,
    makeDirectories: (path) => Effect.sync(() => makeDirectories(tree, path)),
    makeSymlink: (path, to) => Effect.sync(() => tree.set(path, { kind: "symlink", to })),
    kind: (path) =>
      Effect.sync(() => {
        const resolved = resolve(world, path, false)
        return resolved === undefined ? "absent" : kindOf(resolved.found)
      }),
    events: Effect.sync(() => events),
    reboot: Effect.zipRight(
      plan.faults.clear,
      Effect.sync(() => {
        mounts = []
      })
    )
  }
  return { server, socket }
}
