import { Either } from "effect"
import type {
  ApplicationCredentialSettings,
  IdentitySettings,
  ProjectSettings,
  UserSettings
} from "./identitySettings.ts"
import { isObject, type Json, type JsonObject, objectAt, textAt } from "./json.ts"
import type { Token, TokenClaims, TokenLimits } from "./tokens.ts"

/** A refusal of Keystone: https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management */
export interface KeystoneFault {
  readonly status: 400 | 401 | 403 | 404
  readonly message: string
  readonly identity?: JsonObject
}

type Answer<A> = Either.Either<A, KeystoneFault>

export interface Login {
  readonly claims: TokenClaims
  readonly limits: TokenLimits
}

/** The same words for every cause: a stranger learns nothing. */
export const notAuthenticated: KeystoneFault = {
  status: 401,
  message: "The request you have made requires authentication."
}

const notAllowed: KeystoneFault = {
  status: 403,
  message: "You are not authorized to perform the requested action."
}

const expecting = (attribute: string, target: string): KeystoneFault => ({
  status: 400,
  message:
    `Expecting to find ${attribute} in ${target}. The server could not comply with the request since it is either ` +
    "malformed or otherwise incorrect. The client is assumed to be in error."
})

export const notJson = expecting("valid JSON", "request body")

const methodNames = ["external", "password", "token", "oauth1", "mapped", "application_credential"]

const required = <A>(value: A | undefined, fault: KeystoneFault): Answer<A> =>
  value === undefined ? Either.left(fault) : Either.right(value)

const domainMatches = (domain: JsonObject, of: { readonly id: string; readonly name: string }): boolean =>
  domain.id === undefined ? domain.name === of.name : domain.id === of.id

/** A user or project by id, or by name and domain. */
const named = <A extends { readonly id: string; readonly name: string; readonly domain: UserSettings["domain"] }>(
  what: string,
  wanted: JsonObject,
  all: ReadonlyArray<A>
): Answer<A | undefined> => {
  const id = textAt(wanted, "id")
  if (id !== undefined) return Either.right(all.find((one) => one.id === id))
  const name = textAt(wanted, "name")
  if (name === undefined) return Either.left(expecting("id or name", what))
  const domain = objectAt(wanted, "domain")
  if (domain === undefined) return Either.left(expecting("domain", what))
  return Either.right(all.find((one) => one.name === name && domainMatches(domain, one.domain)))
}

interface Person {
  readonly user: UserSettings
  readonly methods: ReadonlyArray<string>
  readonly credential?: ApplicationCredentialSettings
  readonly from?: Token
}

const byPassword = (identity: IdentitySettings, section: JsonObject): Answer<Person> =>
  Either.gen(function* () {
    const wanted = yield* required(objectAt(section, "user"), expecting("user", "password"))
    const user = yield* named("user", wanted, identity.users)
    if (user === undefined || textAt(wanted, "password") !== user.password) return yield* Either.left(notAuthenticated)
    return { user, methods: ["password"] }
  })

const byToken = (section: JsonObject, find: (id: string) => Token | undefined): Answer<Person> =>
  Either.gen(function* () {
    const id = yield* required(textAt(section, "id"), expecting("id", "token"))
    const from = yield* required(find(id), notAuthenticated)
    return { user: from.user, methods: [...new Set([...from.methods, "token"])], from }
  })

const byApplicationCredential = (identity: IdentitySettings, section: JsonObject, now: number): Answer<Person> =>
  Either.gen(function* () {
    const all = identity.applicationCredentials
    const id = textAt(section, "id")
    const name = textAt(section, "name")
    let credential: ApplicationCredentialSettings | undefined
    if (id !== undefined) credential = all.find((one) => one.id === id)
    else {
      const wanted = yield* required(objectAt(section, "user"), expecting("user", "application_credential"))
      const owner = yield* named("user", wanted, identity.users)
      if (owner === undefined) return yield* Either.left(notAuthenticated)
      credential = all.find((one) => one.name === name && one.userId === owner.id)
    }
    if (credential === undefined) {
      return yield* Either.left<KeystoneFault>({
        status: 404,
        message: `Could not find Application Credential: ${id ?? name ?? ""}.`
      })
    }
    const { userId, secret, expiresAt } = credential
    const user = identity.users.find((one) => one.id === userId)
    const expired = expiresAt !== undefined && expiresAt <= now
    if (user === undefined || textAt(section, "secret") !== secret || expired) {
      return yield* Either.left(notAuthenticated)
    }
    return { user, methods: ["application_credential"], credential }
  })

