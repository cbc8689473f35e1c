import { Context, type Effect } from "effect"
import type { FileSystem } from "../domain/Capability.ts"
import type { DiskAddress } from "../domain/DescribedDisk.ts"
import type { HostFailure } from "../domain/errors.ts"
import type { PlugPlaces } from "../domain/PlugPlaces.ts"
import type { VolumeId } from "../domain/Volume.ts"

/** A disk that is known to be a volume: by its own serial, where configured by another source, or by its address. */
export interface BlockDevice {
  /** Such as /dev/vdb; valid only as long as the disk stays attached. */
  readonly path: string
  /** `major:minor` of the kernel. */
  readonly number: string
  /**
   * Differs for each disk that ever had this path and number: plugged out and in again a disk is another one. To be
   * compared only.
   */
  readonly instance: string
  readonly sizeBytes: bigint
  /** What proved the identity, for people: such as "serial in sysfs". */
  readonly evidence: string
}

/** What is on a disk, as two independent scans agree. */
export type DiskContents =
  /** Neither scan saw a signature and every read succeeded. */
  | { readonly _tag: "Blank" }
  | {
      readonly _tag: "FileSystem"
      readonly type: string
      readonly uuid: string | undefined
      readonly label: string | undefined
      /** Size that the file system itself records; undefined where it is not known how to read it. */
      readonly sizeBytes: bigint | undefined
    }
  /** A partition table, LVM, LUKS, RAID member, swap or anything else that is not a file system. */
  | { readonly _tag: "Foreign"; readonly what: string }
  /**
   * Neither scan saw a signature, every read succeeded, and nothing that was read can be told from random bytes: an
   * encrypted disk looks so where nothing was ever written.
   */
  | { readonly _tag: "Noise" }
  /** The scans differ, or data of a plain kind without a signature was found. */
  | { readonly _tag: "Unclear"; readonly why: string }

/** What a disk shows that holds nothing: zeros or, if it is encrypted, noise. */
export type Unformatted = Extract<DiskContents["_tag"], "Blank" | "Noise">

/** One line of the kernel's mount table (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly target: string
  readonly source: string
  readonly fsType: string
  /** Per-mount and per-superblock options together. */
  readonly options: ReadonlyArray<string>
  /** `major:minor` that files of the mount report. btrfs reports an invented one. */
  readonly number: string
  /** Path inside the file system that is mounted here; "/" unless it is a bind mount of a part. */
  readonly root: string
  /** Mounted for writing, and read-only since: so the kernel does after an error of the disk or the file system. */
  readonly turnedReadOnly: boolean
}

/** What a path can lead to. */
export type PathKind = "absent" | "directory" | "file" | "blockDevice" | "symlink" | "other"

/** A path, looked at. */
export interface Place {
  /** The path with its parent resolved through symlinks, as the mount table spells it; the last component never is. */
  readonly path: string
  /** What the last component is, not followed. `absent` also when the parent does not exist. */
  readonly kind: PathKind
}

/** How full a file system is. */
export interface Usage {
  readonly totalBytes: bigint
  readonly usedBytes: bigint
  /** What unprivileged users can still get. */
  readonly availableBytes: bigint
  readonly totalInodes: bigint
  readonly usedInodes: bigint
  readonly availableInodes: bigint
}

/** How something answers that may be dead. */
export type Pulse =
  | { readonly _tag: "Alive" }
  /** The kernel refuses, in these words. */
  | { readonly _tag: "Dead"; readonly problem: string }
  /** No answer within the time limit. */
  | { readonly _tag: "Silent" }

/** What the kernel shows of a disk's health. */
export interface Vitals {
  /** One read of the disk itself, past all caches. */
  readonly read: Pulse
  /** What the bus says of the disk, such as `running` (SCSI) or `live` (NVMe); undefined where it says nothing. */
  readonly state: string | undefined
  /** Errors that the mounted file system has counted since they were last cleared; undefined where it counts none. */
  readonly fileSystemErrors: number | undefined
}

/** What has gone to and from a disk since it was plugged in, as the kernel counts it. */
export interface DiskTraffic {
  readonly reads: number
  readonly readBytes: number
  /** Summed over all reads. */
  readonly readSeconds: number
  readonly writes: number
  readonly writtenBytes: number
  readonly writeSeconds: number
  /** Handed to the disk and not answered. */
  readonly inFlight: number
  /** In which the disk had anything to do. */
  readonly busySeconds: number
}

/**
 * Block devices, file systems and mounts of this host. Paths are absolute. Reads are safe to repeat. Everything that
 * changes the host runs to its end or to its own time limit even if the caller is interrupted.
 */
