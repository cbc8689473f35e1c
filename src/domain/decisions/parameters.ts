import { Either } from "effect"
import { defaultFileSystem, fileSystemNamed, type VolumeCapability } from "../Capability.ts"
import type { ClaimRef } from "../Claim.ts"
import { InvalidInput } from "../errors.ts"
import { appendedMetadataKey, readAppendedMetadata } from "./appendedMetadata.ts"
import { mkfsKeys, mkfsTexts, readMkfsOptions } from "./mkfsOptions.ts"
import { cinderBackupKey } from "./source.ts"

type Parameters = Readonly<Record<string, string>>

/** Cinder's bound for names and metadata values, in characters. */
const longestText = 255

export interface VolumeParameters {
  /** Name or id of a volume type; undefined means the cloud's default. */
  readonly volumeType: string | undefined
  /** A zone of Cinder, which overrides the topology asked for. */
  readonly availability: string | undefined
  /** What Kubernetes tells about the claim and what the class adds, kept with the volume. */
  readonly metadata: Parameters
  /** What the node has to know. */
  readonly context: Parameters
  /** The claim that the volume is for, as far as Kubernetes tells. */
  readonly claim: ClaimRef | undefined
  /** Keys that mean nothing here. They are let through, as classes in use carry some. */
  readonly unknown: ReadonlyArray<string>
}

export interface BackupParameters {
  /** Zone of the backup; undefined leaves it to Cinder. */
  readonly zone: string | undefined
  /** How long a backup may take before it counts as stuck. */
  readonly secondsPerGiB: number
}

export interface SnapshotParameters {
  /** Undefined: a snapshot is asked for. */
  readonly backup: BackupParameters | undefined
  readonly metadata: Parameters
  readonly unknown: ReadonlyArray<string>
}

/** Sent by external-provisioner with `--extra-create-metadata`. */
const claimNameKey = "csi.storage.k8s.io/pvc/name"
const claimNamespaceKey = "csi.storage.k8s.io/pvc/namespace"
const volumeMetadataKeys = [claimNameKey, claimNamespaceKey, "csi.storage.k8s.io/pv/name"]

/** Sent by external-snapshotter with `--extra-create-metadata`. */
const snapshotMetadataKeys = [
  "csi.storage.k8s.io/volumesnapshot/name",
  "csi.storage.k8s.io/volumesnapshot/namespace",
  "csi.storage.k8s.io/volumesnapshotcontent/name"
]

const backupTimeKey = "backup-max-duration-seconds-per-gb"

/** What a StorageClass may say; sidecars add keys of their own. */
export const volumeParameterKeys = ["type", "availability", appendedMetadataKey, ...mkfsKeys] as const

/** What a VolumeSnapshotClass may say. */
export const snapshotParameterKeys = [
  "type",
  "availability",
  backupTimeKey,
  "force-create",
  appendedMetadataKey
] as const

/** The Go driver's default for `backup-max-duration-seconds-per-gb`. */
const defaultSecondsPerGiB = 20

/** What Go's strconv.ParseBool reads, since classes were written for a driver that used it. */
const booleans = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"]

const invalid = (key: string, problem: string) =>
  Either.left(new InvalidInput({ field: `parameters[${JSON.stringify(key)}]`, problem }))

/** Empty counts as absent, as the Go driver has it: charts render a value that nobody set so. */
const textOf = (parameters: Parameters, key: string): Either.Either<string | undefined, InvalidInput> => {
  const value = parameters[key]
  if (value === undefined || value === "") return Either.right(undefined)
  return value.length > longestText ? invalid(key, `is longer than ${longestText} characters`) : Either.right(value)
}

const metadataOf = (parameters: Parameters, keys: ReadonlyArray<string>): Either.Either<Parameters, InvalidInput> =>
  Either.gen(function* () {
    const pairs: Array<readonly [string, string]> = []
    for (const key of keys) {
      const value = yield* textOf(parameters, key)
      if (value !== undefined) pairs.push([key, value])
    }
    return Object.fromEntries(pairs)
  })

const unknownAmong = (parameters: Parameters, known: ReadonlyArray<string>): ReadonlyArray<string> =>
  Object.keys(parameters).filter((key) => !known.includes(key))

/** external-provisioner keeps these for itself and says the type in the capabilities. */
const isFileSystemType = (key: string): boolean => key.toLowerCase() === "fstype" || key === "csi.storage.k8s.io/fstype"

/** Options that mkfs would not get are refused while the claim can still be seen, not when a pod waits for the disk. */
const contextOf = (
  parameters: Parameters,
  capabilities: ReadonlyArray<VolumeCapability>
): Either.Either<Parameters, InvalidInput> =>
  Either.gen(function* () {
    for (const { access } of capabilities) {
      if (access._tag === "block") continue
      yield* readMkfsOptions("parameters", parameters, fileSystemNamed(access.fsType) ?? defaultFileSystem)
    }
    return mkfsTexts(parameters)
  })

/** The claim that a volume was made for, as csi-provisioner tells it and the volume's metadata keep it. */
export const claimIn = (metadata: Parameters): ClaimRef | undefined => {
  const name = metadata[claimNameKey]
  const namespace = metadata[claimNamespaceKey]
  return name === undefined || namespace === undefined ? undefined : { namespace, name }
}

/** Parameters of a StorageClass; a bad value of a known key is refused. */
export const readVolumeParameters = (
  parameters: Parameters,
  capabilities: ReadonlyArray<VolumeCapability>
): Either.Either<VolumeParameters, InvalidInput> =>
  Either.gen(function* () {
    const told = yield* metadataOf(parameters, volumeMetadataKeys)
    const known = [...volumeParameterKeys, ...volumeMetadataKeys]
    return {
      volumeType: yield* textOf(parameters, "type"),
      availability: yield* textOf(parameters, "availability"),
      metadata: { ...(yield* readAppendedMetadata(parameters, [cinderBackupKey])), ...told },
      claim: claimIn(told),
      context: yield* contextOf(parameters, capabilities),
      unknown: unknownAmong(parameters, known).filter((key) => !isFileSystemType(key))
    }
  })

const secondsPerGiBOf = (parameters: Parameters): Either.Either<number, InvalidInput> => {
  const text = parameters[backupTimeKey]
  if (text === undefined) return Either.right(defaultSecondsPerGiB)
  return /^\d{1,9}$/.test(text)
    ? Either.right(Number(text))
    : invalid(backupTimeKey, "must be a whole number of seconds, such as 20")
}

/**
 * Parameters of a VolumeSnapshotClass. `force-create` is checked and changes nothing: a volume in use can always be
 * snapshotted, as the CSI specification wants it.
 */
export const readSnapshotParameters = (parameters: Parameters): Either.Either<SnapshotParameters, InvalidInput> =>
  Either.gen(function* () {
    const type = parameters["type"] ?? ""
    const force = parameters["force-create"]
    if (!["", "snapshot", "backup"].includes(type)) return yield* invalid("type", `must be "snapshot" or "backup"`)
    if (force !== undefined && !booleans.includes(force)) return yield* invalid("force-create", "must be true or false")
    const secondsPerGiB = yield* secondsPerGiBOf(parameters)
    return {
      backup: type === "backup" ? { zone: yield* textOf(parameters, "availability"), secondsPerGiB } : undefined,
      metadata: {
        ...(yield* readAppendedMetadata(parameters, type === "backup" ? ["type"] : [])),
        ...(yield* metadataOf(parameters, snapshotMetadataKeys))
      },
      unknown: unknownAmong(parameters, [...snapshotParameterKeys, ...snapshotMetadataKeys])
    }
  })
