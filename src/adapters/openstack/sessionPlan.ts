import type { Redacted } from "effect"
import type { CloudFailure } from "../../domain/errors.ts"
import type { CatalogEntry } from "./keystoneWire.ts"

/** What a login gives. Times are monotonic milliseconds of this process. */
export interface Session {
  readonly token: Redacted.Redacted
  readonly projectId: string
  readonly catalog: ReadonlyArray<CatalogEntry>
  readonly obtainedAt: number
  /** From here on a new token is fetched while this one still serves. */
  readonly renewAt: number
  /** From here on callers wait for the new token. */
  readonly urgentAt: number
  readonly endsAt: number
}

/** Credentials that Keystone turned down. Trying again at once could lock the account for everybody. */
export interface Refusal {
  readonly failure: CloudFailure
  readonly pauseMillis: number
  readonly until: number
}

export interface Memory {
  readonly session: Session | undefined
  readonly refusal: Refusal | undefined
  /** Credentials have been replaced since the session was got. */
  readonly outdated: boolean
  /** Keystone did not answer the last login. */
  readonly outage: boolean
}

export type Plan =
  | { readonly _tag: "use"; readonly session: Session; readonly renew: boolean }
  /** `fallback` serves if the renewal fails. */
  | { readonly _tag: "renew"; readonly fallback: Session | undefined }
  | { readonly _tag: "refuse"; readonly failure: CloudFailure }

/** How to serve a caller who needs a token now. */
export const planSession = (memory: Memory, now: number): Plan => {
  const session = memory.session !== undefined && now < memory.session.endsAt ? memory.session : undefined
  const refused = memory.refusal !== undefined && now < memory.refusal.until ? memory.refusal : undefined
  if (session === undefined) {
    return refused === undefined ? { _tag: "renew", fallback: undefined } : { _tag: "refuse", failure: refused.failure }
  }
  if (memory.outdated && refused === undefined) {
    return memory.outage ? { _tag: "use", session, renew: true } : { _tag: "renew", fallback: session }
  }
  if (now < session.renewAt || refused !== undefined) return { _tag: "use", session, renew: false }
  return now < session.urgentAt ? { _tag: "use", session, renew: true } : { _tag: "renew", fallback: session }
}

const renewAheadMillis = 120_000
const shortestUseMillis = 1_000

/**
 * Milestones of a token's life, counted from when the answer came by our own monotonic clock, so that neither our wall
 * clock nor Keystone's matters. Tokens that live for minutes only are renewed at half of their life.
 */
export const milestones = (lifeMillis: number, now: number, renewable: boolean) => {
  if (!renewable) {
    const never = Number.POSITIVE_INFINITY
    return { obtainedAt: now, renewAt: never, urgentAt: never, endsAt: never }
  }
  const life = Math.max(lifeMillis, shortestUseMillis)
  const ahead = Math.min(renewAheadMillis, life / 2)
  return { obtainedAt: now, renewAt: now + life - ahead, urgentAt: now + life - ahead / 4, endsAt: now + life }
}

const firstRefusalPause = 30_000
const longestRefusalPause = 600_000

/** Doubles the silence with each refusal in a row. */
export const nextRefusal = (previous: Refusal | undefined, failure: CloudFailure, now: number): Refusal => {
  const pauseMillis =
    previous === undefined ? firstRefusalPause : Math.min(longestRefusalPause, previous.pauseMillis * 2)
  return { failure, pauseMillis, until: now + pauseMillis }
}
