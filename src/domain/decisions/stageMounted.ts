import type { BlockDevice, DiskContents, Mount } from "../../ports/HostMounter.ts"
import { fileSystemNamed } from "../Capability.ts"
import { AlreadyExists, NotReady, Refused } from "../errors.ts"
import { sizeToleranceBytes } from "../publishContext.ts"
import { type Growth, growthProblem, recordedBytes } from "./growth.ts"
import { collapseOf, isReadOnlyMount, mountsOf, satisfies } from "./mounts.ts"
import { selinuxLabel } from "./selinux.ts"
import { type StageFacts, type StageVerdict, type StageWish, subjectOf, wantsReadOnly } from "./stageFacts.ts"
import { act, done, refuse } from "./Verdict.ts"

const difference = (wish: StageWish, top: Mount): string | undefined => {
  if (wantsReadOnly(wish) && !isReadOnlyMount(top)) return "is mounted for writing, not read-only as asked now"
  if (!wantsReadOnly(wish) && isReadOnlyMount(top)) {
    return "is mounted read-only"
  }
  if (!satisfies(top.fsType, wish.fileSystem)) return `holds ${top.fsType}, not ${wish.fileSystem}`
  if (selinuxLabel(top.options) !== selinuxLabel(wish.flags)) return "is mounted with another SELinux context"
  return undefined
}

const needsGrowth = (wish: StageWish, device: BlockDevice, contents: DiskContents): boolean => {
  const recorded = recordedBytes(contents)
  return recorded === undefined ? wish.resizeRequired : recorded + sizeToleranceBytes < device.sizeBytes
}

/** Why the mount cannot serve anybody any more; undefined if it can, as far as is known. */
const deathOf = ({ progress: { pulse }, wish }: StageFacts, top: Mount): string | undefined => {
  if (pulse?._tag === "Dead") return `is dead: ${pulse.problem}`
  const onlyRead = wantsReadOnly(wish) && top.turnedReadOnly
  return onlyRead ? undefined : collapseOf(top)
}

/** A dead mount comes to life only through another mount, for which every other one of the disk has to go. */
const decideDead = ({ device, mounts, path }: StageFacts, death: string): StageVerdict => {
  const others = mountsOf(mounts, device).flatMap(({ target }) => (target === path ? [] : [target]))
  if (others.length === 0) return act({ _tag: "Unmount" })
  const subject = `the file system at ${path}`
  const remedy = `delete the pods at ${others.join(", ")} first, and it is checked and mounted anew`
  return refuse(new NotReady({ subject, state: `in use although it ${death}`, remedy }))
}

const decideAlive = (facts: StageFacts, top: Mount): StageVerdict | undefined => {
  const { path, progress } = facts
  if (progress.mounted) return undefined
  const death = deathOf(facts, top)
  if (death !== undefined) return decideDead(facts, death)
  if (progress.pulse === undefined) return act({ _tag: "TakePulse" })
  if (progress.pulse._tag !== "Silent") return undefined
  const remedy = "look at the volume's backend"
  return refuse(new NotReady({ subject: `the file system at ${path}`, state: "mounted and does not answer", remedy }))
}

const sizeAfterGrowth = (facts: StageFacts, total: Growth | undefined): StageVerdict => {
  const { contents } = facts.progress
  if (contents === undefined) return act({ _tag: "Look" })
  const problem = growthProblem(subjectOf(facts.wish), facts.device, contents, total)
  return problem === undefined ? done(undefined) : refuse(problem)
}

/** The next step where the volume's own disk is mounted at the staging path. */
export const decideMounted = (facts: StageFacts, top: Mount): StageVerdict => {
  const { device, path, progress, wish } = facts
  const unwell = decideAlive(facts, top)
  if (unwell !== undefined) return unwell
  if (progress.mounted && !wantsReadOnly(wish) && isReadOnlyMount(top)) {
    const because = "its disk is write-protected, so that it can be mounted for reading alone"
    return refuse(new Refused({ subject: subjectOf(wish), because, remedy: "see how the cloud has attached it" }))
  }
  const differs = difference(wish, top)
  if (differs !== undefined) return refuse(new AlreadyExists({ subject: path, difference: differs }))
  const fileSystem = fileSystemNamed(top.fsType)
  if (fileSystem === undefined || isReadOnlyMount(top) || progress.formatted !== undefined) return done(undefined)
  switch (progress.growth._tag) {
    case "untried": {
      const { contents } = progress
      if (contents === undefined) return act({ _tag: "Look" })
      return needsGrowth(wish, device, contents) ? act({ _tag: "Grow", fileSystem, mountedAt: path }) : done(undefined)
    }
    case "reported":
      return sizeAfterGrowth(facts, progress.growth.total)
    case "refusedMounted":
      // Pods that use it already gain nothing from losing it; without them a failed stage leaves nothing mounted.
      return mountsOf(facts.mounts, device).length > 1 ? done(undefined) : act({ _tag: "Unmount" })
  }
}
