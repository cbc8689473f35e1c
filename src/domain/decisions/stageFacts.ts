import type { BlockDevice, DiskContents, Mount, PathKind, Pulse, Unformatted } from "../../ports/HostMounter.ts"
import { type AccessMode, type FileSystem, isReadOnly } from "../Capability.ts"
import type { HostFailure } from "../errors.ts"
import type { UuidGuard } from "../NodeSettings.ts"
import type { VolumeId } from "../Volume.ts"
import type { Growth } from "./growth.ts"
import type { Verdict } from "./Verdict.ts"

/** What the caller wants of a staged file system. */
export interface StageWish {
  readonly volumeId: VolumeId
  /** Undefined: whatever is there, or the default on a blank disk. */
  readonly fileSystem: FileSystem | undefined
  readonly mode: AccessMode
  readonly flags: ReadonlyArray<string>
  readonly leastBytes: bigint | undefined
  /** The volume is a copy, whose file system may be smaller than its disk. */
  readonly resizeRequired: boolean
  /** This driver made the volume from nothing. */
  readonly createdEmpty: boolean
  /** Cinder encrypts the volume, so that its disk shows noise where nothing was written. */
  readonly encrypted: boolean
  /** Format noise whoever says what of the volume. */
  readonly formatNoise: boolean
  readonly uuidGuard: UuidGuard
  /** What the class says of mkfs, in the volume context's spelling; read only when a file system is made. */
  readonly mkfs: Readonly<Record<string, string>>
}

/** What this call has done so far. */
export interface StageProgress {
  /** What a look at the disk has found since it was found or changed; undefined while nobody has looked. */
  readonly contents: DiskContents | undefined
  readonly formatted: FileSystem | undefined
  readonly checked: boolean
  readonly refreshed: boolean
  /** This call mounted it when no other mount shared it, so that it is known to be alive. */
  readonly mounted: boolean
  /** How what was mounted before answers; undefined while nobody has asked. */
  readonly pulse: Pulse | undefined
  readonly growth:
    | { readonly _tag: "untried" }
    | { readonly _tag: "refusedMounted"; readonly failure: HostFailure }
    /** Not proved until the disk is looked at again; `total` is undefined where it grew unmounted. */
    | { readonly _tag: "reported"; readonly total: Growth | undefined }
}

export const noProgress: StageProgress = {
  contents: undefined,
  formatted: undefined,
  checked: false,
  refreshed: false,
  mounted: false,
  pulse: undefined,
  growth: { _tag: "untried" }
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
  | { readonly _tag: "TakePulse" }
  | {
      readonly _tag: "Format"
      readonly found: Unformatted
      readonly fileSystem: FileSystem
      readonly uuid: string | undefined
      readonly options: ReadonlyArray<string>
    }
  | { readonly _tag: "Check"; readonly fileSystem: FileSystem }
  | { readonly _tag: "Mount"; readonly fileSystem: FileSystem; readonly options: ReadonlyArray<string> }
  | { readonly _tag: "Grow"; readonly fileSystem: FileSystem; readonly mountedAt: string | undefined }

export type StageVerdict = Verdict<StageAction, void>

export const subjectOf = ({ volumeId }: StageWish): string => `volume ${volumeId}`

export const wantsReadOnly = ({ flags, mode }: StageWish): boolean => isReadOnly(mode) || flags.includes("ro")
