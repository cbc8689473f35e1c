import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import { HttpClient, HttpClientError } from "@effect/platform"
import { ConfigProvider, Effect, Redacted, type Scope, type Tracer } from "effect"
import { withoutSecrets } from "./spans.ts"

export type OtlpProtocol = "http/protobuf" | "http/json"

/** Where spans go, and as what. */
export interface TracingOptions {
  /** Of the receiver for traces, with its path. */
  readonly url: string
  readonly protocol: OtlpProtocol
  /** They may hold a token. */
  readonly headers: Redacted.Redacted<Readonly<Record<string, string>>>
  readonly serviceName: string
  readonly serviceVersion: string
  /** More about the process, such as the node that it runs on. */
  readonly attributes: Readonly<Record<string, string>>
}

const exportTimeout = "5 seconds"
/** More at a time are dropped: a receiver that hangs must not fill the memory with spans. */
const mostExports = 4

/** Bounds what a receiver can cost, and says in the log when it does not take spans, and when it does again. */
const boundedClient = (client: HttpClient.HttpClient, url: string) =>
  Effect.map(Effect.makeSemaphore(mostExports), (places) => {
    let failing = false
    const told = (failed: boolean, log: Effect.Effect<void>) =>
      Effect.suspend(() => {
        if (failing === failed) return Effect.void
        failing = failed
        return log
      })
    return HttpClient.transform(client, (response, request) => {
      const failure = (reason: "Encode" | "Transport", description: string) =>
        new HttpClientError.RequestError({ request, reason, description })
      return places
        .withPermitsIfAvailable(1)(response)
        .pipe(
          Effect.flatMap((taken) =>
            taken._tag === "Some"
              ? Effect.succeed(taken.value)
              : failure("Encode", `${mostExports} exports are under way`)
          ),
          Effect.timeoutFail({ duration: exportTimeout, onTimeout: () => failure("Transport", "no answer in time") }),
          Effect.tap(({ status }) =>
            status < 400
              ? told(false, Effect.logInfo(`spans are taken again by ${url}`))
              : told(true, Effect.logWarning(`spans are lost: ${url} answers ${status}`))
          ),
          Effect.tapError(({ description, message }) =>
            told(true, Effect.logWarning(`spans are lost: ${url}: ${description ?? message}`))
          )
        )
    })
  })

/** Sends what it is shown to a receiver of OTLP (https://opentelemetry.io/docs/specs/otlp/#otlphttp) until the Scope closes. */
export const makeTracing = (
  options: TracingOptions
): Effect.Effect<Tracer.Tracer, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* boundedClient(yield* HttpClient.HttpClient, options.url)
    const tracer = yield* OtlpTracer.make({
      url: options.url,
      headers: Redacted.value(options.headers),
      resource: {
        serviceName: options.serviceName,
        serviceVersion: options.serviceVersion,
        attributes: options.attributes
      }
    }).pipe(
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.provide(options.protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf),
      // It would read variables itself, and end the program where one is wrong.
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map()))
    )
    return withoutSecrets(tracer)
  })