const rolesOn = (user: UserSettings, project: ProjectSettings | undefined) =>
  project === undefined ? undefined : user.roles[project.id]

const scoped = (identity: IdentitySettings, person: Person, scope: Json | undefined): Answer<TokenClaims> =>
  Either.gen(function* () {
    const { user, methods, credential, from } = person
    const claims = { methods, user, trust: undefined, applicationCredentialId: credential?.id }
    const unscoped: TokenClaims = { ...claims, project: undefined, roles: [] }
    const on = (project: ProjectSettings | undefined): Answer<TokenClaims> => {
      const roles = rolesOn(user, project)
      return project === undefined || roles === undefined
        ? Either.left(notAuthenticated)
        : Either.right({ ...claims, project, roles })
    }

    if (credential !== undefined) {
      if (scope !== undefined) {
        return yield* Either.left<KeystoneFault>({
          status: 401,
          message: "Error authenticating with application credential: Application credentials cannot request a scope.",
          identity: {}
        })
      }
      const project = identity.projects.find(({ id }) => id === credential.projectId)
      return yield* project === undefined
        ? Either.left(notAuthenticated)
        : Either.right<TokenClaims>({ ...claims, project, roles: credential.roles })
    }
    if (scope === "unscoped") return unscoped
    if (scope === undefined) {
      const fallback = identity.projects.find(({ id }) => id === user.defaultProjectId)
      return from === undefined && fallback !== undefined ? yield* on(fallback) : unscoped
    }
    const kinds = isObject(scope) ? Object.keys(scope) : []
    if (kinds.length !== 1) {
      return yield* Either.left(expecting("project, domain, system, OS-TRUST:trust or unscoped", "scope"))
    }
    const project = objectAt(scope, "project")
    if (project !== undefined) return yield* on(yield* named("project", project, identity.projects))

    const trustId = textAt(objectAt(scope, "OS-TRUST:trust"), "id")
    const trust = identity.trusts.find(({ id }) => id === trustId)
    if (trust === undefined) return yield* Either.left(notAuthenticated)
    if (trust.trusteeUserId !== user.id) return yield* Either.left(notAllowed)
    const trustor = identity.users.find(({ id }) => id === trust.trustorUserId)
    const delegated = identity.projects.find(({ id }) => id === trust.projectId)
    if (trustor === undefined || delegated === undefined) return yield* Either.left(notAllowed)
    return {
      ...claims,
      user: trust.impersonation ? trustor : user,
      project: delegated,
      roles: trust.roles,
      trust
    }
  })

/** Who logs in and for what, by the body of `POST /v3/auth/tokens`. */
export const login = (
  identity: IdentitySettings,
  body: Json,
  find: (id: string) => Token | undefined,
  now: number
): Answer<Login> =>
  Either.gen(function* () {
    const auth = yield* required(objectAt(body, "auth"), expecting("auth", "request body"))
    const proof = yield* required(objectAt(auth, "identity"), expecting("identity", "auth"))
    if (!Array.isArray(proof.methods) || proof.methods.length === 0) {
      return yield* Either.left(expecting("methods", "identity"))
    }
    const methods: ReadonlyArray<Json> = proof.methods
    const method = methods.find((one) => one === "password" || one === "token" || one === "application_credential")
    if (method === undefined || methods.length !== 1) {
      return yield* Either.left<KeystoneFault>({
        status: 401,
        message: "Attempted to authenticate with an unsupported method.",
        identity: { methods: methodNames }
      })
    }
    const section = yield* required(objectAt(proof, `${method}`), expecting(`${method}`, "identity"))
    const person = yield* method === "password"
      ? byPassword(identity, section)
      : method === "token"
        ? byToken(section, find)
        : byApplicationCredential(identity, section, now)
    const claims = yield* scoped(identity, person, auth.scope)
    const expiresAt = person.from?.expiresAt ?? person.credential?.expiresAt
    return {
      claims,
      limits: {
        ...(expiresAt === undefined ? {} : { expiresAt }),
        ...(person.from === undefined ? {} : { parentAuditIds: person.from.auditIds })
      }
    }
  })
