import { Either } from "effect"
import type { BlockDevice, DiskContents, Mount, PathKind } from "../../ports/HostMounter.ts"
import {
  type AccessMode,
  defaultFileSystem,
  type FileSystem,
  familyOf,
  fileSystemNamed,
  isReadOnly
} from "../Capability.ts"
import { AlreadyExists, type HostFailure, NotReady, Refused } from "../errors.ts"
import { sizeToleranceBytes } from "../publishContext.ts"
import type { VolumeId } from "../Volume.ts"
import { readMkfsOptions } from "./mkfsOptions.ts"
import { isReadOnlyMount, mountsOf, rawBindsOf, satisfies, showsAllOf, topAt } from "./mounts.ts"
import { selinuxLabel } from "./selinux.ts"
import { act, done, refuse, type Verdict } from "./Verdict.ts"

/** What the caller wants of a staged file system. */
export interface StageWish {
  readonly volumeId: VolumeId
  /** Undefined: whatever is there, or the default on a blank disk. */
  readonly fileSystem: FileSystem | undefined
  readonly mode: AccessMode
  readonly flags: ReadonlyArray<string>
  readonly leastBytes: bigint | undefined
  readonly resizeRequired: boolean
  /** What the class says of mkfs, in the volume context's spelling; read only when a file system is made. */
  readonly mkfs: Readonly<Record<string, string>>
}

/** What this call has done so far. */
export interface StageProgress {
  /** Results of looking at the disk since it was found or changed, oldest first. */
  readonly looks: ReadonlyArray<DiskContents>
  readonly formatted: FileSystem | undefined
  readonly checked: boolean
  readonly refreshed: boolean
  readonly growth: "untried" | "done" | { readonly refusedMounted: HostFailure }
}

export const noProgress: StageProgress = {
  looks: [],
  formatted: undefined,
  checked: false,
  refreshed: false,
  growth: "untried"
}

export interface StageFacts {
  readonly wish: StageWish
  readonly device: BlockDevice
  /** Resolved, as the mount table spells it. */
  readonly path: string
  readonly kind: PathKind
  readonly mounts: ReadonlyArray<Mount>
  /** The mount in sight at the path has lost its disk. */
  readonly topIsStale: boolean
  readonly progress: StageProgress
}

export type StageAction =
  | { readonly _tag: "MakeDirectory" }
  | { readonly _tag: "Unmount" }
  | { readonly _tag: "RefreshSize" }
  | { readonly _tag: "Look" }
  | {
      readonly _tag: "Format"
      readonly fileSystem: FileSystem
      readonly uuid: string | undefined
      readonly options: ReadonlyArray<string>
    }
  | { readonly _tag: "Check"; readonly fileSystem: FileSystem }
  | { readonly _tag: "Mount"; readonly fileSystem: FileSystem; readonly options: ReadonlyArray<string> }
  | { readonly _tag: "Grow"; readonly fileSystem: FileSystem; readonly mountedAt: string | undefined }

type StageVerdict = Verdict<StageAction, void>

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const wantsReadOnly = ({ flags, mode }: StageWish): boolean => isReadOnly(mode) || flags.includes("ro")

/** Keeps a journal from being replayed: another node may be reading the same disk. */
const withoutReplay = (fileSystem: FileSystem): ReadonlyArray<string> => {
  switch (fileSystem) {
    case "ext2":
      return []
    case "ext3":
    case "ext4":
      return ["noload"]
    case "xfs":
      return ["norecovery"]
    case "btrfs":
      return ["rescue=nologreplay"]
  }
}

export const mountOptions = ({ flags, mode }: StageWish, fileSystem: FileSystem): ReadonlyArray<string> => {
  if (!isReadOnly(mode)) return flags
  const ours = ["ro", ...withoutReplay(fileSystem)]
  return [...flags.filter((flag) => flag !== "rw" && !ours.includes(flag)), ...ours]
}

const difference = (wish: StageWish, top: Mount): string | undefined => {
  if (wantsReadOnly(wish) && !isReadOnlyMount(top)) return "is mounted for writing, not read-only as asked now"
  if (!wantsReadOnly(wish) && isReadOnlyMount(top)) {
    return "is mounted read-only; if the kernel did so after an error, move the pods away to have it checked"
  }
  if (!satisfies(top.fsType, wish.fileSystem)) return `holds ${top.fsType}, not ${wish.fileSystem}`
  if (selinuxLabel(top.options) !== selinuxLabel(wish.flags)) return "is mounted with another SELinux context"
  return undefined
}

const needsGrowth = (wish: StageWish, device: BlockDevice, contents: DiskContents): boolean =>
  contents._tag === "FileSystem" && contents.sizeBytes !== undefined
    ? contents.sizeBytes + sizeToleranceBytes < device.sizeBytes
    : wish.resizeRequired

const decideMounted = (facts: StageFacts, top: Mount): StageVerdict => {
  const { device, path, progress, wish } = facts
  const differs = difference(wish, top)
  if (differs !== undefined) return refuse(new AlreadyExists({ subject: path, difference: differs }))
  const fileSystem = fileSystemNamed(top.fsType)
  if (fileSystem === undefined || isReadOnlyMount(top) || progress.formatted !== undefined) return done(undefined)
  if (progress.growth === "done") return done(undefined)
  if (progress.growth === "untried") {
    const contents = progress.looks.at(-1)
    if (contents === undefined) return act({ _tag: "Look" })
    return needsGrowth(wish, device, contents) ? act({ _tag: "Grow", fileSystem, mountedAt: path }) : done(undefined)
  }
  // Pods that use it already gain nothing from losing it; without them a failed stage leaves nothing mounted.
  return mountsOf(facts.mounts, device).length > 1 ? done(undefined) : act({ _tag: "Unmount" })
}

