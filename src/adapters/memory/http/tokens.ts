import { randomBytes } from "node:crypto"
import { Duration } from "effect"
import type { ProjectSettings, RoleName, TrustSettings, UserSettings } from "./identitySettings.ts"
import type { ServiceName } from "./messages.ts"

export interface TokenClaims {
  readonly methods: ReadonlyArray<string>
  readonly user: UserSettings
  /** Undefined: unscoped. */
  readonly project: ProjectSettings | undefined
  readonly roles: ReadonlyArray<RoleName>
  readonly trust: TrustSettings | undefined
  readonly applicationCredentialId: string | undefined
}

export interface Token extends TokenClaims {
  readonly id: string
  readonly auditIds: ReadonlyArray<string>
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
}

interface Kept {
  readonly token: Token
  revoked: boolean
  /** When each service last asked Keystone about it, and heard that it was good. */
  readonly validated: Map<ServiceName, number>
}

export interface TokenStore {
  /** `expiresAt` caps the life that a new token would have. */
  readonly issue: (claims: TokenClaims, now: number, limits?: TokenLimits) => Token
  /** As Keystone itself sees it. */
  readonly find: (id: string | undefined, now: number) => Token | undefined
  /** As the middleware of a service sees it, which remembers good answers for a while. */
  readonly findAt: (service: ServiceName, id: string | undefined, now: number) => Token | undefined
  readonly revoke: (id: string) => void
  readonly revokeAll: () => void
}

export interface TokenLimits {
  readonly expiresAt?: number
  /** Audit ids of the token that this one was made from. */
  readonly parentAuditIds?: ReadonlyArray<string>
}

const auditId = () => randomBytes(16).toString("base64url")

/** So many tokens are kept before expired ones are looked for. */
const sweepAbove = 1000

/** Tokens live `life`; a service goes on trusting a revoked one for `cacheTime` after it last asked. */
export const makeTokenStore = (life: Duration.DurationInput, cacheTime: Duration.DurationInput): TokenStore => {
  const lifeMillis = Duration.toMillis(life)
  const cacheMillis = Duration.toMillis(cacheTime)
  const kept = new Map<string, Kept>()

  const sweep = (now: number) => {
    for (const [id, { token }] of kept) if (token.expiresAt <= now) kept.delete(id)
  }

  const living = (id: string | undefined, now: number): Kept | undefined => {
    const known = id === undefined ? undefined : kept.get(id)
    return known === undefined || known.token.expiresAt <= now ? undefined : known
  }

  return {
    issue: (claims, now, limits = {}) => {
      if (kept.size >= sweepAbove) sweep(now)
      const parents = limits.parentAuditIds
      const token: Token = {
        ...claims,
        id: `gAAAAAB${randomBytes(132).toString("base64url")}`,
        auditIds: [auditId(), ...(parents === undefined ? [] : parents.slice(-1))],
        issuedAt: now,
        expiresAt: Math.min(now + lifeMillis, limits.expiresAt ?? Number.POSITIVE_INFINITY)
      }
      kept.set(token.id, { token, revoked: false, validated: new Map() })
      return token
    },
    find: (id, now) => {
      const known = living(id, now)
      return known === undefined || known.revoked ? undefined : known.token
    },
    findAt: (service, id, now) => {
      const known = living(id, now)
      if (known === undefined) return undefined
      if (!known.revoked) {
        if (cacheMillis > 0) known.validated.set(service, now)
        return known.token
      }
      const validated = known.validated.get(service)
      return validated !== undefined && validated + cacheMillis > now ? known.token : undefined
    },
    revoke: (id) => {
      const known = kept.get(id)
      if (known !== undefined) known.revoked = true
    },
    revokeAll: () => {
      for (const known of kept.values()) known.revoked = true
    }
  }
}
