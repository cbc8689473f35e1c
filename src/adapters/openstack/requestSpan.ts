import { Clock, Effect, Exit } from "effect"
import { type Outcome, requestIdOf } from "./failures.ts"
import type { ObservedRequest } from "./observer.ts"

type Sent = Pick<ObservedRequest, "method" | "request" | "service" | "tries"> & {
  /** The id that we gave the request and all its repetitions, under which every service logs it. */
  readonly globalId: string | undefined
}

const endOf = (outcome: Outcome): Readonly<Record<string, unknown>> => {
  if (outcome._tag !== "answered") return { "error.type": outcome._tag }
  const requestId = requestIdOf(outcome.headers)
  return {
    "http.response.status_code": outcome.status,
    ...(requestId === undefined ? {} : { "openstack.request_id": requestId }),
    ...(outcome.status >= 400 ? { "error.type": String(outcome.status) } : {})
  }
}

/**
 * Makes one request to the cloud a span. What is sent and answered stays out of it, for there are secrets among it: so the
 * span does not end with the answer either.
 */
export const asRequestSpan =
  ({ globalId, method, request, service, tries }: Sent) =>
  (exchange: Effect.Effect<Outcome>): Effect.Effect<Outcome> => {
    const span = Effect.makeSpan(`${service} ${request}`, {
      kind: "client",
      captureStackTrace: false,
      attributes: {
        "openstack.service": service,
        "http.request.method": method,
        ...(tries > 1 ? { "http.request.resend_count": tries - 1 } : {}),
        ...(globalId === undefined ? {} : { "openstack.global_request_id": globalId })
      }
    })
    return Effect.acquireUseRelease(
      span,
      (begun) =>
        Effect.map(exchange, (outcome) => {
          for (const [key, value] of Object.entries(endOf(outcome))) begun.attribute(key, value)
          return outcome
        }),
      (begun, exit) => Effect.map(Clock.currentTimeNanos, (now) => begun.end(now, Exit.asVoid(exit)))
    )
  }
