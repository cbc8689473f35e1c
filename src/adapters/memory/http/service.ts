import { Clock, Effect, Either } from "effect"
import type { WorldService } from "../World.ts"
import {
  badMediaType,
  badRequest,
  faultReply,
  forbidden,
  methodNotThere,
  type Refusal,
  unexpected
} from "./apiFaults.ts"
import type { Endpoints } from "./catalog.ts"
import type { ProjectSettings } from "./identitySettings.ts"
import type { Json, JsonObject } from "./json.ts"
import { challenge } from "./keystone.ts"
import {
  type Headers,
  type HttpRequest,
  jsonReply,
  type Reply,
  segmentsOf,
  unroutedReply,
  withHeaders
} from "./messages.ts"
import { negotiate, type VersionRange } from "./microversions.ts"
import type { Token, TokenStore } from "./tokens.ts"

/** A request on its way to the World: who asks, in which microversion, and for what. */
export interface Call {
  readonly params: Readonly<Record<string, string>>
  readonly query: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Json | undefined
  /** The N of the microversion 3.N or 2.N. */
  readonly minor: number
  readonly isAdmin: boolean
  readonly project: ProjectSettings
  readonly world: WorldService
  readonly endpoints: Endpoints
  /** Path without the version and the project, for links. */
  readonly path: string
  readonly requestId: string
}

export type Handler = (call: Call) => Effect.Effect<Reply, Refusal>

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  /** Below the version and the project; `{name}` is one segment. */
  readonly template: string
  /** The N of the first microversion that has it. */
  readonly since?: number
  readonly handle: Handler
}

/** An answer, and the template under which it is counted. */
export interface Routed {
  readonly template: string
  readonly reply: Reply
}

interface Compiled {
  readonly route: Route
  readonly segments: ReadonlyArray<string>
}

const compile = (routes: ReadonlyArray<Route>): Map<string, ReadonlyArray<Compiled>> => {
  const table = new Map<string, ReadonlyArray<Compiled>>()
  const literals = ({ segments }: Compiled) => segments.filter((segment) => !segment.startsWith("{")).length
  for (const route of routes) {
    const segments = route.template.split("/").slice(1)
    const key = `${route.method} ${segments.length}`
    const same = [...(table.get(key) ?? []), { route, segments }]
    table.set(
      key,
      same.sort((a, b) => literals(b) - literals(a))
    )
  }
  return table
}

const paramsOf = (
  pattern: ReadonlyArray<string>,
  segments: ReadonlyArray<string>
): Readonly<Record<string, string>> | undefined => {
  const params: Record<string, string> = {}
  for (const [position, expected] of pattern.entries()) {
    const segment = segments[position] ?? ""
    if (!expected.startsWith("{")) {
      if (segment !== expected) return undefined
    } else if (segment === "") return undefined
    else params[expected.slice(1, -1)] = segment
  }
  return params
}

export interface ServiceSettings {
  readonly name: "volume" | "compute"
  /** First segment of every path. */
  readonly root: "v3" | "v2.1"
  readonly range: VersionRange
  readonly routes: ReadonlyArray<Route>
  readonly endpoints: Endpoints
  readonly tokens: TokenStore
  /** Answers to paths that need no token. */
  readonly open: (path: string, idHeaders: Headers) => Reply | undefined
  /** The answer to the root itself, which needs a token. */
  readonly rootDocument: Reply | undefined
  /** What an unscoped token gets. */
  readonly unscoped: (template: string) => Reply
}

const looksLikeProject = (segment: string | undefined): boolean =>
  segment !== undefined && /^[0-9a-f-]{32,36}$/i.test(segment)

const mediaTypes = [
  "application/json",
  "application/vnd.openstack.volume+json",
  "application/vnd.openstack.compute+json"
]

/** Without a content type a body is not looked at, as with the real services. */
const bodyOf = (request: HttpRequest): Either.Either<Json | undefined, Refusal> => {
  const contentType = request.headers["content-type"]
  if (request.body === "" || contentType === undefined) return Either.right(undefined)
  if (!mediaTypes.includes(contentType.split(";")[0]?.trim().toLowerCase() ?? "")) {
    return Either.left(badMediaType("Unsupported Content-Type"))
  }
  return Either.try({ try: (): Json => JSON.parse(request.body), catch: () => badRequest("Malformed request body") })
}

