import { Data } from "effect"
import type { BackupId } from "./Backup.ts"
import type { ClaimRef } from "./Claim.ts"
import type { ServerId } from "./Server.ts"
import type { SnapshotId } from "./Snapshot.ts"
import type { VolumeId } from "./Volume.ts"

/** A field of the request is missing, malformed or not supported. `field` is spelled as in the CSI specification. */
export class InvalidInput extends Data.TaggedError("InvalidInput")<{
  readonly field: string
  readonly problem: string
}> {
  override get message() {
    return `${this.field} ${this.problem}`
  }
}

/** A size that cannot be had, now or later. */
export class OutOfRange extends Data.TaggedError("OutOfRange")<{
  readonly field: string
  readonly problem: string
}> {
  override get message() {
    return `${this.field} ${this.problem}`
  }
}

/** Cinder has no such volume. */
export class VolumeNotFound extends Data.TaggedError("VolumeNotFound")<{ readonly id: VolumeId }> {
  override get message() {
    return `Cinder has no volume ${this.id}`
  }
}

/** Cinder has no such snapshot. */
export class SnapshotNotFound extends Data.TaggedError("SnapshotNotFound")<{ readonly id: SnapshotId }> {
  override get message() {
    return `Cinder has no snapshot ${this.id}`
  }
}

/** Cinder has no such backup. */
export class BackupNotFound extends Data.TaggedError("BackupNotFound")<{ readonly id: BackupId }> {
  override get message() {
    return `Cinder has no backup ${this.id}`
  }
}

/** Nova has no such server. */
export class ServerNotFound extends Data.TaggedError("ServerNotFound")<{ readonly id: ServerId }> {
  override get message() {
    return `Nova has no server ${this.id}`
  }
}

/** The node knows nothing of this volume at this path. */
export class PathNotFound extends Data.TaggedError("PathNotFound")<{
  readonly volumeId: VolumeId
  readonly path: string
}> {
  override get message() {
    return `volume ${this.volumeId} is not at ${this.path}`
  }
}

/** No disk of this host proves to be the volume. `seen` names the disks that were looked at. */
export class DeviceNotFound extends Data.TaggedError("DeviceNotFound")<{
  readonly volumeId: VolumeId
  readonly seen: ReadonlyArray<string>
}> {
  override get message() {
    const seen = this.seen.length === 0 ? "no disks at all" : this.seen.join(", ")
    return `no disk of this node is volume ${this.volumeId}; seen: ${seen}`
  }
}

/** Something of this name or at this path exists and differs from what is asked now. */
export class AlreadyExists extends Data.TaggedError("AlreadyExists")<{
  readonly subject: string
  readonly difference: string
}> {
  override get message() {
    return `${this.subject} exists already and ${this.difference}`
  }
}

/** Another call for the same thing is being worked on. */
export class OperationPending extends Data.TaggedError("OperationPending")<{
  readonly subject: string
  /** Who works on it, where that is not simply another call. */
  readonly holder?: string
}> {
  override get message() {
    const holder = this.holder === undefined ? "" : `: ${this.holder}`
    return `another operation on ${this.subject} is in progress${holder}`
  }
}

/** The time for waiting is over and the work goes on elsewhere; asking again resumes the wait. */
export class StillWorking extends Data.TaggedError("StillWorking")<{
  readonly subject: string
  readonly state: string
}> {
  override get message() {
    return `${this.subject} is still ${this.state}`
  }
}

/** Passes by itself or when an operator acts; nothing was changed by this call, or its repetition goes on from there. */
export class NotReady extends Data.TaggedError("NotReady")<{
  readonly subject: string
  readonly state: string
  /** Who must do what; undefined where time alone helps. */
  readonly remedy: string | undefined
}> {
  override get message() {
    const remedy = this.remedy === undefined ? "" : `; ${this.remedy}`
    return `${this.subject} is ${this.state}${remedy}`
  }
}

/** Repeating the call cannot help until somebody changes the state that is named. */
export class Refused extends Data.TaggedError("Refused")<{
  readonly subject: string
  readonly because: string
  readonly remedy: string | undefined
}> {
  override get message() {
    const remedy = this.remedy === undefined ? "" : `; ${this.remedy}`
    return `${this.subject}: ${this.because}${remedy}`
  }
}

/** A quota of the project; `detail` is the cloud's sentence, which names the quota. */
export class QuotaExceeded extends Data.TaggedError("QuotaExceeded")<{ readonly detail: string }> {
  override get message() {
    return `quota of the OpenStack project exceeded: ${this.detail}`
  }
}

/** No storage backend of the zone takes the volume; another zone may. */
export class NoCapacity extends Data.TaggedError("NoCapacity")<{
  readonly zone: string | undefined
  readonly detail: string
}> {
  override get message() {
    return `no room${this.zone === undefined ? "" : ` in zone ${this.zone}`}: ${this.detail}`
  }
}

