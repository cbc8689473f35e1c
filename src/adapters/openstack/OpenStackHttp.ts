import { randomUUID } from "node:crypto"
import { HttpClient } from "@effect/platform"
import { Clock, Data, Effect, Either, Random, Redacted } from "effect"
import { CallDeadline } from "../../domain/CallDeadline.ts"
import { CloudFailure } from "../../domain/errors.ts"
import { makePermits } from "../../domain/permits.ts"
import { chooseEndpoint, type EndpointChoice } from "./endpoints.ts"
import { exchangeWith, toTheEnd } from "./exchange.ts"
import { classify, type Fault, notSent, requestIdOf } from "./failures.ts"
import { Keystone } from "./Keystone.ts"
import { defaultUserAgent, type RequestLabel, type RequestObserver } from "./observer.ts"
import { asRequestSpan } from "./requestSpan.ts"
import { obeyedPause, pauseBeforeRetry } from "./retries.ts"
import type { Session } from "./sessionPlan.ts"

/** Which endpoint of the catalogue is asked, and how. */
export interface ServiceOptions {
  readonly choice: EndpointChoice
  readonly userAgent?: string | undefined
  readonly observe?: RequestObserver | undefined
}

export interface ServiceRequest {
  readonly label: RequestLabel
  /** What is tried, to follow "could not" in a message: such as "create volume". */
  readonly operation: string
  readonly method: "GET" | "POST" | "DELETE"
  /** Below the service's endpoint; ids in it are encoded already. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Such as 3.42. Absent: the service's oldest. */
  readonly microversion?: string
  /** Of each try. */
  readonly timeoutMillis: number
  /** Takes up to minutes, hence waits in a queue apart from quick requests. */
  readonly slow?: boolean
}

export interface Answer {
  readonly body: string
  readonly status: number
  readonly requestId: string | undefined
}

/** A service's refusal or silence, before an adapter has said what it means for its request. */
export class RequestFailed extends Data.TaggedError("RequestFailed")<{
  readonly operation: string
  readonly fault: Fault
  /** An earlier try of the same request got no answer and may have been carried out. */
  readonly repeated: boolean
}> {}

/**
 * Sends requests to one service. Reads and deletions are repeated when that may help, anything else only if it certainly
 * was not carried out, and none past `CallDeadline`. A read ends with its caller; every other request, once sent, runs
 * to its answer or time limit.
 */
export type ServiceClient = (request: ServiceRequest) => Effect.Effect<Answer, CloudFailure | RequestFailed>

/** Requests under way in each queue of a service; more would wait for the service's workers anyway. */
const mostConcurrent = 16

/** Callers that waited out a service's pause do not all come back at the same instant. */
const wakeUpSpreadMillis = 500

const versionHeaders = (service: "Cinder" | "Nova", version: string | undefined): Record<string, string> => {
  if (version === undefined) return {}
  return service === "Cinder"
    ? { "openstack-api-version": `volume ${version}` }
    : { "openstack-api-version": `compute ${version}`, "x-openstack-nova-api-version": version }
}

const pathAndQuery = ({ path, query }: ServiceRequest) =>
  query === undefined ? path : `${path}?${new URLSearchParams(query)}`

