import type { BlockDevice, Mount, PathKind } from "../../ports/HostMounter.ts"
import { NotReady, Refused } from "../errors.ts"
import type { VolumeId } from "../Volume.ts"
import { layersAt, mountsOf, rawBindsOf } from "./mounts.ts"
import { act, done, refuse, type Verdict } from "./Verdict.ts"

export interface UnstageFacts {
  readonly volumeId: VolumeId
  readonly path: string
  readonly kind: PathKind
  readonly mounts: ReadonlyArray<Mount>
  /** Looked for only once nothing is mounted at the path. Undefined: no disk of the node is known to be the volume. */
  readonly disk: BlockDevice | undefined
  /** What is built upon the disk, such as LVM. */
  readonly holders: ReadonlyArray<string>
  /** Everything was written that the kernel held back for the disk. */
  readonly flushed: boolean
}

export type UnstageAction = { readonly _tag: "Unmount" } | { readonly _tag: "Flush"; readonly disk: BlockDevice }

/**
 * What still uses the disk although kubelet is done with it: before it unstages, it has unpublished every target, cleaned
 * up subpaths, and taken its own bind mounts of the device node away; itself it goes no further while one is left
 * (GenerateUnmountDeviceFunc and GenerateUnmapDeviceFunc in
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/operationexecutor/operation_generator.go).
 */
const usesOf = ({ holders, mounts }: UnstageFacts, disk: BlockDevice): ReadonlyArray<string> => [
  ...mountsOf(mounts, disk).map(({ target }) => `mounted at ${target}`),
  ...rawBindsOf(mounts, disk).map(({ target }) => `a raw disk at ${target}`),
  ...holders.map((name) => `held by ${name}`)
]

/**
 * The path is judged by the mount table alone, so that it is taken down with the disk gone or dead too; the directory
 * belongs to the caller. What comes after OK is a detach, which takes away what is not written yet.
 */
export const decideUnstage = (facts: UnstageFacts): Verdict<UnstageAction, void> => {
  const { disk, flushed, kind, mounts, path, volumeId } = facts
  if (kind === "symlink") {
    return refuse(new Refused({ subject: path, because: "is a symbolic link", remedy: "remove it" }))
  }
  if (layersAt(mounts, path) > 0) return act({ _tag: "Unmount" })
  if (disk === undefined) return done(undefined)
  const uses = usesOf(facts, disk)
  if (uses.length > 0) {
    const state = `still in use on this node: ${uses.join(", ")}`
    const remedy = "end that first, since a detach would lose what is not written yet"
    return refuse(new NotReady({ subject: `volume ${volumeId}`, state, remedy }))
  }
  return flushed ? done(undefined) : act({ _tag: "Flush", disk })
}