/** The server takes no more disks; another may. */
export class NodeFull extends Data.TaggedError("NodeFull")<{
  readonly serverId: ServerId
  readonly detail: string
}> {
  override get message() {
    return `server ${this.serverId} takes no more volumes: ${this.detail}`
  }
}

/** A page token that is not ours or no longer leads anywhere. */
export class UnknownPageToken extends Data.TaggedError("UnknownPageToken")<{ readonly token: string }> {
  override get message() {
    return "starting_token is not one that this driver gave out, or no longer valid; start the listing anew"
  }
}

/** A feature that this driver does not have. */
export class Unsupported extends Data.TaggedError("Unsupported")<{ readonly what: string }> {
  override get message() {
    return `${this.what} is not supported`
  }
}

/**
 * Why a request to the cloud did not do what it should:
 * - `unreachable`: certainly not carried out (no connection, no name, 503)
 * - `unanswered`: perhaps carried out (time-out or reset after sending, 500, 502, 504)
 * - `throttled`: not carried out, too many requests
 * - `unauthenticated`: the credentials or the token are not accepted, also after a renewal
 * - `forbidden`: a policy refuses it (403)
 * - `notFound`: something the request names is absent (404)
 * - `invalid`: refused before any effect (400 and kin)
 * - `unsupported`: not carried out, since it needs a newer version of the API than the cloud speaks or may be asked for
 * - `conflict`: refused because of the present state (409)
 * - `malformed`: the answer is not what the API promises
 */
export type CloudFailureReason =
  | "unreachable"
  | "unanswered"
  | "throttled"
  | "unauthenticated"
  | "forbidden"
  | "notFound"
  | "invalid"
  | "unsupported"
  | "conflict"
  | "malformed"

/** `detail` is the cloud's own sentence or the transport's; it never holds a secret. */
export class CloudFailure extends Data.TaggedError("CloudFailure")<{
  readonly service: "Keystone" | "Cinder" | "Nova"
  /** What was tried, such as "create volume". */
  readonly operation: string
  readonly reason: CloudFailureReason
  readonly detail: string
  /** `x-openstack-request-id` of the answer, for the operator's logs. */
  readonly requestId: string | undefined
}> {
  override get message() {
    const request = this.requestId === undefined ? "" : ` (${this.requestId})`
    return `${this.service} could not ${this.operation}: ${this.detail}${request}`
  }
}

/** The claim that a volume is asked for is gone, and so is the reason to make the volume. */
export class ClaimNotFound extends Data.TaggedError("ClaimNotFound")<{ readonly claim: ClaimRef }> {
  override get message() {
    return `Kubernetes has no claim ${this.claim.namespace}/${this.claim.name}`
  }
}

/** Kubernetes did not show a claim; whether hints were asked for is unknown. `detail` never holds a secret. */
export class ClaimUnreadable extends Data.TaggedError("ClaimUnreadable")<{
  readonly claim: ClaimRef
  readonly detail: string
  /** Who must do what; undefined where time alone may help. */
  readonly remedy: string | undefined
}> {
  override get message() {
    const remedy = this.remedy === undefined ? "" : `; ${this.remedy}`
    return `cannot read claim ${this.claim.namespace}/${this.claim.name}: ${this.detail}${remedy}`
  }
}

/** The instance does not know who it is: no metadata source gave a valid answer. */
export class IdentityUnknown extends Data.TaggedError("IdentityUnknown")<{
  /** One line for each source that was asked. */
  readonly tried: ReadonlyArray<string>
}> {
  override get message() {
    return `the instance's identity is unknown: ${this.tried.join("; ")}`
  }
}

/**
 * A step on the host failed. `outcome` says whether it may still take effect: `failed` never will, `unknown` may (a
 * child process that could not be killed, a system call that does not return), or the disk did not answer a question.
 */
export class HostFailure extends Data.TaggedError("HostFailure")<{
  readonly operation: string
  readonly outcome: "failed" | "unknown"
  readonly detail: string
}> {
  override get message() {
    return `could not ${this.operation}: ${this.detail}`
  }
}

/** Every error that a service of the domain can fail with. */
export type DomainError =
  | InvalidInput
  | OutOfRange
  | VolumeNotFound
  | SnapshotNotFound
  | BackupNotFound
  | ServerNotFound
  | PathNotFound
  | DeviceNotFound
  | AlreadyExists
  | OperationPending
  | StillWorking
  | NotReady
  | Refused
  | QuotaExceeded
  | NoCapacity
  | NodeFull
  | UnknownPageToken
  | Unsupported
  | CloudFailure
  | ClaimNotFound
  | ClaimUnreadable
  | IdentityUnknown
  | HostFailure
