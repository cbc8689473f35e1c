import { Clock, Effect, Layer } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import { HostMounter, type PathKind, type Pulse } from "../../ports/HostMounter.ts"
import { type DiskImage, type DiskSocket, scan } from "./HostMemoryDisks.ts"
import type { HostFaults } from "./HostMemoryFaults.ts"
import { makeFileSystemTools } from "./HostMemoryFileSystems.ts"
import { makeFiles } from "./HostMemoryFiles.ts"
import { makeMounting } from "./HostMemoryMounting.ts"
import type { OutsideFiles } from "./HostMemoryOutside.ts"
import { kindOf, resolve } from "./HostMemoryPaths.ts"
import { asDevice, asPlugged, makeHostState } from "./HostMemoryState.ts"
import { makeDirectories } from "./HostMemoryTree.ts"
import {
  type Collapse,
  deviceName,
  type HostEvent,
  type HostMounterService,
  type HostOperation
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
  /** The mounted file system of a volume gives up, as after an error of its disk; nothing happens if it is not mounted. */
  readonly collapse: (volumeId: string, how: Collapse) => Effect.Effect<void>
  /** Something is built upon the volume's disk, or nothing any more. */
  readonly buildUpon: (volumeId: string, holders: ReadonlyArray<string>) => Effect.Effect<void>
  /** Mounts and open files are gone; disks, directories and files stay. */
  readonly reboot: Effect.Effect<void>
}

export const makeHostServer = (
  directories: ReadonlyArray<string>,
  outside: OutsideFiles | undefined
): { readonly server: HostMemoryServer; readonly socket: DiskSocket } => {
  const state = makeHostState(directories)
  const { diskOf, disks, isAlive, plan, tree, visible, walk, world } = state
  const tools = makeFileSystemTools(state)
  const mounting = makeMounting(state)
  const files = makeFiles(state, outside)

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
    findDeviceAt: () => during("findDeviceAt", () => Effect.succeed(undefined)),
    describeDevices: Effect.map(visible, (all) => all.map((disk) => `${deviceName(disk)} (${disk.volumeId})`)),
    plugPlaces: during("plugPlaces", () =>
      Effect.map(visible, (all) => ({ disks: all.map(asPlugged), slots: [], scsiDevices: new Map() }))
    ),
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
    format: (device, found, type, uuid, options) =>
      during("format", () => tools.format(device, found, type, uuid, options)),
    check: (device, type) => during("check", () => tools.check(device, type)),
    grow: (device, type, mountedAt) => during("grow", () => tools.grow(device, type, mountedAt)),
    mounts: during("mounts", () => Effect.sync(mounting.list)),
    mount: (device, target, type, options) => during("mount", () => mounting.mount(device, target, type, options)),
    bind: (source, target, readOnly, device) =>
      during("bind", () =>
        Effect.zipRight(
          device === undefined ? Effect.void : diskOf(`bind ${target}`, device),
          mounting.bind(source, target, readOnly)
        )
      ),
    unmount: (target) => during("unmount", () => mounting.unmount(target)),
    holdersOf: (device) =>
      during("holdersOf", () => Effect.map(diskOf(`look at ${device.path}`, device), ({ holders }) => holders)),
    flush: (device) =>
      during("flush", () =>
        Effect.map(diskOf(`flush ${device.path}`, device), ({ volumeId }) =>
          state.record("flush", volumeId, device.path)
        )
      ),
    locate: (path) => during("locate", () => files.locate(path)),
    deviceAt: (path) =>
      during("deviceAt", () =>
        Effect.map(walk(`look at ${path}`, path, true), ({ found }) =>
          found._tag === "Node" && isAlive(found.disk) ? asDevice(found.disk) : undefined
        )
      ),
    makeDirectory: (path) => during("makeDirectory", () => files.make(`make directory ${path}`, path, "directory")),
    makeFile: (path) => during("makeFile", () => files.make(`make file ${path}`, path, "file")),
    remove: (path) => during("remove", () => files.remove(path)),
    pulseOf: (path) =>
      during("pulseOf", () =>
        Effect.match(walk(`look at ${path}`, path, false), {
          onFailure: ({ detail }): Pulse => ({ _tag: "Dead", problem: detail }),
          onSuccess: (): Pulse => ({ _tag: "Alive" })
        })
      ),
    vitalsOf: (device) =>
      during("vitalsOf", () =>
        Effect.as(diskOf(`read ${device.path}`, device), {
          read: { _tag: "Alive" as const },
          state: undefined,
          fileSystemErrors: undefined
        })
      ),
    trafficOf: () => Effect.succeed(undefined),
    usage: (path) => during("usage", () => files.usage(path))
  }

  /** The least index that neither a disk nor a mount of a lost disk holds, as the kernel gives numbers out. */
  const freeIndex = (): number => {
    const used = new Set([...disks.values()].map(({ index }) => index))
    for (const { thing } of state.mounts()) if (thing._tag === "disk") used.add(thing.disk.index)
    let index = 1
    while (used.has(index)) index += 1
    return index
  }

  let pluggings = 0
  const socket: DiskSocket = {
    plug: (volumeId: string, image: DiskImage) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (disks.has(volumeId)) return
        const visibleAt = now + plan.diskDelay()
        const announced = !plan.hidesDisks()
        pluggings += 1
        const disk = { volumeId, image, index: freeIndex(), plugging: pluggings, visibleAt, announced }
        disks.set(volumeId, { ...disk, knownBytes: image.sizeBytes, collapse: undefined, holders: [] })
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
    writeFile: files.writeFile,
    readFile: files.readFile,
    makeDirectories: (path) => Effect.sync(() => makeDirectories(tree, path)),
    makeSymlink: (path, to) => Effect.sync(() => tree.set(path, { kind: "symlink", to })),
    kind: (path) =>
      Effect.sync(() => {
        const resolved = resolve(world, path, false)
        return resolved === undefined ? "absent" : kindOf(resolved.found)
      }),
    events: Effect.sync(state.events),
    collapse: (volumeId, how) =>
      Effect.sync(() => {
        const disk = disks.get(volumeId)
        if (disk !== undefined && state.mountsOn(disk).length > 0) disk.collapse = how
      }),
    buildUpon: (volumeId, holders) =>
      Effect.sync(() => {
        const disk = disks.get(volumeId)
        if (disk !== undefined) disk.holders = holders
      }),
    reboot: Effect.zipRight(
      plan.faults.clear,
      Effect.sync(() => state.setMounts([]))
    )
  }
  return { server, socket }
}
