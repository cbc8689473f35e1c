import { HttpClient, type HttpClientError, HttpClientRequest, HttpIncomingMessage } from "@effect/platform"
import { Effect, Fiber, Option } from "effect"
import type { Outcome } from "./failures.ts"

/** A request as plain data. */
export interface Exchange {
  readonly method: "GET" | "POST" | "DELETE"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Sent as JSON; undefined sends no body. */
  readonly body: unknown
  readonly timeoutMillis: number
}

/** A thousand volumes with much metadata are about 5 MB. */
const longestAnswer = 32 * 1024 * 1024

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

const textProperty = (value: unknown, name: string): string | undefined => {
  const found = property(value, name)
  return typeof found === "string" ? found : undefined
}

/** Only code and text of Node's error are kept: the platform's error holds the request with its token. */
const fromError = (error: HttpClientError.HttpClientError): Outcome => {
  const text = textProperty(error.cause, "message") ?? error.reason
  if (text === "maxBytes exceeded") return { _tag: "tooLong", limitBytes: longestAnswer }
  // A name with several addresses fails with all their errors in one (Node's AggregateError).
  const attempts = property(error.cause, "errors")
  const cause = textProperty(error.cause, "code") === undefined && Array.isArray(attempts) ? attempts[0] : error.cause
  return {
    _tag: "broken",
    code: error.reason === "InvalidUrl" ? "ENOTFOUND" : textProperty(cause, "code"),
    syscall: textProperty(cause, "syscall"),
    text: error.reason === "InvalidUrl" ? "not a URL" : textProperty(cause, "message") || text
  }
}

/**
 * One request and its whole answer. Never fails: every way to go wrong is an `Outcome`. The time limit aborts the
 * request itself. Spans of the platform's client are off, since they would carry the token header.
 */
export const exchangeWith = (client: HttpClient.HttpClient) => {
  const quiet = HttpClient.withTracerDisabledWhen(client, () => true)
  return (exchange: Exchange): Effect.Effect<Outcome> => {
    const bare = HttpClientRequest.make(exchange.method)(exchange.url, { headers: exchange.headers })
    const request = exchange.body === undefined ? bare : HttpClientRequest.bodyUnsafeJson(bare, exchange.body)
    return quiet.execute(request).pipe(
      Effect.flatMap((response) =>
        Effect.map(
          response.text,
          (body): Outcome => ({ _tag: "answered", status: response.status, headers: response.headers, body })
        )
      ),
      HttpIncomingMessage.withMaxBodySize(Option.some(longestAnswer)),
      Effect.catchAll((error) => Effect.succeed(fromError(error))),
      Effect.timeoutTo({
        duration: exchange.timeoutMillis,
        onSuccess: (outcome): Outcome => outcome,
        onTimeout: (): Outcome => ({ _tag: "timedOut", afterMillis: exchange.timeoutMillis })
      })
    )
  }
}

/**
 * Runs to its own end although the caller is interrupted. A fiber passes its interruption on to all its children,
 * uninterruptible or not, and the race behind a time limit is made of children: hence a fiber that is nobody's child.
 */
export const toTheEnd = <A, E, R>(limited: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptible(Effect.flatMap(Effect.forkDaemon(Effect.interruptible(limited)), Fiber.join))
