import { constants } from "node:fs"
import { open } from "node:fs/promises"
import { type Context, Effect } from "effect"
import { type FileSystem, familyOf } from "../../domain/Capability.ts"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice, HostMounter, Mount } from "../../ports/HostMounter.ts"
import { type Command, type Completed, complaint, expectSuccess, mutate } from "../process/Command.ts"
import { hostProgram } from "../process/programs.ts"
import type { Contents } from "./contents.ts"
import type { Devices } from "./devices.ts"
import { codeOf, failed } from "./failures.ts"
import { formatOptions } from "./formatOptions.ts"
import type { HostOptions } from "./HostOptions.ts"
import type { Lane } from "./lane.ts"
import type { SlowRead } from "./slowReads.ts"

type Tool = Pick<Command, "program" | "args" | "debianPackage">

export const formatTool = (
  fileSystem: FileSystem,
  device: string,
  uuid: string | undefined,
  options: ReadonlyArray<string>
): Tool => ({
  ...hostProgram(`mkfs.${fileSystem}`),
  args: [...formatOptions(fileSystem, uuid, options), device]
})

/** xfs and btrfs repair themselves while they are mounted; only ext has to be asked. */
export const checkTool = (fileSystem: FileSystem, device: string): Tool | undefined => {
  switch (fileSystem) {
    case "ext2":
    case "ext3":
    case "ext4":
      return { ...hostProgram(`fsck.${fileSystem}`), args: ["-a", device] }
    case "xfs":
    case "btrfs":
      return undefined
  }
}

/** xfs and btrfs grow only while they are mounted, ext either way. */
export const growTool = (fileSystem: FileSystem, device: string, mountedAt: string | undefined): Tool | undefined => {
  switch (familyOf(fileSystem)) {
    case "ext":
      return { ...hostProgram("resize2fs"), args: [device] }
    case "xfs":
      return mountedAt === undefined ? undefined : { ...hostProgram("xfs_growfs"), args: ["-d", mountedAt] }
    case "btrfs":
      return mountedAt === undefined
        ? undefined
        : { ...hostProgram("btrfs"), args: ["filesystem", "resize", "max", mountedAt] }
  }
}

export type CheckVerdict =
  | { readonly _tag: "sound" }
  /** fsck could not do its work; whether the disk can be used is for the mount to tell. */
  | { readonly _tag: "unchecked"; readonly why: string }
  | { readonly _tag: "damaged"; readonly detail: string }

/** The bits of fsck(8)'s exit status: 1 and 2 mean repaired, 4 that errors are left, 8 and up that it did not work. */
export const checkVerdict = (device: string, result: Completed): CheckVerdict => {
  if ((result.code & 4) !== 0) {
    const remedy = `it needs a human: unmounted as it is, run "e2fsck -f ${device}" on this node`
    return {
      _tag: "damaged",
      detail: `errors are left that cannot be repaired safely; ${remedy}; ${complaint(result)}`
    }
  }
  return (result.code & ~3) === 0 ? { _tag: "sound" } : { _tag: "unchecked", why: complaint(result) }
}

/** What a refusal to grow means for the operator. */
export const explainGrowth = (detail: string): string =>
  /Permission denied to resize filesystem/.test(detail)
    ? `${detail}: the kernel lets only CAP_SYS_RESOURCE grow a mounted ext file system; give the node plugin that capability or let it grow unmounted`
    : detail

/** False if somebody else holds the disk. */
const claim = async (path: string): Promise<boolean> => {
  try {
    await (await open(path, constants.O_RDONLY | constants.O_EXCL)).close()
    return true
  } catch (error) {
    if (codeOf(error) === "EBUSY") return false
    throw error
  }
}

export type Filesystems = Pick<Context.Tag.Service<HostMounter>, "format" | "check" | "grow">

export const makeFilesystems = (
  { limits }: HostOptions,
  devices: Devices,
  contents: Contents,
  mounts: Effect.Effect<ReadonlyArray<Mount>, HostFailure>,
  slowRead: SlowRead,
  /** Many disks come at once after a reboot; formats and checks side by side would only slow each other down. */
  lane: Lane
): Filesystems => {
  const runOn = (device: BlockDevice, command: Command) =>
    devices.pinned(command.operation, device, (holds) => mutate({ ...command, holds, worksOn: [device.number] }))

  /**
   * The kernel grants O_EXCL on a block device to one holder: it refuses while a mount of any namespace, swap, RAID or
   * device-mapper has the disk (open(2)). False if none that can be seen from here has it, and somebody does.
   */
  const isUnused = (operation: string, device: BlockDevice) =>
    Effect.gen(function* () {
      const holders = yield* devices.holdersOf(operation, device)
      if (holders.length > 0) return yield* failed(operation, `${device.path} is in use by ${holders.join(", ")}`)
      const at = (yield* mounts).find(({ number, source }) => number === device.number || source === device.path)
      if (at !== undefined) return yield* failed(operation, `${device.path} is mounted at ${at.target}`)
      // Where threads are short the tool's own claim has to do: each of them refuses a disk in use.
      return yield* slowRead(
        `claim ${device.number}`,
        operation,
        limits.look,
        () => claim(device.path),
        Effect.succeed(true)
      )
    })

  const elsewhere = (device: BlockDevice) => `${device.path} is in use, perhaps in another namespace`

  const unused = (operation: string, device: BlockDevice) =>
    Effect.filterOrFail(isUnused(operation, device), Boolean, () => failed(operation, elsewhere(device)))

  const format: Filesystems["format"] = (device, found, fileSystem, uuid, options) => {
    const operation = `make an ${fileSystem} file system on ${device.path}`
    const command = { operation, timeLimit: limits.format, ...formatTool(fileSystem, device.path, uuid, options) }
    return Effect.gen(function* () {
      yield* unused(operation, device)
      yield* contents.confirm(operation, device, found)
      yield* runOn(device, command).pipe(Effect.flatMap(expectSuccess(command)))
    }).pipe(lane)
  }

  const fsck = (command: Command, device: BlockDevice) =>
    runOn(device, command).pipe(
      Effect.flatMap((result) => {
        const verdict = checkVerdict(device.path, result)
        switch (verdict._tag) {
          case "sound":
            return Effect.void
          case "unchecked":
            return Effect.logWarning(`${command.program} could not check ${device.path}: ${verdict.why}`)
          case "damaged":
            return failed(command.operation, verdict.detail)
        }
      })
    )

  const check = (device: BlockDevice, fileSystem: FileSystem) => {
    const operation = `check the ${fileSystem} file system on ${device.path}`
    const tool = checkTool(fileSystem, device.path)
    if (tool === undefined) return Effect.void
    return Effect.gen(function* () {
      if (yield* isUnused(operation, device)) {
        return yield* fsck({ operation, timeLimit: limits.check, ...tool }, device)
      }
      // What another namespace has mounted is sound as far as the kernel knows, and mounting it again shows the same.
      yield* Effect.logWarning(`${tool.program} does not check ${device.path}: ${elsewhere(device)}`)
    }).pipe(lane)
  }

  const grow = (device: BlockDevice, fileSystem: FileSystem, mountedAt: string | undefined) => {
    const operation = `grow the ${fileSystem} file system on ${device.path}`
    const tool = growTool(fileSystem, device.path, mountedAt)
    if (tool === undefined) {
      return Effect.fail(failed(operation, `${fileSystem} grows only while it is mounted, and it is mounted nowhere`))
    }
    const command = { operation, timeLimit: limits.grow, ...tool }
    const resize = runOn(device, command).pipe(
      Effect.flatMap(expectSuccess(command)),
      Effect.mapError((failure) =>
        failure.outcome === "unknown" ? failure : failed(operation, explainGrowth(failure.detail))
      ),
      Effect.asVoid
    )
    if (mountedAt !== undefined) return resize
    /** resize2fs refuses an unmounted disk that was not checked in full since its last mount. */
    const fullCheck = {
      operation,
      timeLimit: limits.check,
      ...hostProgram("e2fsck"),
      args: ["-f", "-p", device.path]
    }
    return unused(operation, device).pipe(Effect.zipRight(fsck(fullCheck, device)), Effect.zipRight(resize), lane)
  }

  return { format, check, grow }
}
