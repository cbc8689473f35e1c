import type { BlockDevice, DiskContents, Mount } from "../../ports/HostMounter.ts"
import { type FileSystem, fileSystemNamed } from "../Capability.ts"
import type { CapacityRange } from "../Capacity.ts"
import { DeviceNotFound, InvalidInput, OutOfRange, PathNotFound, Refused } from "../errors.ts"
import { sizeToleranceBytes } from "../publishContext.ts"
import type { VolumeId } from "../Volume.ts"
import { type Growth, growthProblem, recordedBytes } from "./growth.ts"
import { isReadOnlyMount, mountsOf, showsAllOf } from "./mounts.ts"
import type { Presence } from "./presence.ts"
import { act, done, refuse, type Verdict, wait } from "./Verdict.ts"

export interface NodeExpandFacts {
  readonly volumeId: VolumeId
  readonly path: string
  /** Undefined: what the path shows decides. */
  readonly access: "block" | "mount" | undefined
  readonly capacity: CapacityRange
  readonly rescanOnResize: boolean
  readonly presence: Presence
  readonly mounts: ReadonlyArray<Mount>
  /** Disks of the node, for the error message. */
  readonly seen: ReadonlyArray<string>
  /** The disk's size was looked up anew by this call. */
  readonly refreshed: boolean
  /** Undefined: not looked at yet. */
  readonly contents: DiskContents | undefined
  /** Bytes that the file system offers in all, before and after this call grew it. */
  readonly total: Growth | undefined
}

export type NodeExpandAction =
  | { readonly _tag: "RefreshSize"; readonly device: BlockDevice }
  | { readonly _tag: "Look"; readonly device: BlockDevice }
  | {
      readonly _tag: "Grow"
      readonly device: BlockDevice
      readonly fileSystem: FileSystem
      readonly mountedAt: string
    }

type NodeExpandVerdict = Verdict<NodeExpandAction, bigint>

/** What is wrong with a range by itself. */
export const rangeProblem = ({ limitBytes, requiredBytes }: CapacityRange): OutOfRange | undefined => {
  const required = requiredBytes ?? 0n
  if (required < 0n) return new OutOfRange({ field: "capacity_range.required_bytes", problem: "is negative" })
  if (limitBytes === undefined) return undefined
  if (limitBytes < 0n) return new OutOfRange({ field: "capacity_range.limit_bytes", problem: "is negative" })
  return limitBytes < required
    ? new OutOfRange({ field: "capacity_range.limit_bytes", problem: "is less than required_bytes" })
    : undefined
}

const decideSize = (facts: NodeExpandFacts, device: BlockDevice): NodeExpandVerdict | undefined => {
  const { capacity, refreshed, rescanOnResize } = facts
  const isShort = device.sizeBytes + sizeToleranceBytes < (capacity.requiredBytes ?? 0n)
  if ((rescanOnResize || isShort) && !refreshed) return act({ _tag: "RefreshSize", device })
  if (isShort) return wait(`${device.sizeBytes} bytes on this node, ${capacity.requiredBytes} are asked for`)
  const limit = capacity.limitBytes ?? 0n
  return limit > 0n && device.sizeBytes > limit
    ? refuse(
        new OutOfRange({
          field: "capacity_range.limit_bytes",
          problem: `is less than the ${device.sizeBytes} bytes that the disk has already`
        })
      )
    : undefined
}

const decideMounted = (facts: NodeExpandFacts, device: BlockDevice, mount: Mount): NodeExpandVerdict => {
  const subject = `volume ${facts.volumeId}`
  const fileSystem = fileSystemNamed(mount.fsType)
  if (fileSystem === undefined) {
    return refuse(
      new Refused({ subject, because: `holds ${mount.fsType}, which this driver cannot grow`, remedy: undefined })
    )
  }
  if (facts.contents === undefined) return act({ _tag: "Look", device })
  if (facts.total !== undefined) {
    const problem = growthProblem(subject, device, facts.contents, facts.total)
    return problem === undefined ? done(device.sizeBytes) : refuse(problem)
  }
  const recorded = recordedBytes(facts.contents)
  if (recorded !== undefined && recorded + sizeToleranceBytes >= device.sizeBytes) return done(device.sizeBytes)
  const writable = [mount, ...mountsOf(facts.mounts, device)].find(
    (candidate) => showsAllOf(candidate, device) && !isReadOnlyMount(candidate)
  )
  return writable === undefined
    ? refuse(new Refused({ subject, because: "is mounted read-only and cannot grow", remedy: "mount it for writing" }))
    : act({ _tag: "Grow", device, fileSystem, mountedAt: writable.target })
}

/** The next step from any state towards disk and file system having the size that is asked for. */
export const decideNodeExpand = (facts: NodeExpandFacts): NodeExpandVerdict => {
  const { access, path, presence, seen, volumeId } = facts
  switch (presence._tag) {
    case "Elsewhere":
      return refuse(new PathNotFound({ volumeId, path }))
    case "DiskGone":
      return refuse(new DeviceNotFound({ volumeId, seen }))
    case "Raw":
    case "Mounted": {
      const found = presence._tag === "Raw" ? "block" : "mount"
      if (access !== undefined && access !== found) {
        return refuse(
          new InvalidInput({
            field: "volume_capability",
            problem: `asks for ${access} access, the path gives ${found}`
          })
        )
      }
      const { device } = presence
      return (
        decideSize(facts, device) ??
        (presence._tag === "Raw" ? done(device.sizeBytes) : decideMounted(facts, device, presence.mount))
      )
    }
  }
}
