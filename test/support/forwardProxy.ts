import * as Http from "node:http"
import * as Https from "node:https"
import { connect, type Socket } from "node:net"
import { Effect, type Scope } from "effect"
import type { Signed } from "./certificates.ts"

export interface ForwardProxyOptions {
  /** `user:password` that everybody has to show. */
  readonly credentials?: string
  /** Answers every wish for a connection with this status. */
  readonly refusal?: number
  /** Never answers. */
  readonly silent?: boolean
  /** Is itself spoken to over TLS. */
  readonly tls?: Signed
}

export interface ForwardProxy {
  readonly port: number
  /** Host and port of each tunnel that was asked for. */
  readonly tunnels: ReadonlyArray<string>
  /** Method and URL of each request in plain text. */
  readonly requests: ReadonlyArray<string>
}

/** An HTTP proxy on 127.0.0.1 that looks for every name there too; closed with the scope. */
export const forwardProxy = (options: ForwardProxyOptions = {}): Effect.Effect<ForwardProxy, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<ForwardProxy & { readonly close: () => void }>((resume) => {
      const tunnels: Array<string> = []
      const requests: Array<string> = []
      const sockets = new Set<Socket>()
      const expected =
        options.credentials === undefined ? undefined : `Basic ${Buffer.from(options.credentials).toString("base64")}`
      const isKnown = (request: Http.IncomingMessage) =>
        expected === undefined || request.headers["proxy-authorization"] === expected

      const server: Http.Server =
        options.tls === undefined ? Http.createServer() : Https.createServer({ ...options.tls })
      server.on("request", (request, response) => {
        requests.push(`${request.method} ${request.url}`)
        if (options.silent === true) return
        if (!isKnown(request)) {
          response.writeHead(407).end("who are you?")
          return
        }
        const { "proxy-authorization": _, ...headers } = request.headers
        const { port, pathname, search } = new URL(request.url ?? "")
        const onward = Http.request(
          { host: "127.0.0.1", port, method: request.method, path: `${pathname}${search}`, headers },
          (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers)
            answer.pipe(response)
          }
        )
        onward.on("error", () => response.writeHead(502).end())
        request.pipe(onward)
      })
      server.on("connect", (request: Http.IncomingMessage, client: Socket) => {
        tunnels.push(request.url ?? "")
        client.on("error", () => client.destroy())
        if (options.silent === true) return
        const status = isKnown(request) ? options.refusal : 407
        if (status !== undefined) {
          client.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\n\r\n`)
          return
        }
        const target = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
          client.write("HTTP/1.1 200 Connection established\r\n\r\n")
          target.pipe(client).pipe(target)
        })
        target.on("error", () => client.destroy())
        client.on("close", () => target.destroy())
      })
      server.on("connection", (socket: Socket) => {
        sockets.add(socket)
        socket.once("close", () => sockets.delete(socket))
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          server.close()
          for (const socket of sockets) socket.destroy()
        }
        resume(Effect.succeed({ port, tunnels, requests, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )
