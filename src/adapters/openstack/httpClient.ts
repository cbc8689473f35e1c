import * as Http from "node:http"
import * as Https from "node:https"
import { Socket } from "node:net"
import * as Tls from "node:tls"
import type { HttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Effect, Layer, Redacted } from "effect"
import { boundConnect, type ConnectLimit } from "./connecting.ts"
import { keepEarlyAnswer } from "./earlyAnswers.ts"
import { authorityOf, noProxies, type Proxies, proxyFor, type Target, withoutBrackets } from "./proxies.ts"
import { atProxy, behindProxy, openTunnel, proxyHeaders, serverNameOf } from "./tunnel.ts"

/** Whom to trust and what to show. */
export interface TlsOptions {
  /** PEM bundle that takes the place of the well-known authorities. */
  readonly ca?: string | undefined
  /** PEM; certificate and key of the client come together. */
  readonly cert?: string | undefined
  readonly key?: Redacted.Redacted | undefined
  /** No verification of the server. */
  readonly insecure?: boolean | undefined
}

/** How a connection comes about. */
export interface ConnectionOptions {
  /**
   * Bounds connecting with the TLS handshake, and with a proxy's tunnel before it: where there was no connection, certainly
   * nothing was carried out.
   */
  readonly connectTimeoutMillis?: number | undefined
  readonly proxies?: Proxies | undefined
}

const defaultConnectTimeoutMillis = 10_000

/** Servers close idle connections after 5 s and more; a request on a connection just closed is lost. */
const idleTimeoutMillis = 4_000

/** Keystone, Cinder and Nova may share one origin; each service bounds its own requests. */
const mostSockets = 64

const pooling = { keepAlive: true, maxSockets: mostSockets, maxFreeSockets: 16, timeout: idleTimeoutMillis }

type Connect = Http.Agent["createConnection"]

const verification = (tls: TlsOptions): Tls.ConnectionOptions => ({
  ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  ...(tls.cert === undefined ? {} : { cert: tls.cert }),
  ...(tls.key === undefined ? {} : { key: Redacted.value(tls.key) }),
  rejectUnauthorized: tls.insecure !== true
})

/** What the connections of one cloud are made with. */
interface Network {
  readonly tls: () => TlsOptions
  readonly limitMillis: number
  readonly proxies: Proxies
}

const targetOf = (secure: boolean, { host, port }: Http.RequestOptions) => ({
  secure,
  host: withoutBrackets((host ?? "").toLowerCase()),
  port: Number(port ?? (secure ? 443 : 80))
})

const bound = (socket: unknown, limit: ConnectLimit) => {
  if (socket instanceof Socket && socket.connecting) boundConnect(socket, limit)
}

/** A request in plain text is sent to the proxy itself. */
const plainConnect =
  (connect: Connect, { tls, limitMillis, proxies }: Network): Connect =>
  (options, callback) => {
    const proxy = proxyFor(proxies, targetOf(false, options))
    const place = proxy === undefined ? options : { ...options, host: proxy.host, port: proxy.port }
    const socket =
      proxy?.secure === true
        ? Tls.connect({ ...verification(tls()), host: proxy.host, port: proxy.port, servername: serverNameOf(proxy) })
        : connect(place, callback)
    bound(socket, { limitMillis, explain: proxy === undefined ? undefined : atProxy(proxy) })
    return socket
  }

/** TLS is spoken with the target itself, through a tunnel if there is a proxy. */
const secureConnect =
  (connect: Connect, { tls, limitMillis, proxies }: Network, signal: AbortSignal): Connect =>
  (options, callback) => {
    const target = targetOf(true, options)
    const proxy = proxyFor(proxies, target)
    if (proxy === undefined) {
      const socket = connect(options, callback)
      bound(socket, { limitMillis })
      return socket
    }
    const startedAt = performance.now()
    openTunnel(proxy, target, { limitMillis, tls: verification(tls()), signal }, (tunnel) => {
      if (tunnel instanceof Error) return callback?.(tunnel, new Socket())
      const within = { ...options, socket: tunnel }
      const socket = connect(within)
      if (!(socket instanceof Socket)) return
      boundConnect(socket, { limitMillis, spentMillis: performance.now() - startedAt, explain: behindProxy(proxy) })
      callback?.(null, socket)
    })
    return undefined
  }

/** What a proxy needs to see of a request in plain text (RFC 9112, section 3.2.2). */
const addressToProxy = (request: Http.ClientRequest, target: Target, proxies: Proxies) => {
  const proxy = proxyFor(proxies, target)
  if (proxy === undefined) return
  request.path = `http://${authorityOf(target)}${request.path}`
  for (const [name, value] of Object.entries(proxyHeaders(proxy))) request.setHeader(name, value)
}

/** Lets `prepare` see each request and what its connection is made with, before a connection is chosen. */
const preparing = (
  agent: Http.Agent,
  prepare: (request: Http.ClientRequest, options: Http.RequestOptions) => Http.RequestOptions
) => {
  const add: unknown = Reflect.get(agent, "addRequest")
  if (typeof add !== "function") return
  Reflect.set(agent, "addRequest", (request: Http.ClientRequest, options: Http.RequestOptions) =>
    Reflect.apply(add, agent, [request, prepare(request, options)])
  )
}

const plainAgent = (network: Network) => {
  const agent = new Http.Agent(pooling)
  agent.createConnection = plainConnect(agent.createConnection.bind(agent), network)
  preparing(agent, (request, options) => {
    keepEarlyAnswer(request)
    addressToProxy(request, targetOf(false, options), network.proxies)
    return options
  })
  return agent
}

/** Connections are kept apart by what they are made with, so that none outlives a change of it but for its request. */
const secureAgent = (network: Network, signal: AbortSignal) => {
  const agent = new Https.Agent(pooling)
  agent.createConnection = secureConnect(agent.createConnection.bind(agent), network, signal)
  preparing(agent, (request, options) => {
    keepEarlyAnswer(request)
    return { ...options, ...verification(network.tls()) }
  })
  return agent
}

const opened = (network: Network) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const tunnels = new AbortController()
      return { tunnels, http: plainAgent(network), https: secureAgent(network, tunnels.signal) }
    }),
    ({ tunnels, http, https }) =>
      Effect.sync(() => {
        tunnels.abort()
        http.destroy()
        https.destroy()
      })
  )

/**
 * The HTTP client of one cloud. Redirects are not followed: they would turn a POST into a GET. `tls` as a function is asked
 * for each request, so that connections made after a change of certificates use the new ones.
 */
export const layerHttpClient = (
  tls: TlsOptions | (() => TlsOptions),
  { connectTimeoutMillis = defaultConnectTimeoutMillis, proxies = noProxies }: ConnectionOptions = {}
): Layer.Layer<HttpClient.HttpClient> => {
  const network = {
    tls: typeof tls === "function" ? tls : () => tls,
    limitMillis: connectTimeoutMillis,
    proxies
  }
  const agentLayer = Layer.scoped(
    NodeHttpClient.HttpAgent,
    Effect.map(opened(network), ({ http, https }) => ({
      [NodeHttpClient.HttpAgentTypeId]: NodeHttpClient.HttpAgentTypeId,
      http,
      https
    }))
  )
  return Layer.provide(NodeHttpClient.layerWithoutAgent, agentLayer)
}
