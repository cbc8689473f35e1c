import { Either } from "effect"
import { type AccessMode, accessModes, type VolumeCapability } from "../../domain/Capability.ts"
import type { CapacityRange } from "../../domain/Capacity.ts"
import { InvalidInput } from "../../domain/errors.ts"
import {
  type CapacityRange as WireCapacityRange,
  VolumeCapability_AccessMode_Mode as WireMode,
  type VolumeCapability as WireVolumeCapability
} from "./gen/csi.ts"

export type Checked<A> = Either.Either<A, InvalidInput>

/** https://github.com/container-storage-interface/spec/blob/master/spec.md#size-limits */
const longestStringBytes = 128
const longestFlagsBytes = 4096

export const invalid = (field: string, problem: string): Checked<never> =>
  Either.left(new InvalidInput({ field, problem }))

export const required = (field: string, value: string): Checked<string> =>
  value === "" ? invalid(field, "is required") : Either.right(value)

const short = (field: string, value: string): Checked<string> =>
  Buffer.byteLength(value) > longestStringBytes
    ? invalid(field, `is longer than ${longestStringBytes} bytes`)
    : Either.right(value)

/** An id may be any text: whether something has it is for the domain to find out. */
export const identifier = (field: string, value: string): Checked<string> =>
  Either.flatMap(required(field, value), (given) => short(field, given))

/** The specification bans control characters but TAB, LF and CR from names. */
const bannedInNames = /[^\P{Cc}\t\n\r]/u

export const nameField = (field: string, value: string): Checked<string> =>
  Either.filterOrLeft(
    identifier(field, value),
    (name) => !bannedInNames.test(name),
    () => new InvalidInput({ field, problem: "holds control characters" })
  )

/** Without a prototype, so that a key such as `constructor` is there only if the caller sent it. */
export const record = (map: ReadonlyMap<string, string>): Readonly<Record<string, string>> =>
  Object.setPrototypeOf(Object.fromEntries(map), null)

const modes: ReadonlyMap<number, AccessMode> = new Map(accessModes.map((mode) => [WireMode[mode], mode]))

const accessOf = (field: string, type: WireVolumeCapability["accessType"]): Checked<VolumeCapability["access"]> => {
  switch (type?.$case) {
    case undefined:
      return invalid(`${field}.access_type`, "must be block or mount")
    case "block":
      return Either.right({ _tag: "block" })
    case "mount": {
      const { fsType, mountFlags } = type.value
      const flagBytes = mountFlags.reduce((sum, flag) => sum + Buffer.byteLength(flag), 0)
      if (flagBytes > longestFlagsBytes) {
        return invalid(`${field}.mount.mount_flags`, `take more than ${longestFlagsBytes} bytes`)
      }
      return Either.map(short(`${field}.mount.fs_type`, fsType), (checked) => ({
        _tag: "mount",
        fsType: checked,
        flags: mountFlags
      }))
    }
  }
}

/** `volume_mount_group` is left out: the driver does not advertise VOLUME_MOUNT_GROUP. */
const capabilityOf = (field: string, wire: WireVolumeCapability): Checked<VolumeCapability> =>
  Either.flatMap(accessOf(field, wire.accessType), (access) => {
    const given = wire.accessMode?.mode ?? WireMode.UNKNOWN
    const mode = modes.get(given)
    if (mode !== undefined) return Either.right({ access, mode })
    return given === WireMode.UNKNOWN
      ? invalid(`${field}.access_mode`, "is required")
      : invalid(`${field}.access_mode`, `${given} is not a mode this driver knows`)
  })

export const capability = (wire: WireVolumeCapability | undefined): Checked<VolumeCapability> =>
  wire === undefined ? invalid("volume_capability", "is required") : capabilityOf("volume_capability", wire)

export const optionalCapability = (wire: WireVolumeCapability | undefined): Checked<VolumeCapability | undefined> =>
  wire === undefined ? Either.right(undefined) : capabilityOf("volume_capability", wire)

export const capabilities = (wire: ReadonlyArray<WireVolumeCapability>): Checked<ReadonlyArray<VolumeCapability>> =>
  wire.length === 0
    ? invalid("volume_capabilities", "are required")
    : Either.all(wire.map((one, index) => capabilityOf(`volume_capabilities[${index}]`, one)))

const bound = (value: bigint): bigint | undefined => (value === 0n ? undefined : value)

/** In bytes. Whether the bounds can be met together is for the domain to say. */
export const capacity = (wire: WireCapacityRange): Checked<CapacityRange> => {
  const { requiredBytes, limitBytes } = wire
  if (requiredBytes < 0n) return invalid("capacity_range.required_bytes", "must not be negative")
  if (limitBytes < 0n) return invalid("capacity_range.limit_bytes", "must not be negative")
  if (requiredBytes === 0n && limitBytes === 0n) return invalid("capacity_range", "must set at least one bound")
  return Either.right({ requiredBytes: bound(requiredBytes), limitBytes: bound(limitBytes) })
}

const unbounded: CapacityRange = { requiredBytes: undefined, limitBytes: undefined }

export const optionalCapacity = (wire: WireCapacityRange | undefined): Checked<CapacityRange> =>
  wire === undefined ? Either.right(unbounded) : capacity(wire)

export const requiredCapacity = (wire: WireCapacityRange | undefined): Checked<CapacityRange> =>
  wire === undefined ? invalid("capacity_range", "is required") : capacity(wire)

export const maxEntries = (value: number): Checked<number> =>
  value < 0 ? invalid("max_entries", "must not be negative") : Either.right(value)
