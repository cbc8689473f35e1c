import { CloudFailure, type CloudFailureReason, QuotaExceeded } from "../../domain/errors.ts"
import type { WorldFault } from "./worldErrors.ts"

/** What a refusal means to the domain; `quota` stands beside the reasons because only some requests can meet it. */
export type Meaning = CloudFailureReason | "quota"

const quotaText = /^\w*(Limit|Quota|Exceed)\w*:|exceeded for quota|exceeds allowed|quota exceeded/i

/** 413 is a quota where the text or a pause of no length says so, and a rate limit where it names a pause. */
const meaningOfTooMuch = ({ message, retryAfter }: WorldFault): Meaning => {
  if (/too large/i.test(message)) return "invalid"
  if (quotaText.test(message) || retryAfter === "0") return "quota"
  return retryAfter === undefined ? "invalid" : "throttled"
}

/** Cinder's 404 when no service of a kind is up: what was asked for may well exist. */
const saysServiceIsAway = ({ message }: WorldFault): boolean => /^service\b.*\bcould not be found/i.test(message)

/**
 * Reads status and text of a refusal, for these are all that the API documents:
 * https://docs.openstack.org/api-ref/block-storage/v3/ and https://docs.openstack.org/api-ref/compute/
 */
export const meaningOf = (fault: WorldFault): Meaning => {
  switch (fault.status) {
    case 401:
      return "unauthenticated"
    case 403:
      return "forbidden"
    case 404:
      return saysServiceIsAway(fault) ? "unreachable" : "notFound"
    case 406:
      return "unsupported"
    case 408:
      return "unanswered"
    case 409:
      return "conflict"
    case 413:
      return meaningOfTooMuch(fault)
    case 429:
    case 498:
      return "throttled"
    case 503:
      return "unreachable"
  }
  if (fault.status >= 500) return "unanswered"
  return fault.status >= 400 ? "invalid" : "malformed"
}

/** A quota met where the port knows of none is a refusal like any other. */
export const toCloudFailure =
  (service: CloudFailure["service"], operation: string) =>
  (fault: WorldFault): CloudFailure => {
    const meaning = meaningOf(fault)
    return new CloudFailure({
      service,
      operation,
      reason: meaning === "quota" ? "invalid" : meaning,
      detail: fault.message,
      requestId: undefined
    })
  }

export const toQuotaOrFailure =
  (service: CloudFailure["service"], operation: string) =>
  (fault: WorldFault): CloudFailure | QuotaExceeded =>
    meaningOf(fault) === "quota"
      ? new QuotaExceeded({ detail: fault.message })
      : toCloudFailure(service, operation)(fault)

/** Whether asking again is safe for reads and deletions, and may help at once. */
export const isPassing = (fault: WorldFault): boolean => {
  const meaning = meaningOf(fault)
  return meaning === "unreachable" || meaning === "unanswered" || meaning === "throttled"
}

/** Nova has two wordings for a full server, which share status and word. */
export const saysServerIsFull = (fault: WorldFault): boolean => fault.status === 403 && /maximum/i.test(fault.message)

export const saysServerIsMissing = (fault: WorldFault): boolean =>
  fault.status === 404 && fault.message.startsWith("Instance ")
