import * as Http from "node:http"
import * as Https from "node:https"
import { Socket } from "node:net"
import { TLSSocket } from "node:tls"
import type { HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
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

/** Also bounds the TLS handshake. A connection that never came about is certain proof that nothing was carried out. */
const connectTimeoutMillis = 10_000

/** Servers close idle connections after 5 s and more; a request on a connection just closed is lost. */
const idleTimeoutMillis = 4_000

/** Keystone, Cinder and Nova may share one origin; each service bounds its own requests. */
const mostSockets = 64

const boundConnect = (socket: unknown) => {
  if (!(socket instanceof Socket) || !socket.connecting) return
  const late = Object.assign(new Error(`no connection within ${connectTimeoutMillis / 1000} s`), {
    code: "ETIMEDOUT",
    syscall: "connect"
  })
  const timer = setTimeout(() => socket.destroy(late), connectTimeoutMillis)
  const stop = () => clearTimeout(timer)
  socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", stop)
  socket.once("close", stop)
}

class HttpAgent extends Http.Agent {
  override createConnection(...args: Parameters<Http.Agent["createConnection"]>) {
    const socket = super.createConnection(...args)
    boundConnect(socket)
    return socket
  }
}

class HttpsAgent extends Https.Agent {
  override createConnection(...args: Parameters<Https.Agent["createConnection"]>) {
    const socket = super.createConnection(...args)
    boundConnect(socket)
    return socket
  }
}

const pooling = { keepAlive: true, maxSockets: mostSockets, maxFreeSockets: 16, timeout: idleTimeoutMillis }

const acquire = <A extends Http.Agent>(agent: () => A) =>
  Effect.acquireRelease(Effect.sync(agent), (opened) => Effect.sync(() => opened.destroy()))

/** The HTTP client of one cloud. Redirects are not followed: they would turn a POST into a GET. */
export const layerHttpClient = (tls: TlsOptions): Layer.Layer<HttpClient.HttpClient> => {
  const agents = Effect.all({
    http: acquire(() => new HttpAgent(pooling)),
    https: acquire(
      () =>
        new HttpsAgent({
          ...pooling,
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          ...(tls.cert === undefined ? {} : { cert: tls.cert }),
          ...(tls.key === undefined ? {} : { key: Redacted.value(tls.key) }),
          rejectUnauthorized: tls.insecure !== true
        })
    )
  })
  const agentLayer = Layer.scoped(
    NodeHttpClient.HttpAgent,
    Effect.map(agents, (both) => ({ [NodeHttpClient.HttpAgentTypeId]: NodeHttpClient.HttpAgentTypeId, ...both }))
  )
  return Layer.provide(NodeHttpClient.layerWithoutAgent, agentLayer)
}
