import { Data, Either, Redacted } from "effect"
import type { GlobalSettings, SecretText } from "./keys.ts"

/** A Keystone domain, by id where the file gives one. */
export type DomainRef = { readonly id: string } | { readonly name: string }

/** A Keystone user; a name means nothing without its domain. */
export type UserRef = { readonly id: string } | { readonly name: string; readonly domain: DomainRef }

/** The project that a token is asked for. Undefined where it is left to Keystone: the user's default project. */
export type ProjectScope = { readonly id: string } | { readonly name: string; readonly domain: DomainRef } | undefined

/** How a token is got: https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management */
export type Auth = Data.TaggedEnum<{
  Password: { readonly user: UserRef; readonly password: SecretText; readonly scope: ProjectScope }
  /** Cannot be renewed when it expires. */
  Token: { readonly token: SecretText; readonly scope: ProjectScope }
  /** Carries its own project. */
  ApplicationCredential: {
    readonly credential: { readonly id: string } | { readonly name: string; readonly user: UserRef }
    readonly secret: SecretText
  }
  /** Password of the trustee; the trust carries the project. */
  Trust: { readonly user: UserRef; readonly password: SecretText; readonly trustId: string }
}>
export const Auth = Data.taggedEnum<Auth>()

export interface AuthChoice {
  readonly auth: Auth
  /** Keys that are set and play no part, by key, with the reason. */
  readonly unused: ReadonlyArray<{ readonly key: string; readonly reason: string }>
}

type GlobalKey = keyof GlobalSettings
type TextKey = { [K in GlobalKey]: string extends NonNullable<GlobalSettings[K]> ? K : never }[GlobalKey]
type SecretKey = "password" | "token" | "application-credential-secret" | "trustee-password"

/** What is missing, in words that continue `[Global] …`. */
type Missing = string

/** The keys with which a method proves who asks. */
const methods = {
  password: ["password"],
  token: ["token"],
  "application-credential-id": ["application-credential-id", "application-credential-secret"],
  "application-credential-name": ["application-credential-name", "application-credential-secret"],
  "trust-id": ["trust-id", "trustee-id", "trustee-password"]
} as const satisfies Record<string, ReadonlyArray<GlobalKey>>
type Method = keyof typeof methods

/** An empty value counts as absent, as it does for the Go driver. */
const readText = (settings: GlobalSettings) => (key: TextKey) => settings[key] || undefined
const readSecret = (settings: GlobalSettings) => (key: SecretKey) => {
  const secret = settings[key]
  return secret === undefined || Redacted.value(secret) === "" ? undefined : secret
}

const domainOf = (settings: GlobalSettings, kind: "user" | "tenant"): DomainRef | undefined => {
  const text = readText(settings)
  const id = text(`${kind}-domain-id`)
  const name = text(`${kind}-domain-name`)
  const fallbackId = text("domain-id")
  const fallbackName = text("domain-name")
  if (id !== undefined) return { id }
  if (name !== undefined) return { name }
  if (fallbackId !== undefined) return { id: fallbackId }
  return fallbackName === undefined ? undefined : { name: fallbackName }
}

const userOf = (settings: GlobalSettings, purpose: string): Either.Either<UserRef, Missing> => {
  const id = readText(settings)("user-id")
  const name = readText(settings)("username")
  const domain = domainOf(settings, "user")
  if (id !== undefined) return Either.right({ id })
  if (name === undefined) return Either.left(`needs user-id, or username with a domain, for ${purpose}`)
  return domain === undefined
    ? Either.left("needs user-domain-id, user-domain-name, domain-id or domain-name for username")
    : Either.right({ name, domain })
}

const scopeOf = (settings: GlobalSettings): Either.Either<ProjectScope, Missing> => {
  const text = readText(settings)
  const id = text("tenant-id")
  const name = text("tenant-name")
  const domain = domainOf(settings, "tenant")
  if (id !== undefined) return Either.right({ id })
  if (name !== undefined) {
    return domain === undefined
      ? Either.left("needs tenant-domain-id, tenant-domain-name, domain-id or domain-name for tenant-name")
      : Either.right({ name, domain })
  }
  return text("domain-id") === undefined && text("domain-name") === undefined
    ? Either.right(undefined)
    : Either.left("needs tenant-id or tenant-name; with a domain alone the token would not reach volumes or servers")
}

const credentialSecretOf = (settings: GlobalSettings, purpose: string) =>
  Either.fromNullable(
    readSecret(settings)("application-credential-secret"),
    () => `needs application-credential-secret for ${purpose}`
  )

const trustOf = (settings: GlobalSettings, trustId: string): Either.Either<Auth, Missing> =>
  Either.gen(function* () {
    const trusteeId = readText(settings)("trustee-id")
    const user = trusteeId === undefined ? yield* userOf(settings, "trust-id, or trustee-id") : { id: trusteeId }
    const secret = readSecret(settings)
    const password = secret("trustee-password") ?? secret("password")
    if (password === undefined) return yield* Either.left("needs trustee-password or password for trust-id")
    return Auth.Trust({ user, password, trustId })
  })

const pick = (settings: GlobalSettings): Either.Either<readonly [Method, Auth], Missing> =>
  Either.gen(function* () {
    const text = readText(settings)
    const secret = readSecret(settings)
    const trustId = text("trust-id")
    if (trustId !== undefined) return ["trust-id", yield* trustOf(settings, trustId)]
    const password = secret("password")
    if (password !== undefined) {
      const user = yield* userOf(settings, "password")
      return ["password", Auth.Password({ user, password, scope: yield* scopeOf(settings) })]
    }
    const token = secret("token")
    if (token !== undefined) return ["token", Auth.Token({ token, scope: yield* scopeOf(settings) })]
    const id = text("application-credential-id")
    const name = text("application-credential-name")
    if (id !== undefined) {
      const method = "application-credential-id"
      return [
        method,
        Auth.ApplicationCredential({ credential: { id }, secret: yield* credentialSecretOf(settings, method) })
      ]
    }
    if (name !== undefined) {
      const method = "application-credential-name"
      const credential = { name, user: yield* userOf(settings, method) }
      return [method, Auth.ApplicationCredential({ credential, secret: yield* credentialSecretOf(settings, method) })]
    }
    return yield* Either.left(
      secret("application-credential-secret") === undefined
        ? "needs credentials: password, token, application-credential-id or application-credential-name, or trust-id"
        : "needs application-credential-id or application-credential-name for application-credential-secret"
    )
  })

const isSet = (settings: GlobalSettings, key: GlobalKey): boolean => {
  const value = settings[key]
  return Redacted.isRedacted(value) ? Redacted.value(value) !== "" : value !== undefined && value !== ""
}

const unusedBy = (settings: GlobalSettings, method: Method): AuthChoice["unused"] => {
  const used = new Set<GlobalKey>(method === "trust-id" ? [...methods[method], "password"] : methods[method])
  const others = [...new Set<GlobalKey>(Object.values(methods).flat())].filter((key) => !used.has(key))
  return others.flatMap((key) => {
    if (!isSet(settings, key)) return []
    const reason = key.startsWith("trustee-")
      ? "has no effect without trust-id"
      : `is not used, because ${method} is set`
    return [{ key, reason }]
  })
}

/**
 * Picks the method of one `[Global]` section: trust-id, else password, token, application-credential-id,
 * application-credential-name, whichever comes first. Fails with what is missing, in words that continue `[Global] …`.
 */
export const chooseAuth = (settings: GlobalSettings): Either.Either<AuthChoice, Missing> =>
  Either.map(pick(settings), ([method, auth]) => ({ auth, unused: unusedBy(settings, method) }))
