import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { TLSSocket } from "node:tls"
import { Effect, type Scope } from "effect"

/** A request as the server saw it. */
export interface Seen {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Http.IncomingHttpHeaders
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown
  /** Common name of the client's certificate, if it showed one that the server trusts. */
  readonly clientName: string | undefined
}

/** What to do with one request. */
export type Reply =
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      /** An object is sent as JSON, a text as it is. */
      readonly body?: unknown
      /** Real milliseconds before the answer. */
      readonly delayMillis?: number
    }
  /** Breaks the connection: without a byte, or within the body. */
  | { readonly cut: "before" | "within" }
  /** Never answers. */
  | { readonly hang: true }
  /** Answers 200 at once; what is written to the sink follows, until it ends. */
  | { readonly stream: (sink: Sink) => void }

/** The open body of an answer. */
export interface Sink {
  readonly write: (text: string) => void
  /** Ends the body as it should be, or breaks the connection. */
  readonly end: (how: "well" | "broken") => void
}

export type Script = (request: Seen) => Reply

export interface ScriptedServer {
  readonly url: string
  readonly port: number
  readonly seen: ReadonlyArray<Seen>
  /** How many connections were opened. */
  readonly connections: () => number
  /** How many requests of a kind came, such as `count("POST", "/v3/auth/tokens")`. */
  readonly count: (method: string, path: string) => number
  /** Ends when so many requests of the kind have come, without asking a clock. */
  readonly arrival: (method: string, path: string, count: number) => Effect.Effect<void>
}

const read = (request: Http.IncomingMessage, done: (text: string) => void) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => done(Buffer.concat(chunks).toString()))
}

const answer = (reply: Reply, socket: Socket, response: Http.ServerResponse) => {
  if ("hang" in reply) return
  if ("stream" in reply) {
    response.writeHead(200, { "content-type": "application/json" })
    response.flushHeaders()
    return reply.stream({
      write: (text) => void response.write(text),
      end: (how) => void (how === "well" ? response.end() : socket.destroy())
    })
  }
  if ("cut" in reply) {
    if (reply.cut === "before") return socket.destroy()
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
    return response.write('{"volume": {', () => socket.destroy())
  }
  const text = typeof reply.body === "string" || reply.body === undefined ? reply.body : JSON.stringify(reply.body)
  const type = typeof reply.body === "object" ? { "content-type": "application/json" } : {}
  const finish = () => {
    response.writeHead(reply.status, { ...type, ...reply.headers })
    response.end(text)
  }
  return reply.delayMillis === undefined ? finish() : setTimeout(finish, reply.delayMillis)
}

/** PEM texts: the server shows `cert` and asks for client certificates that `ca` signed. */
export interface ServerTls {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

const serverFor = (tls: ServerTls | undefined, listener: Http.RequestListener) =>
  tls === undefined
    ? Http.createServer(listener)
    : Https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, listener)

const clientNameOf = (socket: Socket): string | undefined => {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  return [socket.getPeerCertificate().subject.CN].flat()[0]
}

/** An HTTP server on 127.0.0.1 that does what a script says, over TLS if told so; closed with the scope. */
export const scriptedServer = (script: Script, tls?: ServerTls): Effect.Effect<ScriptedServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<ScriptedServer & { readonly close: Effect.Effect<void> }>((resume) => {
      const seen: Array<Seen> = []
      let waiting: Array<() => void> = []
      const server = serverFor(tls, (request, response) => {
        read(request, (text) => {
          const url = new URL(request.url ?? "/", "http://127.0.0.1")
          const body: unknown = text === "" ? undefined : JSON.parse(text)
          const one: Seen = {
            method: request.method ?? "",
            path: url.pathname,
            query: url.searchParams,
            headers: request.headers,
            body,
            clientName: clientNameOf(request.socket)
          }
          seen.push(one)
          answer(script(one), request.socket, response)
          const ready = waiting
          waiting = []
          for (const look of ready) look()
        })
      })
      let connections = 0
      server.on("connection", () => (connections += 1))
      const count = (method: string, path: string) =>
        seen.filter((one) => one.method === method && one.path === path).length
      const arrival = (method: string, path: string, wanted: number) =>
        Effect.async<void>((done) => {
          const look = () => {
            if (count(method, path) >= wanted) done(Effect.void)
            else waiting.push(look)
          }
          look()
        })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = Effect.async<void>((done) => {
          server.close(() => done(Effect.void))
          server.closeAllConnections()
        })
        resume(
          Effect.succeed({
            url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
            port,
            seen,
            connections: () => connections,
            count,
            arrival,
            close
          })
        )
      })
    }),
    ({ close }) => close
  )

/** Answers one after the other; the last one stays. */
export const inTurn = (...replies: ReadonlyArray<Reply>): (() => Reply) => {
  let next = 0
  return () => replies[Math.min(next++, replies.length - 1)] ?? { status: 500 }
}