const decideExisting = (facts: StageFacts, type: string): StageVerdict => {
  const { device, progress, wish } = facts
  const subject = `volume ${wish.volumeId}`
  const fileSystem = fileSystemNamed(type)
  if (fileSystem === undefined) {
    return refuse(
      new Refused({ subject, because: `holds ${type}, which this driver does not mount`, remedy: undefined })
    )
  }
  if (!satisfies(type, wish.fileSystem)) {
    return refuse(
      new Refused({
        subject,
        because: `holds ${type}, and ${wish.fileSystem} is asked for`,
        remedy: "ask for the type that is there; its data was not touched"
      })
    )
  }
  const inUse = mountsOf(facts.mounts, device).length > 0
  if (!inUse && !progress.checked && !wantsReadOnly(wish) && progress.formatted === undefined) {
    return act({ _tag: "Check", fileSystem })
  }
  if (typeof progress.growth === "object") {
    return familyOf(fileSystem) === "ext" && progress.growth.refusedMounted.outcome === "failed" && !inUse
      ? act({ _tag: "Grow", fileSystem, mountedAt: undefined })
      : refuse(progress.growth.refusedMounted)
  }
  if (facts.kind === "absent") return act({ _tag: "MakeDirectory" })
  return act({ _tag: "Mount", fileSystem, options: mountOptions(wish, fileSystem) })
}

const decideBlank = (facts: StageFacts): StageVerdict => {
  const { device, mounts, progress, wish } = facts
  const subject = `volume ${wish.volumeId}`
  if (wantsReadOnly(wish)) {
    return refuse(
      new Refused({ subject, because: "is blank, and a read-only volume is not formatted", remedy: undefined })
    )
  }
  if (mountsOf(mounts, device).length > 0) {
    return refuse(new Refused({ subject, because: "looks blank although it is mounted", remedy: undefined }))
  }
  // The second look catches a disk that is being written, or that answered the first with zeros it does not hold.
  if (progress.looks.length < 2) return act({ _tag: "Look" })
  if (facts.kind === "absent") return act({ _tag: "MakeDirectory" })
  const fileSystem = wish.fileSystem ?? defaultFileSystem
  const options = readMkfsOptions("volume_context", wish.mkfs, fileSystem)
  if (Either.isLeft(options)) return refuse(options.left)
  const { args, setsUuid } = options.right
  const uuid = !setsUuid && uuidForm.test(wish.volumeId) ? wish.volumeId.toLowerCase() : undefined
  return act({ _tag: "Format", fileSystem, uuid, options: args })
}

/** A tool may succeed and leave something else than was asked, all the more with options of the user's. */
const decideFormatted = (facts: StageFacts, formatted: FileSystem): StageVerdict => {
  const contents = facts.progress.looks.at(-1)
  if (contents === undefined) return act({ _tag: "Look" })
  if (contents._tag === "FileSystem" && satisfies(contents.type, formatted)) return decideExisting(facts, contents.type)
  const subject = `volume ${facts.wish.volumeId}`
  const because = `mkfs.${formatted} reported success, and no ${formatted} is seen on the disk`
  return refuse(new Refused({ subject, because, remedy: "look at the disk and at the class's options for mkfs" }))
}

const decideContents = (facts: StageFacts): StageVerdict => {
  const { progress, wish } = facts
  const subject = `volume ${wish.volumeId}`
  const untouched = "its data was not touched; look at the disk, or use an empty volume"
  if (progress.formatted !== undefined) return decideFormatted(facts, progress.formatted)
  const contents = progress.looks.at(-1)
  if (contents === undefined) return act({ _tag: "Look" })
  if (progress.looks.some(({ _tag }) => _tag !== contents._tag)) {
    return refuse(new Refused({ subject, because: "looks different each time it is read", remedy: untouched }))
  }
  switch (contents._tag) {
    case "FileSystem":
      return decideExisting(facts, contents.type)
    case "Foreign":
      return refuse(new Refused({ subject, because: `holds ${contents.what}, no file system`, remedy: untouched }))
    case "Unclear":
      return refuse(new Refused({ subject, because: `holds unknown data: ${contents.why}`, remedy: untouched }))
    case "Blank":
      return decideBlank(facts)
  }
}

/** The next step from any state towards a file system of the volume at the staging path. */
export const decideStage = (facts: StageFacts): StageVerdict => {
  const { device, mounts, path, progress, wish } = facts
  const top = topAt(mounts, path)
  if (top !== undefined) {
    if (showsAllOf(top, device)) return decideMounted(facts, top)
    if (facts.topIsStale) return act({ _tag: "Unmount" })
    return refuse(
      new AlreadyExists({ subject: path, difference: `holds a mount of ${top.source}, not of this volume` })
    )
  }
  if (facts.kind !== "directory" && facts.kind !== "absent") {
    return refuse(new Refused({ subject: path, because: `is a ${facts.kind}, not a directory`, remedy: undefined }))
  }
  const raw = rawBindsOf(mounts, device)[0]
  if (raw !== undefined) {
    return refuse(
      new Refused({
        subject: `volume ${wish.volumeId}`,
        because: `is in use as a raw disk at ${raw.target}`,
        remedy: "end that use first"
      })
    )
  }
  const least = wish.leastBytes ?? 1n
  if (device.sizeBytes < 1n || device.sizeBytes + sizeToleranceBytes < least) {
    return progress.refreshed
      ? refuse(
          new NotReady({
            subject: `disk ${device.path} of volume ${wish.volumeId}`,
            state: `${device.sizeBytes} bytes, smaller than the volume's ${least}`,
            remedy: undefined
          })
        )
      : act({ _tag: "RefreshSize" })
  }
  return decideContents(facts)
}
