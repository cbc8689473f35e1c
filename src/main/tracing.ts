import { Effect, Layer, type Scope } from "effect"
import { layerHttpClient } from "../adapters/openstack/httpClient.ts"
import type { Options } from "./options.ts"
import { tracesBelow } from "./otlp.ts"
import { version } from "./version.ts"

type Asked = Pick<Options, "nodeName" | "otlp" | "proxies">

/** Where spans go; the key of cloud.conf wins. Undefined: nowhere. */
const urlOf = ({ otlp }: Asked, endpoint: string | undefined): string | undefined =>
  otlp.disabled ? undefined : endpoint === undefined ? otlp.url : tracesBelow(endpoint)

/**
 * Has the effect tell of its spans, if somebody is to be told; the library for it is loaded only then. Otherwise there are
 * none, as `asService` has it: each would hold on to memory for as long as its call waits.
 */
export const traced =
  (options: Asked, endpoint: string | undefined) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Scope.Scope> =>
    Effect.gen(function* () {
      const url = urlOf(options, endpoint)
      if (url === undefined) return yield* effect
      const { makeTracing } = yield* Effect.promise(() => import("../adapters/telemetry/tracing.ts"))
      const { attributes, headers, protocol, serviceName } = options.otlp
      const node = options.nodeName === "" ? {} : { "k8s.node.name": options.nodeName }
      const tracing = {
        url,
        headers,
        protocol,
        serviceName,
        serviceVersion: version,
        attributes: { ...node, ...attributes }
      }
      const client = yield* Layer.build(layerHttpClient({}, { proxies: options.proxies }))
      const tracer = yield* Effect.provide(makeTracing(tracing), client)
      yield* Effect.logInfo(`spans are sent to ${url}`)
      return yield* effect.pipe(Effect.withTracerEnabled(true), Effect.withTracer(tracer))
    })