/** Makes no request yet. */
export const makeService = (
  service: "Cinder" | "Nova",
  options: ServiceOptions
): Effect.Effect<ServiceClient, never, HttpClient.HttpClient | Keystone> =>
  Effect.gen(function* () {
    const exchange = exchangeWith(yield* HttpClient.HttpClient)
    const keystone = yield* Keystone
    const wireName: "cinder" | "nova" = service === "Cinder" ? "cinder" : "nova"
    const quick = yield* makePermits(mostConcurrent, wireName)
    const slow = yield* makePermits(mostConcurrent, `${wireName}_slow`)
    let silentUntil = 0
    let regionWarned = false

    const endpointOf = Effect.fnUntraced(function* (session: Session) {
      const endpoint = chooseEndpoint(session.catalog, service, options.choice, session.projectId)
      if (Either.isLeft(endpoint)) {
        return yield* new CloudFailure({
          service: "Keystone",
          operation: `name the endpoint of ${service}`,
          reason: "unauthenticated",
          detail: endpoint.left,
          requestId: undefined
        })
      }
      const { url, regions } = endpoint.right
      if (regions.length > 1 && !regionWarned) {
        regionWarned = true
        yield* Effect.logWarning(
          `${service} is in several regions (${regions.join(", ")}) and none is configured: using ${url}`
        )
      }
      return url
    })

    const send = Effect.fnUntraced(function* (
      request: ServiceRequest,
      url: string,
      session: Session,
      globalId: string,
      tries: number,
      timeoutMillis: number
    ) {
      const sent = { request: request.label, service: wireName, method: request.method, tries }
      const startedAt = yield* Clock.currentTimeMillis
      const outcome = yield* exchange({
        method: request.method,
        url,
        headers: {
          accept: "application/json",
          "user-agent": options.userAgent ?? defaultUserAgent,
          "x-auth-token": Redacted.value(session.token),
          "x-openstack-request-id": globalId,
          ...versionHeaders(service, request.microversion)
        },
        body: request.body,
        timeoutMillis
      }).pipe(asRequestSpan({ ...sent, globalId }))
      const succeeded = outcome._tag === "answered" && outcome.status >= 200 && outcome.status < 300
      const durationMillis = (yield* Clock.currentTimeMillis) - startedAt
      options.observe?.({
        ...sent,
        status: outcome._tag === "answered" ? outcome.status : undefined,
        durationMillis,
        failed: !succeeded
      })
      if (!succeeded) return Either.left(classify(outcome, [Redacted.value(session.token)]))
      const { status, body, headers } = outcome
      return Either.right<Answer>({ status, body, requestId: requestIdOf(headers) })
    })

    /** One try, as soon as the service wants it and a place is free. */
    const attempt = Effect.fnUntraced(function* (
      request: ServiceRequest,
      session: Session,
      globalId: string,
      tries: number
    ) {
      const deadline = yield* CallDeadline
      const url = `${yield* endpointOf(session)}${pathAndQuery(request)}`
      const once = Effect.gen(function* () {
        const remaining = deadline - (yield* Clock.currentTimeMillis)
        if (remaining <= 0) return Either.left(notSent("unreachable", "the caller's deadline passed before its turn"))
        return yield* request.method === "GET"
          ? send(request, url, session, globalId, tries, Math.min(request.timeoutMillis, remaining))
          : toTheEnd(send(request, url, session, globalId, tries, request.timeoutMillis))
      })
      return yield* (request.slow === true ? slow : quick)(once)
    })

    /** A service that asked for silence gets it from all its callers. */
    const awaitSilence = Effect.fnUntraced(function* (deadline: number) {
      const now = yield* Clock.currentTimeMillis
      if (silentUntil <= now) return true
      if (silentUntil >= deadline) return false
      yield* Effect.sleep(silentUntil - now + (yield* Random.next) * wakeUpSpreadMillis)
      return true
    })

    const login = Effect.fnUntraced(function* (deadline: number) {
      const now = yield* Clock.currentTimeMillis
      if (deadline === Number.POSITIVE_INFINITY) return yield* keystone.session
      return yield* Effect.timeoutFail(keystone.session, {
        duration: Math.max(0, deadline - now),
        onTimeout: () =>
          new CloudFailure({
            service: "Keystone",
            operation: "issue a token",
            reason: "unreachable",
            detail: "no answer before the caller's deadline",
            requestId: undefined
          })
      })
    })

    return Effect.fnUntraced(function* (request: ServiceRequest) {
      const deadline = yield* CallDeadline
      const globalId = `req-${randomUUID()}`
      let renewed = false
      let repeated = false
      for (let tries = 1; ; tries++) {
        if (!(yield* awaitSilence(deadline))) {
          const fault = notSent("throttled", "asked for a pause that outlasts the caller's deadline")
          return yield* new RequestFailed({ operation: request.operation, fault, repeated })
        }
        const session = yield* Effect.either(login(deadline))
        const result = Either.isLeft(session)
          ? Either.left(notSent(session.left.reason, session.left.detail))
          : yield* attempt(request, session.right, globalId, tries)
        if (Either.isRight(result)) return result.right
        const fault = result.left

        if (Either.isRight(session) && fault.reason === "unauthenticated" && !renewed) {
          renewed = true
          yield* keystone.discard(session.right)
          continue
        }
        const now = yield* Clock.currentTimeMillis
        if (fault.retryAfterMillis !== undefined && (fault.reason === "throttled" || fault.reason === "unreachable")) {
          silentUntil = Math.max(silentUntil, now + obeyedPause(fault.retryAfterMillis))
        }
        const pause = pauseBeforeRetry({
          method: request.method,
          fault,
          tries,
          remainingMillis: deadline - now,
          random: yield* Random.next
        })
        if (pause === undefined) {
          if (Either.isLeft(session)) return yield* session.left
          return yield* new RequestFailed({ operation: request.operation, fault, repeated })
        }
        repeated = repeated || fault.reason === "unanswered"
        yield* Effect.sleep(pause)
      }
    })
  })
