import { HttpClient } from "@effect/platform"
import { Clock, Context, Deferred, Effect, Either, FiberId, Layer, Random, Redacted } from "effect"
import type { CloudFailure } from "../../domain/errors.ts"
import { isRenewable, type OpenStackAuth, secretsOf, tokenRequestBody } from "./Auth.ts"
import { identityRoot } from "./endpoints.ts"
import { exchangeWith } from "./exchange.ts"
import { type LoginFault, readLogin } from "./login.ts"
import { defaultUserAgent, type RequestObserver } from "./observer.ts"
import { asRequestSpan } from "./requestSpan.ts"
import { milestones, nextRefusal, planSession, type Refusal, type Session } from "./sessionPlan.ts"

/** Where Keystone is and as whom to log in. */
export interface KeystoneOptions {
  readonly authUrl: string
  /** As a function it is asked again and again: another object than before is other credentials. */
  readonly auth: OpenStackAuth | (() => OpenStackAuth)
  /** Run when credentials are refused: may look for newer ones, with which the login is then tried again at once. */
  readonly onRefused?: Effect.Effect<void> | undefined
  readonly userAgent?: string | undefined
  readonly observe?: RequestObserver | undefined
}

/** The one login that all requests to a cloud share. */
export class Keystone extends Context.Tag("cinder-csi/openstack/Keystone")<
  Keystone,
  {
    /**
     * A token that is good for now. Fails with `unauthenticated` when Keystone turns the credentials down, after which it
     * is asked again only when a growing pause of at least 30 s is over; with `unreachable` when it does not answer, or a
     * proxy turns down those for itself, after which the pause is the same.
     */
    readonly session: Effect.Effect<Session, CloudFailure>
    /** Forgets a session that a service refused, unless another has taken its place. Idempotent. */
    readonly discard: (refused: Session) => Effect.Effect<void>
  }
>() {}

const sent = { request: "token_create", service: "keystone", method: "POST", tries: 1 } as const
const tokenTimeoutMillis = 30_000
const firstOutagePause = 500
const longestOutagePause = 2_000
const longestRetryAfter = 60_000

/** Never steps back, as the wall clock may. */
const monotonicMillis = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000_000n))

const makeKeystone = (options: KeystoneOptions) =>
  Effect.gen(function* () {
    const exchange = exchangeWith(yield* HttpClient.HttpClient)
    const scope = yield* Effect.scope
    const url = `${identityRoot(options.authUrl)}/auth/tokens`
    const { auth: configured } = options
    const authNow = typeof configured === "function" ? configured : () => configured

    let current: Session | undefined
    let currentAuth: OpenStackAuth | undefined
    let refusal: Refusal | undefined
    let refusedAuth: OpenStackAuth | undefined
    let outage: { readonly pauseMillis: number; readonly until: number } | undefined
    let flight: Deferred.Deferred<Session, CloudFailure> | undefined

    const remember = (fault: LoginFault, auth: OpenStackAuth, now: number, spread: number) => {
      if (fault.refused) {
        refusal = nextRefusal(refusedAuth === auth ? refusal : undefined, fault.failure, now)
        refusedAuth = auth
        return
      }
      const grown = outage === undefined ? firstOutagePause : Math.min(longestOutagePause, outage.pauseMillis * 2)
      const asked = Math.min(longestRetryAfter, fault.retryAfterMillis ?? 0)
      outage = { pauseMillis: grown, until: now + Math.max(asked, grown * spread) }
    }

    const login: Effect.Effect<Session, CloudFailure> = Effect.gen(function* () {
      const startedAt = yield* monotonicMillis
      if (outage !== undefined && startedAt < outage.until) yield* Effect.sleep(outage.until - startedAt)
      const sentAt = yield* monotonicMillis
      const auth = authNow()
      const outcome = yield* exchange({
        method: "POST",
        url,
        headers: { accept: "application/json", "user-agent": options.userAgent ?? defaultUserAgent },
        body: tokenRequestBody(auth),
        timeoutMillis: tokenTimeoutMillis
      }).pipe(asRequestSpan({ ...sent, globalId: undefined }))
      const now = yield* monotonicMillis
      const read = readLogin(outcome, secretsOf(auth))
      options.observe?.({
        ...sent,
        status: outcome._tag === "answered" ? outcome.status : undefined,
        durationMillis: now - sentAt,
        failed: Either.isLeft(read)
      })
      if (Either.isLeft(read)) {
        if (read.left.refused && options.onRefused !== undefined) yield* options.onRefused
        if (read.left.refused && authNow() !== auth) return yield* login
        remember(read.left, auth, now, 0.5 + (yield* Random.next) / 2)
        if (current !== undefined) yield* Effect.logWarning(`token not renewed: ${read.left.failure.message}`)
        return yield* read.left.failure
      }
      const { token, projectId, catalog, lifeMillis } = read.right
      current = { token: Redacted.make(token), projectId, catalog, ...milestones(lifeMillis, now, isRenewable(auth)) }
      currentAuth = auth
      refusal = undefined
      outage = undefined
      return current
    })

    /** The login under way, or a new one: it belongs to the layer, so no caller's interruption ends it for the others. */
    const join = Effect.suspend(() => {
      if (flight !== undefined) return Effect.succeed(flight)
      const started = Deferred.unsafeMake<Session, CloudFailure>(FiberId.none)
      flight = started
      return login.pipe(
        Effect.interruptible,
        Effect.onExit((exit) => {
          flight = undefined
          return Deferred.done(started, exit)
        }),
        Effect.forkIn(scope),
        Effect.as(started)
      )
    }).pipe(Effect.uninterruptible)

    const session = Effect.gen(function* () {
      const auth = authNow()
      const memory = {
        session: current,
        refusal: refusedAuth === auth ? refusal : undefined,
        outdated: currentAuth !== auth,
        outage: outage !== undefined
      }
      const plan = planSession(memory, yield* monotonicMillis)
      switch (plan._tag) {
        case "refuse":
          return yield* plan.failure
        case "use":
          if (plan.renew) yield* join
          return plan.session
        case "renew": {
          const renewed = Effect.flatMap(join, Deferred.await)
          const { fallback } = plan
          return yield* fallback === undefined ? renewed : Effect.orElseSucceed(renewed, () => fallback)
        }
      }
    })

    const discard = (refused: Session) =>
      Effect.sync(() => {
        if (current === refused) current = undefined
      })

    return Keystone.of({ session, discard })
  })

/** Makes no request: the first caller logs in. */
export const layerKeystone = (options: KeystoneOptions): Layer.Layer<Keystone, never, HttpClient.HttpClient> =>
  Layer.scoped(Keystone, makeKeystone(options))