export class HostMounter extends Context.Tag("cinder-csi/ports/HostMounter")<
  HostMounter,
  {
    /** The one disk that is this volume; undefined if none is. Fails if two disks claim to be it. */
    readonly findDevice: (volume: VolumeId) => Effect.Effect<BlockDevice | undefined, HostFailure>
    /**
     * The one disk at an address of a bus; undefined if none is there or the one there has the serial of another volume.
     * Fails if there are several. The address proves less than a serial: ask only if no disk proves to be the volume.
     */
    readonly findDeviceAt: (
      address: DiskAddress,
      volume: VolumeId
    ) => Effect.Effect<BlockDevice | undefined, HostFailure>
    /** Names and serials of the disks seen, for an error message. */
    readonly describeDevices: Effect.Effect<ReadonlyArray<string>>
    /** Which disks are plugged in, how, and where more could be; answers from memory. */
    readonly plugPlaces: Effect.Effect<PlugPlaces, HostFailure>
    /**
     * Makes the kernel look for new disks, where a bus does not announce them itself: at one such bus a call, and at none
     * that was asked a short while ago, so that it may be called at will.
     */
    readonly rescan: Effect.Effect<void, HostFailure>
    /** Looks whether the disk changed its size; answers with the size it has now. Idempotent. */
    readonly refreshSize: (device: BlockDevice) => Effect.Effect<BlockDevice, HostFailure>
    readonly contentsOf: (device: BlockDevice) => Effect.Effect<DiskContents, HostFailure>
    /**
     * Makes a file system where a look has `found` nothing to be lost. Fails if another look, just before, does not find
     * the same. Not to be repeated without a new look.
     * `options` go to mkfs as they are, behind our own: they must be known to name no file and no other disk.
     */
    readonly format: (
      device: BlockDevice,
      found: Unformatted,
      fileSystem: FileSystem,
      uuid: string | undefined,
      options: ReadonlyArray<string>
    ) => Effect.Effect<void, HostFailure>
    /** Repairs what can be repaired without a human. Only on a disk that is mounted nowhere. Idempotent. */
    readonly check: (device: BlockDevice, fileSystem: FileSystem) => Effect.Effect<void, HostFailure>
    /** Grows a file system to its disk; `mountedAt` undefined if it is mounted nowhere. Idempotent. */
    readonly grow: (
      device: BlockDevice,
      fileSystem: FileSystem,
      mountedAt: string | undefined
    ) => Effect.Effect<void, HostFailure>
    /** Oldest first, so the last of several mounts at one target is the one in sight. */
    readonly mounts: Effect.Effect<ReadonlyArray<Mount>, HostFailure>
    readonly mount: (
      device: BlockDevice,
      target: string,
      fileSystem: FileSystem,
      options: ReadonlyArray<string>
    ) => Effect.Effect<void, HostFailure>
    /** Bind-mounts a directory on a directory, or a device node on a file: then `device` is what the node has to lead to. */
    readonly bind: (
      source: string,
      target: string,
      readOnly: boolean,
      device?: BlockDevice
    ) => Effect.Effect<void, HostFailure>
    /** Undoes the topmost mount at the target; never lazily, never by force. Succeeds if nothing is mounted there. */
    readonly unmount: (target: string) => Effect.Effect<void, HostFailure>
    /** What is built upon the disk and keeps it in use, by the kernel's names, such as `dm-0` for LVM or LUKS. */
    readonly holdersOf: (device: BlockDevice) => Effect.Effect<ReadonlyArray<string>, HostFailure>
    /** Has everything written that the kernel holds back for the disk. Idempotent. */
    readonly flush: (device: BlockDevice) => Effect.Effect<void, HostFailure>
    /**
     * What the mount table shows at the path is not touched, since a dead disk never answers: it counts as a directory
     * unless it is a device node. `mounts` is that table, where the caller has just read it.
     */
    readonly locate: (path: string, mounts?: ReadonlyArray<Mount>) => Effect.Effect<Place, HostFailure>
    /** The disk behind a device node (also a bind-mounted one); undefined if the path is no device node. */
    readonly deviceAt: (path: string) => Effect.Effect<BlockDevice | undefined, HostFailure>
    /** Succeeds if the directory is there. The parent must exist. */
    readonly makeDirectory: (path: string) => Effect.Effect<void, HostFailure>
    /** Succeeds if the file is there. The parent must exist. */
    readonly makeFile: (path: string) => Effect.Effect<void, HostFailure>
    /** Removes an empty directory or an empty file; succeeds if it is absent, fails if it holds anything. */
    readonly remove: (path: string) => Effect.Effect<void, HostFailure>
    /** How the root of what is mounted at the path answers. A child asks, so that a dead disk keeps nobody else waiting. */
    readonly pulseOf: (path: string) => Effect.Effect<Pulse, HostFailure>
    /** Reads the disk once, in a child, and what the kernel has counted. */
    readonly vitalsOf: (device: BlockDevice) => Effect.Effect<Vitals, HostFailure>
    /** Undefined where nothing is counted; never waits for the disk. Fails if it is gone. */
    readonly trafficOf: (device: BlockDevice) => Effect.Effect<DiskTraffic | undefined, HostFailure>
    /** Figures of the file system mounted at the path; answers within seconds even if the disk hangs. */
    readonly usage: (path: string) => Effect.Effect<Usage, HostFailure>
  }
>() {}
