import { Clock, Effect, Either } from "effect"
import { type CatalogSettings, catalogOf, type Endpoints, idFrom } from "./catalog.ts"
import type { IdentitySettings, ProjectSettings } from "./identitySettings.ts"
import type { Json, JsonObject } from "./json.ts"
import { type KeystoneFault, login, notAuthenticated, notJson } from "./keystoneAuth.ts"
import {
  emptyReply,
  type HttpRequest,
  jsonReply,
  type Reply,
  segmentsOf,
  unroutedReply,
  withHeaders
} from "./messages.ts"
import type { Routed } from "./service.ts"
import { tokenTime } from "./times.ts"
import type { Token, TokenStore } from "./tokens.ts"

export interface KeystoneSettings {
  readonly identity: IdentitySettings
  readonly catalog: CatalogSettings
  readonly endpoints: Endpoints
  readonly tokens: TokenStore
}

const titles: Readonly<Record<KeystoneFault["status"], string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found"
}

/** Which Keystone a client should ask for a token. */
export const challenge = (endpoints: Endpoints): Readonly<Record<string, string>> => ({
  "WWW-Authenticate": `Keystone uri="${endpoints.identity}"`
})

const refusal = (endpoints: Endpoints, { status, message, identity }: KeystoneFault): Reply =>
  jsonReply(
    status,
    { error: { code: status, message, title: titles[status], identity } },
    status === 401 ? challenge(endpoints) : {}
  )

const versionDocument = (endpoints: Endpoints): JsonObject => ({
  id: "v3.14",
  status: "stable",
  updated: "2020-04-07T00:00:00Z",
  links: [{ rel: "self", href: `${endpoints.identity}/` }],
  "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }]
})

const projectView = ({ id, name, domain }: ProjectSettings): JsonObject => ({
  id,
  name,
  domain: { id: domain.id, name: domain.name }
})

const tokenView = (settings: KeystoneSettings, token: Token, withCatalog: boolean): JsonObject => {
  const { user, project, trust, applicationCredentialId } = token
  const credential = settings.identity.applicationCredentials.find(({ id }) => id === applicationCredentialId)
  return {
    methods: token.methods,
    user: {
      id: user.id,
      name: user.name,
      domain: { id: user.domain.id, name: user.domain.name },
      password_expires_at: null
    },
    audit_ids: token.auditIds,
    issued_at: tokenTime(token.issuedAt),
    expires_at: tokenTime(token.expiresAt),
    project: project === undefined ? undefined : projectView(project),
    is_domain: project === undefined ? undefined : false,
    roles: project === undefined ? undefined : token.roles.map((name) => ({ id: idFrom("role", name), name })),
    catalog:
      project === undefined || !withCatalog ? undefined : catalogOf(settings.endpoints, settings.catalog, project.id),
    application_credential:
      credential === undefined ? undefined : { id: credential.id, name: credential.name, restricted: true },
    "OS-TRUST:trust":
      trust === undefined
        ? undefined
        : {
            id: trust.id,
            impersonation: trust.impersonation,
            trustor_user: { id: trust.trustorUserId },
            trustee_user: { id: trust.trusteeUserId }
          }
  }
}

const projectRow = (settings: KeystoneSettings, { id, name, domain }: ProjectSettings): JsonObject => ({
  id,
  name,
  domain_id: domain.id,
  description: "",
  enabled: true,
  parent_id: domain.id,
  is_domain: false,
  tags: [],
  options: {},
  links: { self: `${settings.endpoints.identity}/projects/${id}` }
})

const parsed = (body: string): Either.Either<Json, KeystoneFault> =>
  Either.try({ try: (): Json => JSON.parse(body), catch: () => notJson })

const logIn = (settings: KeystoneSettings, request: HttpRequest, now: number): Either.Either<Reply, KeystoneFault> =>
  Either.gen(function* () {
    const body = yield* parsed(request.body)
    const { claims, limits } = yield* login(settings.identity, body, (id) => settings.tokens.find(id, now), now)
    const token = settings.tokens.issue(claims, now, limits)
    const withCatalog = !request.query.some(([name]) => name === "nocatalog")
    return jsonReply(201, { token: tokenView(settings, token, withCatalog) }, { "X-Subject-Token": token.id })
  })

const showToken = (
  settings: KeystoneSettings,
  request: HttpRequest,
  now: number
): Either.Either<Reply, KeystoneFault> => {
  const id = request.headers["x-subject-token"]
  const token = settings.tokens.find(id, now)
  if (token === undefined || id === undefined) {
    return Either.left({ status: 404, message: "Could not find token." })
  }
  if (request.method === "DELETE") {
    settings.tokens.revoke(id)
    return Either.right(emptyReply(204))
  }
  const withCatalog = !request.query.some(([name]) => name === "nocatalog")
  const body = { token: tokenView(settings, token, withCatalog) }
  return Either.right(jsonReply(200, body, { "X-Subject-Token": id }))
}

const answer = (
  settings: KeystoneSettings,
  request: HttpRequest,
  route: string,
  now: number
): Either.Either<Reply, KeystoneFault> => {
  const { endpoints } = settings
  switch (route) {
    case "GET /":
      return Either.right(
        jsonReply(300, { versions: { values: [versionDocument(endpoints)] } }, { Location: `${endpoints.identity}/` })
      )
    case "GET /v3":
      return Either.right(jsonReply(200, { version: versionDocument(endpoints) }))
    case "POST /v3/auth/tokens":
      return logIn(settings, request, now)
  }
  const caller = settings.tokens.find(request.headers["x-auth-token"], now)
  if (caller === undefined) return Either.left(notAuthenticated)
  switch (route) {
    case "GET /v3/auth/catalog":
      return Either.right(
        jsonReply(200, {
          catalog: caller.project === undefined ? [] : catalogOf(endpoints, settings.catalog, caller.project.id),
          links: { self: `${endpoints.identity}/auth/catalog` }
        })
      )
    case "GET /v3/auth/projects":
      return Either.right(
        jsonReply(200, {
          projects: settings.identity.projects
            .filter(({ id }) => caller.user.roles[id] !== undefined)
            .map((project) => projectRow(settings, project)),
          links: { next: null, self: `${endpoints.identity}/auth/projects`, previous: null }
        })
      )
    default:
      return showToken(settings, request, now)
  }
}

export const identityRoutes = [
  "GET /",
  "GET /v3",
  "POST /v3/auth/tokens",
  "GET /v3/auth/tokens",
  "HEAD /v3/auth/tokens",
  "DELETE /v3/auth/tokens",
  "GET /v3/auth/catalog",
  "GET /v3/auth/projects"
]

/** Keystone v3 as far as logging in goes. It takes a slash at the end of any path. */
export const makeKeystone =
  (settings: KeystoneSettings) =>
  (request: HttpRequest, requestId: string): Effect.Effect<Routed> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const path = `/${segmentsOf(request.path)
        .filter((segment) => segment !== "")
        .join("/")}`
      const route = `${request.method} ${path}`
      const known = identityRoutes.includes(route)
      const reply = known
        ? Either.getOrElse(answer(settings, request, route, now), (fault) => refusal(settings.endpoints, fault))
        : unroutedReply
      return {
        template: known ? path : "(none)",
        reply: withHeaders(reply, { Vary: "X-Auth-Token", "x-openstack-request-id": requestId })
      }
    })
