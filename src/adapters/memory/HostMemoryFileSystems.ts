import { Effect } from "effect"
import { type FileSystem, familyOf } from "../../domain/Capability.ts"
import type { BlockDevice, Unformatted } from "../../ports/HostMounter.ts"
import { fail, type HostState } from "./HostMemoryState.ts"
import { emptyTree } from "./HostMemoryTree.ts"

/** The one property of a new file system that is given as an option and shows in a look at the disk. */
const labelIn = (options: ReadonlyArray<string>): string | undefined =>
  options.find((_, index) => ["-L", "--label"].includes(options[index - 1] ?? ""))

/** What the tools of file systems do to disks: as careless as the real ones where these are. */
export const makeFileSystemTools = ({ diskOf, fileSystemOn, mountsOn, plan, record, topAt }: HostState) => {
  const format = Effect.fnUntraced(function* (
    device: BlockDevice,
    found: Unformatted,
    type: FileSystem,
    uuid: string | undefined,
    options: ReadonlyArray<string>
  ) {
    const operation = `format ${device.path}`
    const disk = yield* diskOf(operation, device)
    if (mountsOn(disk).length > 0) return yield* fail(operation, "the disk is mounted")
    const now = disk.image.contents._tag
    if (now !== found) return yield* fail(operation, `it holds data by now: ${now}`)
    record("format", disk.volumeId, now)
    const { sizeBytes } = disk.image
    const label = labelIn(options)
    disk.image.contents = { _tag: "FileSystem", type, uuid, label, sizeBytes, tree: emptyTree(), damaged: false }
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
    const there = mountedAt === undefined ? undefined : topAt(mountedAt)?.thing
    const isMounted = there?._tag === "disk" && there.disk === disk
    if (mountedAt !== undefined && !isMounted) return yield* fail(operation, `nothing is mounted at ${mountedAt}`)
    if (mountedAt === undefined && mountsOn(disk).length > 0) return yield* fail(operation, "the disk is mounted")
    if (mountedAt === undefined && familyOf(type) !== "ext") return yield* fail(operation, `${type} grows only mounted`)
    if (there?._tag === "disk" && there.superReadOnly) return yield* fail(operation, "Read-only file system")
    if (plan.refusesGrowth(isMounted)) return yield* fail(operation, "Operation not permitted")
    record("grow", disk.volumeId, mountedAt ?? "unmounted")
    contents.sizeBytes = disk.knownBytes
  })

  return { format, check, grow }
}
