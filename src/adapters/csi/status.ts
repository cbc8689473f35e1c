import { status } from "@grpc/grpc-js"
import { Cause, Option } from "effect"
import type { CloudFailureReason, DomainError } from "../../domain/errors.ts"
import { oneLine } from "./text.ts"

/** How a call ends on the wire when it does not succeed. */
export interface RpcStatus {
  readonly code: status
  /** For people; one line, no secrets. */
  readonly details: string
}

/** Long enough for any sentence of ours, far below the limit of HTTP/2 headers, where each byte may take three. */
const longestDetailsBytes = 2048

const cloudCode = (reason: CloudFailureReason): status => {
  switch (reason) {
    case "unreachable":
    case "unanswered":
    case "throttled":
    case "malformed":
    case "conflict":
      return status.UNAVAILABLE
    case "unauthenticated":
    case "forbidden":
      return status.PERMISSION_DENIED
    case "notFound":
    case "unsupported":
      return status.FAILED_PRECONDITION
    case "invalid":
      return status.INTERNAL
  }
}

/** The table of docs/errors.md, where each choice is explained. */
export const codeOf = (error: DomainError): status => {
  switch (error._tag) {
    case "InvalidInput":
      return status.INVALID_ARGUMENT
    case "OutOfRange":
      return status.OUT_OF_RANGE
    case "VolumeNotFound":
    case "SnapshotNotFound":
    case "BackupNotFound":
    case "ServerNotFound":
    case "PathNotFound":
    case "DeviceNotFound":
      return status.NOT_FOUND
    case "AlreadyExists":
      return status.ALREADY_EXISTS
    case "OperationPending":
    case "StillWorking":
    case "UnknownPageToken":
      return status.ABORTED
    case "NotReady":
    case "IdentityUnknown":
    case "ClaimUnreadable":
      return status.UNAVAILABLE
    case "Refused":
    case "QuotaExceeded":
    case "ClaimNotFound":
      return status.FAILED_PRECONDITION
    case "NoCapacity":
    case "NodeFull":
      return status.RESOURCE_EXHAUSTED
    case "Unsupported":
      return status.UNIMPLEMENTED
    case "CloudFailure":
      return cloudCode(error.reason)
    case "HostFailure":
      return error.outcome === "failed" ? status.INTERNAL : status.UNAVAILABLE
  }
}

export const rpcStatus = (code: status, text: string): RpcStatus => ({
  code,
  details: oneLine(text, longestDetailsBytes)
})

/** A failure tells its reason; a defect tells nothing, since nobody has looked at what it may hold. */
export const statusOf = (cause: Cause.Cause<DomainError>): RpcStatus => {
  const failure = Option.getOrUndefined(Cause.failureOption(cause))
  if (failure !== undefined) return rpcStatus(codeOf(failure), failure.message)
  if (Cause.isInterruptedOnly(cause)) return rpcStatus(status.CANCELLED, "the call was cancelled")
  return rpcStatus(status.INTERNAL, "internal error of the driver; its log has the cause")
}
