import * as Http from "node:http"
import * as Https from "node:https"
import { isIP, type Socket } from "node:net"
import type { ConnectionOptions } from "node:tls"
import { Redacted } from "effect"
import { noConnectionWithin } from "./connecting.ts"
import { proxyCredentialsCode } from "./failures.ts"
import { authorityOf, type HttpProxy } from "./proxies.ts"

export interface TunnelOptions {
  readonly limitMillis: number
  /** How to verify a proxy that is itself spoken to over TLS. */
  readonly tls: ConnectionOptions
  /** Ends what is under way. */
  readonly signal: AbortSignal
}

/** What an operator needs besides Node's own words, which name an address at best. */
export const atProxy = (proxy: HttpProxy) => (message: string) =>
  `the proxy ${authorityOf(proxy)} of ${proxy.variable}: ${message}`

/** A connection through a proxy ends at the cloud, so what breaks it may be either's fault. */
export const behindProxy = (proxy: HttpProxy) => (message: string) =>
  `${message} (behind the proxy ${authorityOf(proxy)} of ${proxy.variable})`

/** TLS has no server names that are addresses. */
export const serverNameOf = ({ host }: HttpProxy) => (isIP(host) === 0 ? host : "")

export const proxyHeaders = ({ authorization }: HttpProxy): Readonly<Record<string, string>> =>
  authorization === undefined ? {} : { "proxy-authorization": Redacted.value(authorization) }

const failure = (proxy: HttpProxy, message: string, code: string | undefined) =>
  Object.assign(new Error(atProxy(proxy)(message)), { code, syscall: "connect" })

const refusal = (proxy: HttpProxy, { statusCode = 0, statusMessage = "" }: Http.IncomingMessage) =>
  statusCode === 407
    ? failure(proxy, `refuses the user and password in ${proxy.variable} (HTTP status 407)`, proxyCredentialsCode)
    : failure(proxy, `refuses to connect (HTTP status ${statusCode} ${statusMessage})`, "ERR_PROXY_REFUSED")

/**
 * Asks a proxy for a connection to the target (RFC 9110, section 9.3.6). Until it is there nothing was sent to the target,
 * so every error is one of connecting.
 */
export const openTunnel = (
  proxy: HttpProxy,
  target: { readonly host: string; readonly port: number },
  { limitMillis, tls, signal }: TunnelOptions,
  done: (outcome: Error | Socket) => void
) => {
  const authority = authorityOf(target)
  const request = (proxy.secure ? Https : Http).request({
    ...(proxy.secure ? tls : {}),
    host: proxy.host,
    port: proxy.port,
    method: "CONNECT",
    path: authority,
    headers: { host: authority, ...proxyHeaders(proxy) },
    agent: false,
    signal
  })
  const timer = setTimeout(() => request.destroy(noConnectionWithin(limitMillis)), limitMillis)
  request.once("connect", (response, socket, head) => {
    clearTimeout(timer)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) {
      socket.unshift(head)
      return done(socket)
    }
    socket.destroy()
    done(refusal(proxy, response))
  })
  request.once("error", (error: NodeJS.ErrnoException) => {
    clearTimeout(timer)
    done(failure(proxy, error.message, error.code))
  })
  request.end()
}