const unauthorized = (endpoints: Endpoints): Reply =>
  jsonReply(
    401,
    {
      error: {
        code: 401,
        title: "Unauthorized",
        message: "The request you have made requires authentication."
      }
    } satisfies JsonObject,
    challenge(endpoints)
  )

/** Cinder and Nova have this in common: token, route, microversion, project, body, handler, in this order. */
export const makeService = (settings: ServiceSettings) => {
  const table = compile(settings.routes)
  const { range, root, endpoints, tokens } = settings

  const find = (method: string, segments: ReadonlyArray<string>) => {
    for (const { route, segments: pattern } of table.get(`${method} ${segments.length}`) ?? []) {
      const params = paramsOf(pattern, segments)
      if (params !== undefined) return { route, params }
    }
    return undefined
  }

  const idHeaders = (requestId: string): Headers => ({
    "X-Compute-Request-Id": requestId,
    "X-Openstack-Request-Id": requestId
  })

  const handled = (
    request: HttpRequest,
    requestId: string,
    token: Token,
    found: NonNullable<ReturnType<typeof find>>,
    place: { readonly projectId: string | undefined; readonly path: string }
  ): Effect.Effect<Reply> => {
    const { route, params } = found
    const negotiated = negotiate(range, request)
    if (Either.isLeft(negotiated)) {
      return Effect.succeed(withHeaders(faultReply(negotiated.left.fault), negotiated.left.headers))
    }
    const { minor, headers } = negotiated.right
    const { project } = token
    const refuse = (refusal: Refusal) => Effect.succeed(withHeaders(faultReply(refusal), headers))
    if (settings.name === "volume" && (project === undefined || (place.projectId ?? project.id) !== project.id)) {
      return refuse(badRequest("Malformed request url"))
    }
    if (project === undefined) return Effect.succeed(withHeaders(settings.unscoped(route.template), headers))
    if ((route.since ?? 0) > minor) return refuse(methodNotThere)
    const body = bodyOf(request)
    if (Either.isLeft(body)) return refuse(body.left)
    if (body.right === undefined && (route.method === "POST" || route.method === "PUT")) return refuse(unexpected)
    return route
      .handle({
        params,
        query: request.query,
        body: body.right,
        minor,
        isAdmin: token.roles.includes("admin"),
        project,
        world: project.world,
        endpoints,
        path: place.path,
        requestId
      })
      .pipe(
        Effect.catchAll((refusal) => Effect.succeed(faultReply(refusal))),
        Effect.map((reply) => withHeaders(reply, headers))
      )
  }

  return (request: HttpRequest, requestId: string): Effect.Effect<Routed> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const answer = (template: string, reply: Reply): Routed => ({
        template,
        reply: withHeaders(reply, idHeaders(requestId))
      })
      const open = request.method === "GET" ? settings.open(request.path, idHeaders(requestId)) : undefined
      if (open !== undefined) return Effect.succeed({ template: request.path, reply: open })
      const segments = segmentsOf(request.path)
      if (segments[0] !== root) return Effect.succeed(answer("(none)", unroutedReply))
      const token = tokens.findAt(settings.name, request.headers["x-auth-token"], now)
      if (token === undefined) return Effect.succeed(answer("(unauthorized)", unauthorized(endpoints)))
      const below = segments.slice(1)
      if (settings.rootDocument !== undefined && request.method === "GET" && below.every((part) => part === "")) {
        return Effect.succeed(answer(`/${root}/`, settings.rootDocument))
      }
      const withProject = looksLikeProject(below[0])
      const rest = withProject ? below.slice(1) : below
      const found = find(request.method, rest)
      if (found === undefined) return Effect.succeed(answer("(none)", unroutedReply))
      const place = { projectId: withProject ? below[0] : undefined, path: `/${rest.join("/")}` }
      return Effect.map(handled(request, requestId, token, found, place), (reply) =>
        answer(found.route.template, reply)
      )
    })
}

/** For methods that only administrators have and that the World does not know. */
export const adminsOnly =
  (rule: string): Handler =>
  ({ isAdmin }) =>
    isAdmin
      ? Effect.fail(forbidden("The memory OpenStack does not offer this."))
      : Effect.fail(forbidden(`Policy doesn't allow ${rule} to be performed.`))
