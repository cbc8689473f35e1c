import { Either, Schema } from "effect"
import { CloudFailure, type CloudFailureReason } from "../../domain/errors.ts"
import { classify, isRefusedByProxy, type Outcome, parseJson, requestIdOf } from "./failures.ts"
import { type CatalogEntry, TokenReply } from "./keystoneWire.ts"

export interface Login {
  readonly token: string
  readonly projectId: string
  readonly catalog: ReadonlyArray<CatalogEntry>
  readonly lifeMillis: number
}

export interface LoginFault {
  readonly failure: CloudFailure
  /** Keystone, or a proxy before it, turned the credentials or the configuration down: asking again soon does harm. */
  readonly refused: boolean
  readonly retryAfterMillis: number | undefined
}

const decode = Schema.decodeUnknownEither(TokenReply)

const noProject =
  "the token is for no project; configure a project by id, or by name with its domain, or a trust or an application credential"

/** An application credential that is gone is a 404; a wrong password is a 401 like every other refusal. */
const hintFor = (outcome: Outcome & { readonly _tag: "answered" }): string => {
  if (outcome.headers["openstack-auth-receipt"] !== undefined) return "; the user needs a second factor: not supported"
  return outcome.status === 404 ? "; the application credential is gone or auth-url is wrong" : ""
}

/** What the answer to `POST /v3/auth/tokens` means. */
export const readLogin = (outcome: Outcome, secrets: ReadonlyArray<string>): Either.Either<Login, LoginFault> => {
  const failWith = (
    reason: CloudFailureReason,
    detail: string,
    requestId: string | undefined,
    retryAfterMillis?: number
  ): Either.Either<Login, LoginFault> =>
    Either.left({
      failure: new CloudFailure({ service: "Keystone", operation: "issue a token", reason, detail, requestId }),
      refused: reason === "unauthenticated" || isRefusedByProxy(outcome),
      retryAfterMillis
    })

  if (outcome._tag === "answered" && outcome.status >= 200 && outcome.status < 300) {
    const requestId = requestIdOf(outcome.headers)
    const token = outcome.headers["x-subject-token"]
    const reply = decode(parseJson(outcome.body))
    if (token === undefined || token === "" || Either.isLeft(reply)) {
      return failWith("malformed", "the answer to the login is not Keystone's; check auth-url", requestId)
    }
    const { project, catalog, issued_at, expires_at } = reply.right.token
    if (project === undefined || catalog === undefined) return failWith("unauthenticated", noProject, requestId)
    const lifeMillis = Date.parse(expires_at) - Date.parse(issued_at)
    if (Number.isNaN(lifeMillis)) return failWith("malformed", "the token's times are not times", requestId)
    return Either.right({ token, projectId: project.id, catalog, lifeMillis })
  }

  const { reason, detail, requestId, retryAfterMillis } = classify(outcome, secrets)
  switch (reason) {
    case "unauthenticated":
    case "forbidden":
    case "notFound":
    case "invalid":
    case "unsupported":
    case "conflict":
      return failWith(
        "unauthenticated",
        outcome._tag === "answered" ? `${detail}${hintFor(outcome)}` : detail,
        requestId
      )
    case "unreachable":
    // A login that perhaps happened changes nothing, and what the caller wanted certainly did not happen.
    case "unanswered":
      return failWith("unreachable", detail, requestId, retryAfterMillis)
    case "throttled":
    case "malformed":
      return failWith(reason, detail, requestId, retryAfterMillis)
  }
}
