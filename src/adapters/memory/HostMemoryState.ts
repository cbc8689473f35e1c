import { Clock, Effect } from "effect"
import { HostFailure } from "../../domain/errors.ts"
import type { PluggedDisk as PluggedSomewhere } from "../../domain/PlugPlaces.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import { type FaultPlan, makeFaultPlan } from "./HostMemoryFaults.ts"
import { type PathWorld, type Resolved, resolve } from "./HostMemoryPaths.ts"
import { emptyTree, type FileTree, makeDirectories } from "./HostMemoryTree.ts"
import {
  deviceName,
  deviceNumber,
  type FileSystemContents,
  type HostEvent,
  type MountedThing,
  type MountRecord,
  type PluggedDisk
} from "./HostMemoryTypes.ts"

/** What one server of the memory consists of, with the looks at it that its parts share. */
export interface HostState {
  readonly plan: FaultPlan
  /** The files of the root disk. */
  readonly tree: FileTree
  readonly world: PathWorld
  readonly disks: Map<string, PluggedDisk>
  readonly isAlive: (disk: PluggedDisk) => boolean
  /** Disks that the kernel has noticed by now. */
  readonly visible: Effect.Effect<ReadonlyArray<PluggedDisk>>
  readonly diskOf: (operation: string, device: BlockDevice) => Effect.Effect<PluggedDisk, HostFailure>
  readonly fileSystemOn: (operation: string, disk: PluggedDisk) => Effect.Effect<FileSystemContents, HostFailure>
  readonly mounts: () => ReadonlyArray<MountRecord>
  readonly setMounts: (mounts: ReadonlyArray<MountRecord>) => void
  readonly mountsOn: (disk: PluggedDisk) => ReadonlyArray<Extract<MountedThing, { readonly _tag: "disk" }>>
  readonly topAt: (path: string) => MountRecord | undefined
  readonly walk: (operation: string, path: string, followLast: boolean) => Effect.Effect<Resolved, HostFailure>
  readonly events: () => ReadonlyArray<HostEvent>
  readonly record: (operation: HostEvent["operation"], volumeId: string | undefined, subject: string) => void
}

export const fail = (operation: string, detail: string): Effect.Effect<never, HostFailure> =>
  Effect.fail(new HostFailure({ operation, outcome: "failed", detail }))

export const asDevice = (disk: PluggedDisk): BlockDevice => ({
  path: `/dev/${deviceName(disk)}`,
  number: deviceNumber(disk),
  instance: `${disk.plugging}`,
  sizeBytes: disk.knownBytes,
  evidence: "the memory knows"
})

/** Memory takes any number of disks. */
export const asPlugged = (disk: PluggedDisk): PluggedSomewhere => ({
  name: deviceName(disk),
  number: deviceNumber(disk),
  bus: { _tag: "Other", name: "memory" },
  isVolume: true,
  isMounted: false
})

export const makeHostState = (directories: ReadonlyArray<string>): HostState => {
  const disks = new Map<string, PluggedDisk>()
  let mounts: ReadonlyArray<MountRecord> = []
  let events: ReadonlyArray<HostEvent> = []
  const tree = emptyTree()
  for (const path of ["/dev", ...directories]) makeDirectories(tree, path)

  const isAlive = (disk: PluggedDisk): boolean => disks.get(disk.volumeId) === disk
  const world: PathWorld = { tree, mounts: () => mounts, disks: () => [...disks.values()], isAlive }

  return {
    plan: makeFaultPlan(),
    tree,
    world,
    disks,
    isAlive,
    visible: Effect.map(Clock.currentTimeMillis, (now) =>
      [...disks.values()].filter((disk) => disk.announced && disk.visibleAt <= now)
    ),
    diskOf: (operation, device) => {
      const disk = [...disks.values()].find((one) => deviceNumber(one) === device.number)
      return disk === undefined || asDevice(disk).instance !== device.instance
        ? fail(operation, `${device.path}: the disk is gone`)
        : Effect.succeed(disk)
    },
    fileSystemOn: (operation, { image }) =>
      image.contents._tag === "FileSystem"
        ? Effect.succeed(image.contents)
        : fail(operation, "no file system is recognised"),
    mounts: () => mounts,
    setMounts: (next) => {
      mounts = next
      const mounted = new Set(next.map(({ thing }) => (thing._tag === "disk" ? thing.disk : undefined)))
      for (const disk of disks.values()) if (!mounted.has(disk)) disk.collapse = undefined
    },
    mountsOn: (disk) => mounts.flatMap(({ thing }) => (thing._tag === "disk" && thing.disk === disk ? [thing] : [])),
    topAt: (path) => mounts.filter(({ target }) => target === path).at(-1),
    walk: (operation, path, followLast) =>
      Effect.suspend(() => {
        if (!path.startsWith("/")) return fail(operation, "a path must be absolute")
        const resolved = resolve(world, path, followLast)
        if (resolved === undefined) return fail(operation, "Too many levels of symbolic links")
        return resolved.found._tag === "Dead" ? fail(operation, "Input/output error") : Effect.succeed(resolved)
      }),
    events: () => events,
    record: (operation, volumeId, subject) => {
      events = [...events, { operation, volumeId, subject }]
    }
  }
}
