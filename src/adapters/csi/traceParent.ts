import type { Metadata } from "@grpc/grpc-js"
import { Effect, Option, Tracer } from "effect"

/** Version, trace, parent and flags (https://www.w3.org/TR/trace-context/#traceparent-header). */
const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/

/** The caller's span, if it names one. */
export const callerSpan = (metadata: Metadata): Tracer.ExternalSpan | undefined => {
  const [, traceId, spanId, flags] = form.exec(String(metadata.get("traceparent")[0] ?? "")) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return Tracer.externalSpan({ traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 })
}

/** For the log: under which id whoever gets the spans finds the call; none where nobody does. */
export const traceIds: Effect.Effect<{ readonly trace_id?: string }> = Effect.map(
  Effect.option(Effect.currentSpan),
  Option.match({
    onNone: () => ({}),
    onSome: ({ traceId }) => (traceId === "noop" ? {} : { trace_id: traceId })
  })
)

/** Kubernetes asks every few seconds: nobody would find anything else among these. */
const neverTraced = new Set(["Probe"])

/** Makes the call a span, below the caller's. A caller that does not record its own span wants none of ours. */
export const asSpan =
  (method: string, metadata: Metadata) =>
  <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const parent = callerSpan(metadata)
    return neverTraced.has(method) || parent?.sampled === false
      ? Effect.withTracerEnabled(call, false)
      : Effect.withSpan(call, method, {
          kind: "server",
          captureStackTrace: false,
          root: parent === undefined,
          ...(parent && { parent })
        })
  }
