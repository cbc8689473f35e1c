import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Logger, LogLevel, Redacted, TestClock, type Tracer } from "effect"
import { makeTracing } from "../../../src/adapters/telemetry/tracing.ts"
import { CloudFailure } from "../../../src/domain/errors.ts"

const options = {
  url: "http://collector:4318/v1/traces",
  protocol: "http/json",
  headers: Redacted.make({ authorization: "Bearer of-the-collector" }),
  serviceName: "cinder-csi-plugin",
  serviceVersion: "1.2.3",
  attributes: {}
} as const

/** A receiver that answers as it is told, or never; and what it got. */
const receiver = (answer: () => number | "nothing") => {
  const bodies: Array<string> = []
  const client = HttpClient.make((request) => {
    const { body } = request
    if (body._tag === "Uint8Array") bodies.push(new TextDecoder().decode(body.body))
    const status = answer()
    return status === "nothing"
      ? Effect.never
      : Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}", { status })))
  })
  return { bodies, client }
}

/** Runs the effect with spans that go to the client, and lets time pass until they have gone. */
const spanned = <A, E>(client: HttpClient.HttpClient, work: (tracer: Tracer.Tracer) => Effect.Effect<A, E>) => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    lines.push(`${logLevel.label} ${[message].flat().map(String).join(" ")}`)
  })
  return makeTracing(options).pipe(
    Effect.provideService(HttpClient.HttpClient, client),
    Effect.flatMap(work),
    Effect.scoped,
    Effect.as(lines),
    Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
    Logger.withMinimumLogLevel(LogLevel.Info)
  )
}

const secret = "of-nobody-has-looked-at-it"

describe("spans", () => {
  it.effect("tell a failure's sentence, and nothing of a defect, a header or a stack", () => {
    const { bodies, client } = receiver(() => 200)
    const failure = new CloudFailure({
      service: "Nova",
      operation: "attach",
      reason: "conflict",
      detail: "the server is locked",
      requestId: "req-1"
    })
    return Effect.gen(function* () {
      yield* spanned(client, (tracer) =>
        Effect.gen(function* () {
          yield* Effect.fail(failure).pipe(Effect.withSpan("fails"), Effect.ignore)
          yield* Effect.die(new Error(secret)).pipe(Effect.withSpan("dies"), Effect.sandbox, Effect.ignore)
          yield* Effect.logError("met a defect", Cause.die(new Error(secret))).pipe(
            Effect.withSpan("logs", { attributes: { "http.request.header.x-auth-token": secret } })
          )
          yield* Effect.annotateCurrentSpan("http.response.header.x-subject-token", secret).pipe(
            Effect.withSpan("asks")
          )
          yield* TestClock.adjust("5 seconds")
        }).pipe(Effect.withTracer(tracer))
      )
      const text = bodies.join("\n")
      for (const name of ["fails", "dies", "logs", "asks", failure.message, "its log has the cause"]) {
        assert.include(text, name)
      }
      assert.notInclude(text, secret)
      assert.notInclude(text, "tracing.test.ts")
    })
  })

  it.effect("that nobody takes are told in the log once, and once when they are taken again", () => {
    let status = 503
    const { client } = receiver(() => status)
    return Effect.gen(function* () {
      const lines = yield* spanned(client, (tracer) =>
        Effect.gen(function* () {
          for (let minute = 0; minute < 4; minute++) {
            yield* Effect.void.pipe(Effect.withSpan("one"), Effect.withTracer(tracer))
            yield* TestClock.adjust("90 seconds")
          }
          status = 200
          yield* Effect.void.pipe(Effect.withSpan("one"), Effect.withTracer(tracer))
          yield* TestClock.adjust("90 seconds")
        })
      )
      assert.deepStrictEqual(lines, [
        `WARN spans are lost: ${options.url} answers 503`,
        `INFO spans are taken again by ${options.url}`
      ])
    })
  })

  it.effect("wait for a receiver that hangs no longer than five seconds", () => {
    const { client } = receiver(() => "nothing")
    return Effect.gen(function* () {
      const lines = yield* spanned(client, (tracer) =>
        Effect.gen(function* () {
          yield* Effect.void.pipe(Effect.withSpan("one"), Effect.withTracer(tracer))
          yield* TestClock.adjust("11 seconds")
        })
      )
      assert.deepStrictEqual(lines, [`WARN spans are lost: ${options.url}: no answer in time`])
    })
  })

  it.effect("do not pile up behind a receiver that hangs", () => {
    let asked = 0
    const { client } = receiver(() => {
      asked += 1
      return "nothing"
    })
    return Effect.gen(function* () {
      const lines = yield* spanned(client, (tracer) =>
        Effect.gen(function* () {
          for (let burst = 0; burst < 20; burst++) {
            for (let span = 0; span < 1_000; span++) {
              yield* Effect.void.pipe(Effect.withSpan("one"), Effect.withTracer(tracer))
            }
            yield* Effect.yieldNow()
          }
        })
      )
      assert.strictEqual(asked, 4)
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /^WARN spans are lost: /)
    })
  })
})
