import { randomUUID } from "node:crypto"
import { type Duration, Effect, type Scope } from "effect"
import type { WorldService } from "../World.ts"
import type { CatalogSettings, Endpoints } from "./catalog.ts"
import { type ResourceFilters, shippedFilters } from "./filters.ts"
import { type HttpFaults, makeHttpFaults } from "./httpFaults.ts"
import { type ListenFault, listen, type Outcome, type TlsSettings } from "./httpServer.ts"
import { defaultIdentity, type IdentitySettings } from "./identitySettings.ts"
import { makeKeystone } from "./keystone.ts"
import { type HttpRequest, type Reply, type ServiceName, serviceNames } from "./messages.ts"
import { makeMetadata } from "./metadataService.ts"
import { makeRequestLog, type RequestLog } from "./requestLog.ts"
import type { Routed } from "./service.ts"
import { makeCinder, makeNova } from "./services.ts"
import { makeTokenStore } from "./tokens.ts"

/** What the cloud is like from outside. */
export interface OpenStackHttpOptions {
  readonly world: WorldService
  /** Users, projects and the like. Default: see `defaultIdentity`. */
  readonly identity?: Partial<IdentitySettings>
  /** Default 127.0.0.1. */
  readonly host?: string
  /** The host in the URLs that it gives out, such as a name that a certificate is for. Default: `host`. */
  readonly publicHost?: string
  /** One port for everything, with `/identity`, `/volume` and `/compute` before the paths. Default 0: a free one. */
  readonly port?: number
  /** A port for each service instead, as in clouds without a proxy. 0: a free one. */
  readonly ports?: Readonly<Record<ServiceName, number>>
  readonly tls?: TlsSettings
  /** Default an hour. */
  readonly tokenLife?: Duration.DurationInput
  /** How long a service trusts what Keystone said of a token. Default 0: a revoked token is dead at once. */
  readonly tokenCache?: Duration.DurationInput
  readonly catalog?: Partial<CatalogSettings>
  /** The newest microversions spoken, such as `3.70` and `2.93` (the default, those of Zed). */
  readonly microversions?: { readonly volume?: string; readonly compute?: string }
  /** Rows of a page of Cinder at most; default 1000. */
  readonly pageCap?: number
  readonly resourceFilters?: ResourceFilters
  /** Which server the metadata service answers for; default the first of the World's settings. Id or name. */
  readonly metadataServer?: string
  /** How many requests the log remembers one by one; default 1000. */
  readonly remembered?: number
}

/** A cloud that speaks HTTP, and the strings behind it. */
export interface OpenStackHttp {
  /** Keystone, with `/v3`. */
  readonly authUrl: string
  readonly endpoints: Endpoints
  /** Below which `/openstack/latest/meta_data.json` is. */
  readonly metadataUrl: string
  readonly faults: HttpFaults
  readonly requests: RequestLog
  /** Every token given out so far is revoked. */
  readonly revokeTokens: Effect.Effect<void>
  /** Lets the metadata service answer for another server. Id or name. */
  readonly playServer: (idOrName: string) => Effect.Effect<void>
}

const zed = { volume: 70, compute: 93 }

const minorOf = (version: string | undefined, fallback: number): number => {
  const minor = Number(version?.split(".")[1])
  return Number.isInteger(minor) ? minor : fallback
}

type Answer = (request: HttpRequest, requestId: string) => Effect.Effect<Routed>

/** The prefix of each service where one port serves all; the metadata service has what is left. */
const prefixes: Readonly<Record<Exclude<ServiceName, "metadata">, string>> = {
  identity: "/identity",
  volume: "/volume",
  compute: "/compute"
}

const split = (request: HttpRequest): { readonly service: ServiceName; readonly request: HttpRequest } => {
  for (const service of serviceNames) {
    if (service === "metadata") continue
    const prefix = prefixes[service]
    if (request.path !== prefix && !request.path.startsWith(`${prefix}/`)) continue
    return {
      service,
      request: { ...request, path: request.path.slice(prefix.length), target: request.target.slice(prefix.length) }
    }
  }
  return { service: "metadata", request }
}

