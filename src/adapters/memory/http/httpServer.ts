import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { Data, Effect, FiberSet, type Scope } from "effect"
import { type HttpRequest, jsonReply, type Reply } from "./messages.ts"

/** The address cannot be listened on. */
export class ListenFault extends Data.TaggedError("ListenFault")<{
  readonly host: string
  readonly port: number
  readonly cause: unknown
}> {}

/** PEM texts. With `ca` every client has to show a certificate signed by it. */
export interface TlsSettings {
  readonly key: string
  readonly cert: string
  readonly ca?: string
}

export interface ListenOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  readonly tls: TlsSettings | undefined
}

/** How a request ends: answered, answered by half, or with the connection closed. */
export type Outcome =
  | { readonly kind: "answer"; readonly reply: Reply }
  | { readonly kind: "half"; readonly reply: Reply }
  | { readonly kind: "drop" }

/** What Cinder and Nova take at most: `[oslo_middleware] max_request_body_size`. */
const bodyLimitBytes = 114_688

const idleMillis = 75_000

const brokenReply = jsonReply(500, {
  message: "The server has either erred or is incapable of performing the requested operation.<br /><br />\n\n\n",
  code: "500 Internal Server Error",
  title: "Internal Server Error"
})

const tooLargeReply = jsonReply(413, {
  message: "The body of your request was too large for this server.<br /><br />\nRequest is too large.\n\n",
  code: "413 Request Entity Too Large",
  title: "Request Entity Too Large"
})

const requestOf = (message: IncomingMessage, body: string): HttpRequest => {
  const target = message.url ?? "/"
  const queryStart = target.indexOf("?")
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(message.headers)) {
    headers[name] = Array.isArray(value) ? value.join(",") : value
  }
  return {
    method: message.method ?? "GET",
    path: queryStart < 0 ? target : target.slice(0, queryStart),
    query: queryStart < 0 ? [] : [...new URLSearchParams(target.slice(queryStart + 1))],
    target,
    headers,
    body
  }
}

const write = (response: ServerResponse, outcome: Outcome): void => {
  if (outcome.kind === "drop" || response.destroyed) {
    response.socket?.destroy()
    return
  }
  const { status, headers, body } = outcome.reply
  const bytes = Buffer.from(body ?? "")
  const bodiless = status === 204 || status === 304
  response.writeHead(status, bodiless ? headers : { ...headers, "Content-Length": `${bytes.length}` })
  if (outcome.kind === "answer") {
    response.end(bodiless ? undefined : bytes)
    return
  }
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.socket?.destroy())
}

/** Listens until the scope closes, which also closes connections that are open and ends requests in progress. */
export const listen = (
  options: ListenOptions,
  respond: (request: HttpRequest) => Effect.Effect<Outcome>
): Effect.Effect<number, ListenFault, Scope.Scope> =>
  Effect.gen(function* () {
    const run = yield* FiberSet.makeRuntime<never>()
    const answer = (request: Effect.Effect<Outcome>, response: ServerResponse) =>
      run(
        request.pipe(
          Effect.catchAllCause((cause) =>
            Effect.logError("a request of the memory OpenStack failed", cause).pipe(
              Effect.as<Outcome>({ kind: "answer", reply: brokenReply })
            )
          ),
          Effect.map((outcome) => write(response, outcome))
        )
      )

    const onRequest = (message: IncomingMessage, response: ServerResponse) => {
      const chunks: Array<Buffer> = []
      let size = 0
      message.on("data", (chunk: Buffer) => {
        size += chunk.length
        if (size <= bodyLimitBytes) chunks.push(chunk)
      })
      message.on("error", () => response.destroy())
      message.on("end", () =>
        answer(
          size > bodyLimitBytes
            ? Effect.succeed({ kind: "answer", reply: tooLargeReply })
            : Effect.suspend(() => respond(requestOf(message, Buffer.concat(chunks).toString("utf8")))),
          response
        )
      )
    }

    const { tls } = options
    const server: Server =
      tls === undefined
        ? createServer(onRequest)
        : createTlsServer(
            tls.ca === undefined ? tls : { ...tls, requestCert: true, rejectUnauthorized: true },
            onRequest
          )
    server.keepAliveTimeout = idleMillis

    yield* Effect.acquireRelease(
      Effect.async<void, ListenFault>((resume) => {
        const failed = (cause: unknown) =>
          resume(Effect.fail(new ListenFault({ host: options.host, port: options.port, cause })))
        server.once("error", failed)
        server.listen(options.port, options.host, () => {
          server.off("error", failed)
          resume(Effect.void)
        })
      }),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : options.port
  })
