import { status } from "@grpc/grpc-js"
import { Duration, Effect, Either, LogLevel } from "effect"
import { Telemetry } from "../../ports/Telemetry.ts"
import { idsOf } from "./requestIds.ts"
import type { RpcStatus } from "./status.ts"
import { traceIds } from "./traceParent.ts"

const levelOf = (code: status, changes: boolean): LogLevel.LogLevel => {
  switch (code) {
    case status.OK:
      return changes ? LogLevel.Info : LogLevel.Debug
    case status.ABORTED:
      return LogLevel.Info
    case status.INTERNAL:
      return LogLevel.Error
    default:
      return LogLevel.Warning
  }
}

/** https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ */
const spanOf = (method: string, ids: Readonly<Record<string, string>>) => ({
  "rpc.system": "grpc",
  "rpc.method": method,
  ...Object.fromEntries(Object.entries(ids).map(([name, id]) => [`csi.${name}`, id]))
})

/**
 * One line for a call that failed or changed something, and word of every call to who watches; what is logged on the way
 * carries the same ids, and so does the call's span.
 */
export const logged =
  (method: string, changes: boolean, request: object) =>
  <Out>(answer: Effect.Effect<Out, RpcStatus>): Effect.Effect<Out, RpcStatus> => {
    const ids = idsOf(request)
    return Effect.gen(function* () {
      const [took, result] = yield* Effect.timed(Effect.either(answer))
      const code = Either.isLeft(result) ? result.left.code : status.OK
      const text = Either.isLeft(result) ? `${status[code]}: ${result.left.details}` : status[code]
      const { answered } = yield* Telemetry
      const subject = Object.values(ids).join(" ")
      yield* Effect.annotateCurrentSpan({ ...spanOf(method, ids), "rpc.grpc.status_code": code })
      answered({ method, subject, changes, code: status[code], seconds: Duration.toSeconds(took) })
      yield* Effect.annotateLogs(Effect.logWithLevel(levelOf(code, changes), text), {
        milliseconds: Math.round(Duration.toMillis(took)),
        ...(yield* traceIds)
      })
      return yield* result
    }).pipe(Effect.annotateLogs({ method, ...ids }))
  }
