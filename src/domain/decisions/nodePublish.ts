import type { BlockDevice, Mount, PathKind, Pulse } from "../../ports/HostMounter.ts"
import type { AccessMode, FileSystem } from "../Capability.ts"
import { isReadOnly } from "../Capability.ts"
import { AlreadyExists, NotReady, Refused } from "../errors.ts"
import type { VolumeId } from "../Volume.ts"
import {
  collapseOf,
  isReadOnlyMount,
  isSameDisk,
  mountsOf,
  rawBindsOf,
  satisfies,
  showsAllOf,
  showsRemovedNode,
  topAt
} from "./mounts.ts"
import { act, done, refuse, type Verdict } from "./Verdict.ts"

export interface NodePublishWish {
  readonly volumeId: VolumeId
  readonly access: "block" | "mount"
  /** Undefined: any. */
  readonly fileSystem: FileSystem | undefined
  readonly mode: AccessMode
  readonly readOnly: boolean
}

export interface NodePublishFacts {
  readonly wish: NodePublishWish
  /** Undefined: no disk of the node is this volume. */
  readonly device: BlockDevice | undefined
  readonly stagingPath: string
  readonly targetPath: string
  readonly kind: PathKind
  /** What the directory that shall hold the target is; looked at only while the target is absent. */
  readonly parentKind: PathKind
  readonly mounts: ReadonlyArray<Mount>
  /** The disk whose node is at the target, if a device node is there. */
  readonly deviceAtTarget: BlockDevice | undefined
  /** The mount in sight at the target has lost its disk. */
  readonly targetIsStale: boolean
  /** How the staged file system answers, where the mount table does not tell. */
  readonly pulse: Pulse | undefined
  /** This call made the target: it is known to be empty. */
  readonly prepared: boolean
}

export type NodePublishAction =
  | { readonly _tag: "MakeDirectory" }
  | { readonly _tag: "MakeFile" }
  /** Takes an empty leftover away; anything that is not empty stays and ends the call. */
  | { readonly _tag: "Clear" }
  | { readonly _tag: "Unmount" }
  | { readonly _tag: "Bind"; readonly source: string; readonly readOnly: boolean }

type NodePublishVerdict = Verdict<NodePublishAction, void>

const refused = (subject: string, because: string, remedy: string | undefined = undefined): NodePublishVerdict =>
  refuse(new Refused({ subject, because, remedy }))

/** Why a staged file system cannot serve a pod; one that was made read-only still serves who only reads. */
const deathOf = ({ pulse }: NodePublishFacts, staged: Mount, readOnly: boolean): string | undefined => {
  if (pulse?._tag === "Dead") return `dead: ${pulse.problem}`
  if (pulse?._tag === "Silent") return "staged and does not answer"
  const collapse = readOnly && staged.turnedReadOnly ? undefined : collapseOf(staged)
  return collapse === undefined ? undefined : `staged, but ${collapse}`
}

/**
 * What the target should show, or why it cannot. A target made over a staging path without its mount would show
 * the node's root disk to the pod.
 */
const sourceOf = (
  facts: NodePublishFacts
): { readonly source: string; readonly readOnly: boolean } | NodePublishVerdict => {
  const { device, mounts, stagingPath, wish } = facts
  const subject = `volume ${wish.volumeId}`
  if (device === undefined) {
    return refused(subject, "is not staged: none of the node's disks is this volume", "stage it first")
  }
  const readOnly = wish.readOnly || isReadOnly(wish.mode)
  switch (wish.access) {
    case "block": {
      const mounted = mountsOf(mounts, device)[0]
      return mounted === undefined
        ? { source: device.path, readOnly }
        : refused(subject, `is mounted at ${mounted.target} and cannot be a raw disk too`)
    }
    case "mount": {
      const staged = topAt(mounts, stagingPath)
      if (staged === undefined || !showsAllOf(staged, device)) {
        return refused(subject, `is not staged at ${stagingPath}`, "stage it first")
      }
      if (!satisfies(staged.fsType, wish.fileSystem)) {
        return refused(subject, `is staged with ${staged.fsType}, not ${wish.fileSystem}`)
      }
      const death = deathOf(facts, staged, readOnly)
      if (death !== undefined) {
        const remedy = "delete the volume's pods on this node, so that it is staged anew"
        return refuse(new NotReady({ subject: `the file system at ${stagingPath}`, state: death, remedy }))
      }
      return { source: stagingPath, readOnly: readOnly || isReadOnlyMount(staged) }
    }
  }
}

