import { Effect } from "effect"
import type { HttpRequest, ServiceName } from "./messages.ts"

/** One request that a service has answered; those that a fault kept from it are missing. */
export interface LoggedRequest {
  readonly service: ServiceName
  readonly method: string
  /** `(none)` for a path nobody serves, `(unauthorized)` where the token was no good. */
  readonly template: string
  readonly target: string
  readonly status: number
  /** As sent by the client. */
  readonly microversion: string | undefined
  readonly userAgent: string | undefined
  readonly requestId: string
}

/** What was asked over HTTP. */
export interface RequestLog {
  /** How often each `service METHOD template` was asked. */
  readonly counts: Effect.Effect<Readonly<Record<string, number>>>
  readonly total: Effect.Effect<number>
  /** The newest requests, oldest first. */
  readonly recent: Effect.Effect<ReadonlyArray<LoggedRequest>>
  readonly reset: Effect.Effect<void>
}

export interface RequestRecorder extends RequestLog {
  readonly record: (
    service: ServiceName,
    request: HttpRequest,
    answer: { readonly template: string; readonly status: number; readonly requestId: string }
  ) => void
}

/** `keep`: how many requests `recent` remembers; counts are kept for all. */
export const makeRequestLog = (keep: number): RequestRecorder => {
  const counts = new Map<string, number>()
  const recent: Array<LoggedRequest> = []
  return {
    record: (service, request, { template, status, requestId }) => {
      const key = `${service} ${request.method} ${template}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
      recent.push({
        service,
        method: request.method,
        template,
        target: request.target,
        status,
        microversion: request.headers["openstack-api-version"] ?? request.headers["x-openstack-nova-api-version"],
        userAgent: request.headers["user-agent"],
        requestId
      })
      if (recent.length > keep * 2) recent.splice(0, recent.length - keep)
    },
    counts: Effect.sync(() => Object.fromEntries(counts)),
    total: Effect.sync(() => [...counts.values()].reduce((sum, count) => sum + count, 0)),
    recent: Effect.sync(() => recent.slice(-keep)),
    reset: Effect.sync(() => {
      counts.clear()
      recent.length = 0
    })
  }
}
