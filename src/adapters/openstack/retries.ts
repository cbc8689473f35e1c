import type { Fault } from "./failures.ts"

export interface Tried {
  readonly method: "GET" | "POST" | "DELETE"
  readonly fault: Pick<Fault, "reason" | "lasting" | "reset" | "retryAfterMillis">
  /** Requests sent so far. */
  readonly tries: number
  /** Until the caller's deadline. */
  readonly remainingMillis: number
  /** From 0 to 1. */
  readonly random: number
}

const mostTries = 4
const firstPause = 200
const longestPause = 10_000
const longestRetryAfter = 60_000

/** What a service may ask for with `Retry-After`, as far as it is obeyed. */
export const obeyedPause = (retryAfterMillis: number | undefined): number =>
  Math.min(longestRetryAfter, retryAfterMillis ?? 0)

/** A read and a deletion may be repeated whatever happened; anything else only if it certainly was not carried out. */
const mayRepeat = ({ method, fault }: Tried): boolean => {
  switch (fault.reason) {
    case "unreachable":
      return !fault.lasting
    case "throttled":
      return true
    case "unanswered":
      return method !== "POST"
    case "unauthenticated":
    case "forbidden":
    case "notFound":
    case "invalid":
    case "unsupported":
    case "conflict":
    case "malformed":
      return false
  }
}

/** Milliseconds to wait before the next try; undefined when there should be none. */
export const pauseBeforeRetry = (tried: Tried): number | undefined => {
  const { method, fault, tries, remainingMillis, random } = tried
  if (tries >= mostTries || !mayRepeat(tried)) return undefined
  // The server closes an idle connection just as it is used again: nothing is overloaded.
  if (fault.reset && method === "GET" && tries === 1) return remainingMillis > 0 ? 0 : undefined
  const jittered = Math.min(longestPause, firstPause * 2 ** tries) * (0.5 + random / 2)
  const pause = jittered + obeyedPause(fault.retryAfterMillis)
  return pause < remainingMillis ? pause : undefined
}