const isPublished = (facts: NodePublishFacts, top: Mount): boolean => {
  const { device, deviceAtTarget, wish } = facts
  if (device === undefined) return false
  switch (wish.access) {
    case "block":
      return isSameDisk(deviceAtTarget, device)
    case "mount":
      return showsAllOf(top, device)
  }
}

/** Targets that show the volume already, besides the one asked for. */
const otherTargets = ({ device, mounts, stagingPath, targetPath, wish }: NodePublishFacts): ReadonlyArray<string> => {
  if (device === undefined) return []
  const places =
    wish.access === "block"
      ? rawBindsOf(mounts, device)
      : mountsOf(mounts, device).filter((mount) => showsAllOf(mount, device))
  return places.map(({ target }) => target).filter((target) => target !== stagingPath && target !== targetPath)
}

const decideOccupied = (facts: NodePublishFacts, top: Mount, readOnly: boolean): NodePublishVerdict => {
  const { deviceAtTarget, device, kind, targetPath, wish } = facts
  if (isPublished(facts, top)) {
    return isReadOnlyMount(top) === readOnly
      ? done(undefined)
      : refuse(
          new AlreadyExists({
            subject: targetPath,
            difference: readOnly ? "is mounted for writing" : "is mounted read-only"
          })
        )
  }
  if (device !== undefined && (showsAllOf(top, device) || isSameDisk(deviceAtTarget, device))) {
    return refuse(new AlreadyExists({ subject: targetPath, difference: `does not give ${wish.access} access` }))
  }
  // Another disk may have the number of the one that is gone.
  const nodeWithoutDisk = kind === "blockDevice" && (deviceAtTarget === undefined || showsRemovedNode(top))
  if (facts.targetIsStale || nodeWithoutDisk) return act({ _tag: "Unmount" })
  return refused(targetPath, `holds a mount of ${top.source}, not of volume ${wish.volumeId}`, "unmount it")
}

/** The next step from any state towards the volume being at the target path. */
export const decideNodePublish = (facts: NodePublishFacts): NodePublishVerdict => {
  const { kind, targetPath, wish } = facts
  if (kind === "symlink") return refused(targetPath, "is a symbolic link", "remove it")
  const from = sourceOf(facts)
  if ("_tag" in from) return from
  const top = topAt(facts.mounts, targetPath)
  if (top !== undefined) return decideOccupied(facts, top, from.readOnly)
  const [other] = otherTargets(facts)
  if (wish.mode === "SINGLE_NODE_SINGLE_WRITER" && other !== undefined) {
    return refused(`volume ${wish.volumeId}`, `is published at ${other} already and allows one target`)
  }
  const wanted = wish.access === "block" ? "file" : "directory"
  switch (kind) {
    case "absent":
      if (facts.parentKind !== "directory") {
        return refused(targetPath, "has no parent directory", "the orchestrator makes it before it publishes")
      }
      return act({ _tag: wanted === "file" ? "MakeFile" : "MakeDirectory" })
    case "directory":
    case "file":
      return facts.prepared && kind === wanted ? act({ _tag: "Bind", ...from }) : act({ _tag: "Clear" })
    case "blockDevice":
    case "other":
      return refused(targetPath, `is there already and no ${wanted}`, "remove it")
  }
}
