import { FileSystem, HttpClient, type HttpClientError, HttpClientRequest, HttpIncomingMessage } from "@effect/platform"
import { Data, Duration, Effect, Option, RateLimiter, Redacted, Schedule, type Scope } from "effect"
import { type Failure, isPassing, refusalOf, silenceOf } from "./answers.ts"
import { AccessProblem, type ClusterAccess, type TlsMaterial } from "./ClusterAccess.ts"
import { type AccessOptions, readAccess } from "./readAccess.ts"

/** How Kubernetes is asked. */
export interface KubernetesOptions extends AccessOptions {
  /** An HTTP client that trusts and shows what it is told for each request, until the scope closes. */
  readonly connect: (tls: () => TlsMaterial) => Effect.Effect<HttpClient.HttpClient, never, Scope.Scope>
  readonly userAgent: string
  /** Negative for no limit, 0 for Kubernetes' own default. */
  readonly queriesPerSecond: number
  /** 0 for Kubernetes' own default. */
  readonly burst: number
}

export class KubernetesFailure extends Data.TaggedError("KubernetesFailure")<Failure> {
  override get message() {
    return this.detail
  }
}

export interface Kubernetes {
  /** The JSON text at the path. Repeated a few times where that may help; ends with its caller. */
  readonly get: (path: string) => Effect.Effect<string, KubernetesFailure>
  /** Merges the body into the object at the path. Not repeated; once sent it runs to its answer or time limit. */
  readonly patch: (path: string, body: object) => Effect.Effect<void, KubernetesFailure>
}

/** Names the setting that makes the driver ask Kubernetes, where it cannot. */
export const neededBy = <A, R>(setting: string, self: Effect.Effect<A, AccessProblem, R>) =>
  Effect.mapError(
    self,
    ({ problem }) => new AccessProblem({ problem: `${setting} needs the Kubernetes API: ${problem}` })
  )

const tryLimit = Duration.seconds(5)
const someTries = Schedule.intersect(Schedule.recurs(2), Schedule.jittered(Schedule.exponential("200 millis")))

/** An object of Kubernetes has at most 1.5 MiB. */
const longestAnswer = 4 * 1024 * 1024

/** What client-go takes for 0: https://pkg.go.dev/k8s.io/client-go/rest#Config */
const defaultRate = { queriesPerSecond: 5, burst: 10 }

const makeLimit = ({ queriesPerSecond, burst }: KubernetesOptions) => {
  if (queriesPerSecond < 0) return Effect.succeed<RateLimiter.RateLimiter>((task) => task)
  const limit = burst || defaultRate.burst
  const seconds = limit / (queriesPerSecond || defaultRate.queriesPerSecond)
  return RateLimiter.make({ limit, interval: Duration.seconds(seconds), algorithm: "token-bucket" })
}

const secretsOf = ({ credentials }: ClusterAccess): ReadonlyArray<string> => {
  switch (credentials._tag) {
    case "none":
      return []
    case "token":
      return [Redacted.value(credentials.token)]
    case "password":
      return [Redacted.value(credentials.password)]
  }
}

interface Asked {
  readonly path: string
  /** What is merged into the object; undefined reads it. */
  readonly change: object | undefined
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
const mergePatch = "application/merge-patch+json"

const requestTo = ({ server, credentials }: ClusterAccess, { path, change }: Asked, userAgent: string) => {
  const bare = HttpClientRequest.make(change === undefined ? "GET" : "PATCH")(`${server}${path}`, {
    headers: { accept: "application/json", "user-agent": userAgent }
  })
  const request = change === undefined ? bare : HttpClientRequest.bodyText(bare, JSON.stringify(change), mergePatch)
  switch (credentials._tag) {
    case "none":
      return request
    case "token":
      return HttpClientRequest.bearerToken(request, credentials.token)
    case "password":
      return HttpClientRequest.basicAuth(request, credentials.username, credentials.password)
  }
}

const messageOf = (cause: unknown): string | undefined =>
  cause instanceof AggregateError ? messageOf(cause.errors[0]) : cause instanceof Error ? cause.message : undefined

/** The platform's error holds the request with its token: only the text of the cause is taken over. */
const causeOf = (error: HttpClientError.HttpClientError): string => messageOf(error.cause) ?? error.reason

const exchange = (client: HttpClient.HttpClient, access: ClusterAccess, asked: Asked, userAgent: string) => {
  const secrets = secretsOf(access)
  // A span of the platform's client would carry the token header.
  const quiet = HttpClient.withTracerDisabledWhen(client, () => true)
  return quiet.execute(requestTo(access, asked, userAgent)).pipe(
    Effect.flatMap((response) => Effect.map(response.text, (body) => ({ status: response.status, body }))),
    HttpIncomingMessage.withMaxBodySize(Option.some(longestAnswer)),
    Effect.mapError((error) => silenceOf(`${access.server} did not answer: ${causeOf(error)}`, secrets)),
    Effect.timeoutFail({
      duration: tryLimit,
      onTimeout: () => silenceOf(`${access.server} did not answer within ${Duration.format(tryLimit)}`, secrets)
    }),
    Effect.filterOrElse(
      ({ status }) => status >= 200 && status < 300,
      ({ status, body }) => {
        const refusal = refusalOf(status, body, secrets)
        return Effect.fail({ ...refusal, detail: `${access.server} ${refusal.detail}` })
      }
    ),
    Effect.map(({ body }) => body),
    Effect.mapError((failure) => new KubernetesFailure(failure))
  )
}

/**
 * The Kubernetes API over HTTP. Building it reads the configuration, which must be usable, and asks nothing. Each request
 * reads token and certificates anew.
 */
export const makeKubernetes = (
  options: KubernetesOptions
): Effect.Effect<Kubernetes, AccessProblem, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const access = Effect.provideService(readAccess(options), FileSystem.FileSystem, files)
    let { tls } = yield* access
    const limited = yield* makeLimit(options)
    const client = yield* options.connect(() => tls)

    const once = (asked: Asked) =>
      Effect.gen(function* () {
        const now = yield* Effect.mapError(access, ({ problem }) => new KubernetesFailure(silenceOf(problem, [])))
        tls = now.tls
        return yield* exchange(client, now, asked, options.userAgent)
      })

    return {
      get: (path) =>
        Effect.retry(limited(once({ path, change: undefined })), { schedule: someTries, while: isPassing }),
      patch: (path, change) => limited(Effect.asVoid(Effect.uninterruptible(once({ path, change }))))
    }
  })
