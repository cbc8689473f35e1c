import * as Http from "node:http"
import * as Https from "node:https"
import { Socket } from "node:net"
import { TLSSocket } from "node:tls"
import type { HttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Effect, Layer, Redacted } from "effect"

export interface TlsOptions {
  /** PEM bundle that takes the place of the well-known authorities. */
  readonly ca?: string | undefined
  /** PEM; certificate and key of the client come together. */
  readonly cert?: string | undefined
  readonly key?: Redacted.Redacted | undefined
  /** No verification of the server. */
  readonly insecure?: boolean | undefined
}

export interface ConnectionOptions {
  /** Bounds connecting with the TLS handshake: where there was no connection, certainly nothing was carried out. */
  readonly connectTimeoutMillis?: number | undefined
}

const defaultConnectTimeoutMillis = 10_000

/** Servers close idle connections after 5 s and more; a request on a connection just closed is lost. */
const idleTimeoutMillis = 4_000

/** Keystone, Cinder and Nova may share one origin; each service bounds its own requests. */
const mostSockets = 64

const boundConnect = (socket: unknown, limitMillis: number) => {
  if (!(socket instanceof Socket) || !socket.connecting) return
  const late = Object.assign(new Error(`no connection within ${limitMillis / 1000} s`), {
    code: "ETIMEDOUT",
    syscall: "connect"
  })
  const timer = setTimeout(() => socket.destroy(late), limitMillis)
  const stop = () => clearTimeout(timer)
  socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", stop)
  socket.once("close", stop)
}

const pooling = { keepAlive: true, maxSockets: mostSockets, maxFreeSockets: 16, timeout: idleTimeoutMillis }

const boundAgent = (agent: Http.Agent, limitMillis: number) => {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback)
    boundConnect(socket, limitMillis)
    return socket
  }
}

/**
 * Keeps a response, or an error, that comes before anybody listens, and hands it to the first who does. The platform's
 * client listens in a fiber of its own; if sockets are looked at before that fiber's turn, Node would throw the response
 * away (the caller would wait for ever) and end the process over the error.
 */
const keeperOf = (event: "response" | "error") =>
  function (this: Http.ClientRequest, ...happened: ReadonlyArray<unknown>) {
    if (this.listenerCount(event) > 1) return
    const deliver = (name: string | symbol, listener: (...happened: ReadonlyArray<unknown>) => void) => {
      if (name !== event) return
      this.off("newListener", deliver)
      queueMicrotask(() => listener(...happened))
    }
    this.on("newListener", deliver)
  }

const keepResponse = keeperOf("response")
const keepError = keeperOf("error")

const keepEarlyOf = (agent: Http.Agent) => {
  const add: unknown = Reflect.get(agent, "addRequest")
  if (typeof add !== "function") return
  Reflect.set(agent, "addRequest", (request: Http.ClientRequest, ...rest: ReadonlyArray<unknown>) => {
    request.on("response", keepResponse).on("error", keepError)
    Reflect.apply(add, agent, [request, ...rest])
  })
}

const opened = <A extends Http.Agent>(make: () => A, limitMillis: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const agent = make()
      boundAgent(agent, limitMillis)
      keepEarlyOf(agent)
      return agent
    }),
    (agent) => Effect.sync(() => agent.destroy())
  )

/** The HTTP client of one cloud. Redirects are not followed: they would turn a POST into a GET. */
export const layerHttpClient = (
  tls: TlsOptions,
  { connectTimeoutMillis = defaultConnectTimeoutMillis }: ConnectionOptions = {}
): Layer.Layer<HttpClient.HttpClient> => {
  const verification = {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: Redacted.value(tls.key) }),
    rejectUnauthorized: tls.insecure !== true
  }
  const agents = Effect.all({
    http: opened(() => new Http.Agent(pooling), connectTimeoutMillis),
    https: opened(() => new Https.Agent({ ...pooling, ...verification }), connectTimeoutMillis)
  })
  const agentLayer = Layer.scoped(
    NodeHttpClient.HttpAgent,
    Effect.map(agents, (both) => ({ [NodeHttpClient.HttpAgentTypeId]: NodeHttpClient.HttpAgentTypeId, ...both }))
  )
  return Layer.provide(NodeHttpClient.layerWithoutAgent, agentLayer)
}