/**
 * The World as Keystone v3, Cinder v3, Nova v2.1 and the metadata service, over HTTP, until the scope closes. Times are those of
 * the Effect Clock it is made under.
 */
export const makeOpenStackHttp = (
  options: OpenStackHttpOptions
): Effect.Effect<OpenStackHttp, ListenFault, Scope.Scope> =>
  Effect.gen(function* () {
    const { world, tls } = options
    const host = options.host ?? "127.0.0.1"
    const faults = makeHttpFaults()
    const log = makeRequestLog(options.remembered ?? 1000)
    const answers = new Map<ServiceName, Answer>()

    const respond = (service: ServiceName, request: HttpRequest): Effect.Effect<Outcome> => {
      const requestId = `req-${randomUUID()}`
      const reply = Effect.suspend((): Effect.Effect<Reply> => {
        const answer = answers.get(service)
        if (answer === undefined) return Effect.dieMessage(`no ${service} yet`)
        return Effect.map(answer(request, requestId), ({ template, reply: { status, headers, body } }) => {
          log.record(service, request, { template, status, requestId })
          return { status, headers, body }
        })
      })
      return faults.around({ service, method: request.method, target: request.target }, reply)
    }

    const publicHost = options.publicHost ?? host
    const scheme = tls === undefined ? "http" : "https"
    const urls = yield* Effect.gen(function* () {
      const { ports } = options
      if (ports === undefined) {
        const port = yield* listen({ host, port: options.port ?? 0, tls }, (whole) => {
          const { service, request } = split(whole)
          return respond(service, request)
        })
        const base = `${scheme}://${publicHost}:${port}`
        return {
          identity: `${base}${prefixes.identity}`,
          volume: `${base}${prefixes.volume}`,
          compute: `${base}${prefixes.compute}`,
          metadata: base
        }
      }
      const url = (service: ServiceName) =>
        Effect.map(
          listen({ host, port: ports[service], tls }, (request) => respond(service, request)),
          (port) => `${scheme}://${publicHost}:${port}`
        )
      return {
        identity: yield* url("identity"),
        volume: yield* url("volume"),
        compute: yield* url("compute"),
        metadata: yield* url("metadata")
      }
    })

    const endpoints: Endpoints = {
      identity: `${urls.identity}/v3`,
      volume: `${urls.volume}/v3`,
      compute: `${urls.compute}/v2.1`
    }
    const tokens = makeTokenStore(options.tokenLife ?? "1 hour", options.tokenCache ?? 0)
    const identity: IdentitySettings = { ...defaultIdentity(world), ...options.identity }
    const catalog: CatalogSettings = {
      volumeType: "volumev3",
      projectInVolumeUrl: true,
      regions: [world.settings.region],
      interfaces: ["public", "internal", "admin"],
      others: [],
      ...options.catalog
    }
    const cinder = { pageCap: options.pageCap ?? 1000, filters: options.resourceFilters ?? shippedFilters }
    const volumeRange = {
      word: "volume",
      major: 3,
      minimum: 0,
      maximum: minorOf(options.microversions?.volume, zed.volume)
    } as const
    const computeRange = {
      word: "compute",
      major: 2,
      minimum: 1,
      maximum: minorOf(options.microversions?.compute, zed.compute)
    } as const
    let played = options.metadataServer ?? world.settings.servers[0]?.name

    answers.set("identity", makeKeystone({ identity, catalog, endpoints, tokens }))
    answers.set("volume", makeCinder({ endpoints, tokens, range: volumeRange }, cinder))
    answers.set("compute", makeNova({ endpoints, tokens, range: computeRange }))
    answers.set(
      "metadata",
      makeMetadata(world, () => played)
    )

    return {
      authUrl: endpoints.identity,
      endpoints,
      metadataUrl: urls.metadata,
      faults: { add: faults.add, clear: faults.clear, met: faults.met },
      requests: { counts: log.counts, total: log.total, recent: log.recent, reset: log.reset },
      revokeTokens: Effect.sync(() => tokens.revokeAll()),
      playServer: (idOrName) =>
        Effect.sync(() => {
          played = idOrName
        })
    }
  })
