import { Either } from "effect"
import type { DiskContents, Unformatted } from "../../ports/HostMounter.ts"
import { defaultFileSystem, type FileSystem, familyOf, fileSystemNamed, isReadOnly } from "../Capability.ts"
import { AlreadyExists, Refused } from "../errors.ts"
import { growthProblem } from "./growth.ts"
import { readMkfsOptions } from "./mkfsOptions.ts"
import { mountsOf, rawBindsOf, satisfies, showsAllOf, topAt } from "./mounts.ts"
import { type StageFacts, type StageVerdict, type StageWish, subjectOf, wantsReadOnly } from "./stageFacts.ts"
import { decideMounted } from "./stageMounted.ts"
import { decideStageSize } from "./stageSize.ts"
import { act, refuse } from "./Verdict.ts"
import { guardUuid, ownLabel, ownUuid } from "./writeGuard.ts"

type FoundFileSystem = Extract<DiskContents, { readonly _tag: "FileSystem" }>

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

const decideMount = ({ kind, wish }: StageFacts, fileSystem: FileSystem): StageVerdict =>
  kind === "absent"
    ? act({ _tag: "MakeDirectory" })
    : act({ _tag: "Mount", fileSystem, options: mountOptions(wish, fileSystem) })

const decideExisting = (facts: StageFacts, contents: FoundFileSystem): StageVerdict => {
  const { device, progress, wish } = facts
  const { type } = contents
  const subject = subjectOf(wish)
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
  const guarding = guardUuid(wish, device, fileSystem, contents)
  if (guarding._tag === "Refuse") return refuse(guarding.error)
  const inUse = mountsOf(facts.mounts, device).length > 0
  if (!inUse && !progress.checked && !wantsReadOnly(wish) && progress.formatted === undefined) {
    return act({ _tag: "Check", fileSystem })
  }
  const { growth } = progress
  if (growth._tag === "refusedMounted") {
    return familyOf(fileSystem) === "ext" && growth.failure.outcome === "failed" && !inUse
      ? act({ _tag: "Grow", fileSystem, mountedAt: undefined })
      : refuse(growth.failure)
  }
  const ungrown = growth._tag === "reported" ? growthProblem(subject, device, contents, growth.total) : undefined
  if (ungrown !== undefined) return refuse(ungrown)
  return decideMount(facts, fileSystem)
}

const decideUnformatted = (facts: StageFacts, found: Unformatted): StageVerdict => {
  const { device, mounts, wish } = facts
  const subject = subjectOf(wish)
  if (wantsReadOnly(wish)) {
    return refuse(
      new Refused({ subject, because: "is blank, and a read-only volume is not formatted", remedy: undefined })
    )
  }
  if (mountsOf(mounts, device).length > 0) {
    return refuse(new Refused({ subject, because: "looks blank although it is mounted", remedy: undefined }))
  }
  if (facts.kind === "absent") return act({ _tag: "MakeDirectory" })
  const fileSystem = wish.fileSystem ?? defaultFileSystem
  const options = readMkfsOptions("volume_context", wish.mkfs, fileSystem)
  if (Either.isLeft(options)) return refuse(options.left)
  const { args, setsLabel, setsUuid } = options.right
  const uuid = setsUuid ? undefined : ownUuid(wish)
  const label = setsLabel ? undefined : ownLabel(wish)
  const named = label === undefined ? args : ["-L", label, ...args]
  return act({ _tag: "Format", found, fileSystem, uuid, options: named })
}

/** Noise is what an empty encrypted disk shows, and what a disk shows whose data nobody can decrypt. */
const decideNoise = (facts: StageFacts): StageVerdict => {
  const { encrypted, formatNoise, resizeRequired } = facts.wish
  const subject = subjectOf(facts.wish)
  if (resizeRequired) {
    const because = "holds noise although it is a copy: what it was made from was empty, or is not decrypted"
    return refuse(new Refused({ subject, because, remedy: "use a volume that is no copy, or look at its source" }))
  }
  if (encrypted || formatNoise) return decideUnformatted(facts, "Noise")
  const because = "holds noise, as an empty disk of an encrypted type does, and is not known to be of such a type"
  const remedy =
    "if it is, detach it and let this driver's controller attach it again, or set format-noise = true in [BlockStorage] " +
    "of this node's cloud.conf; its data was not touched"
  return refuse(new Refused({ subject, because, remedy }))
}

/**
 * With options of the user's mkfs may succeed and leave something else than was asked. Without them its word is taken: the
 * mount that follows is of the type that was asked, and fails on any other.
 */
const decideFormatted = (facts: StageFacts, formatted: FileSystem): StageVerdict => {
  const { contents } = facts.progress
  if (contents === undefined) {
    return Object.keys(facts.wish.mkfs).length > 0 ? act({ _tag: "Look" }) : decideMount(facts, formatted)
  }
  if (contents._tag === "FileSystem" && satisfies(contents.type, formatted)) return decideExisting(facts, contents)
  const subject = subjectOf(facts.wish)
  const because = `mkfs.${formatted} reported success, and no ${formatted} is seen on the disk`
  return refuse(new Refused({ subject, because, remedy: "look at the disk and at the class's options for mkfs" }))
}

const decideContents = (facts: StageFacts): StageVerdict => {
  const { progress, wish } = facts
  const subject = subjectOf(wish)
  const untouched = "its data was not touched; look at the disk, or use an empty volume"
  if (progress.formatted !== undefined) return decideFormatted(facts, progress.formatted)
  const { contents } = progress
  if (contents === undefined) return act({ _tag: "Look" })
  switch (contents._tag) {
    case "FileSystem":
      return decideExisting(facts, contents)
    case "Foreign":
      return refuse(new Refused({ subject, because: `holds ${contents.what}, no file system`, remedy: untouched }))
    case "Unclear":
      return refuse(new Refused({ subject, because: `holds unknown data: ${contents.why}`, remedy: untouched }))
    case "Blank":
      return decideUnformatted(facts, "Blank")
    case "Noise":
      return decideNoise(facts)
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
        subject: subjectOf(wish),
        because: `is in use as a raw disk at ${raw.target}`,
        remedy: "end that use first"
      })
    )
  }
  const { leastBytes, volumeId } = wish
  const size = decideStageSize({ volumeId, device, leastBytes, refreshed: progress.refreshed })
  return size._tag === "Done" ? decideContents(facts) : size
}
