import { CloudFailure, type CloudFailureReason } from "../../domain/errors.ts"

/** What came of one exchange over HTTP, in plain data. */
export type Outcome =
  | {
      readonly _tag: "answered"
      readonly status: number
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string | undefined>>
      readonly body: string
    }
  /** `code` is the code of Node's error, such as ECONNREFUSED; `syscall` tells a connect from a read. */
  | {
      readonly _tag: "broken"
      readonly code: string | undefined
      readonly syscall: string | undefined
      readonly text: string
    }
  | { readonly _tag: "timedOut"; readonly afterMillis: number }
  | { readonly _tag: "tooLong"; readonly limitBytes: number }

/** One exchange that did not do what it should. */
export interface Fault {
  readonly reason: CloudFailureReason
  /** A refusal because of the project's quota; its `reason` is `invalid`. */
  readonly quota: boolean
  /** Of a 404: the service itself says that the named thing is absent, rather than that nobody serves the path. */
  readonly thingMissing: boolean
  /** No later try can go better, such as after a certificate that is not trusted. */
  readonly lasting: boolean
  /** The connection broke, as an idle one does that the server closed in the meantime. */
  readonly reset: boolean
  /** How long the service asks to be left alone; undefined when it does not say. */
  readonly retryAfterMillis: number | undefined
  readonly status: number | undefined
  readonly detail: string
  readonly requestId: string | undefined
}

const longestDetail = 500

/** The sentence without markup, line breaks, control characters and secrets, short enough for a status message. */
export const presentable = (text: string, secrets: ReadonlyArray<string>): string => {
  let clean = text
  for (const secret of secrets) if (secret !== "") clean = clean.replaceAll(secret, "<redacted>")
  clean = clean
    .replace(/<class '([\w.]+)'>/g, "$1")
    .replace(/<(style|script)\b[^>]*>.*?<\/\1>/gis, " ")
    .replace(/<(?!redacted>)\/?[a-z!][^>]*>/gi, " ")
    .replace(/\bgAAAA[\w=-]{20,}/g, "<redacted>")
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
  return clean.length <= longestDetail ? clean : `${clean.slice(0, longestDetail)}…`
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Undefined when the text is no JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const messageOf = (member: unknown): string | undefined =>
  isRecord(member) && typeof member["message"] === "string" ? member["message"] : undefined

/**
 * The sentence of an error. Cinder and Nova name the fault, `{"itemNotFound": {"code": 404, "message": ...}}`, Keystone
 * says `error`; a path nobody serves gives `{"message": ..., "code": "404 Not Found"}`, which names no fault.
 */
const sentenceIn = (body: string): { readonly text: string; readonly fault: string | undefined } | undefined => {
  const json = parseJson(body)
  if (!isRecord(json)) return undefined
  for (const [fault, member] of Object.entries(json)) {
    const message = messageOf(member)
    if (message !== undefined) return { text: message, fault }
  }
  const message = messageOf(json)
  return message === undefined ? undefined : { text: message, fault: undefined }
}

/** The id under which the service logged the request; only the documented form is taken over. */
export const requestIdOf = (headers: Readonly<Record<string, string | undefined>>): string | undefined =>
  /^req-[\w-]{1,64}$/.exec(headers["x-openstack-request-id"] ?? headers["x-compute-request-id"] ?? "")?.[0]

/** Text of a 404 for a path or method that does not exist at this version, as opposed to an object that does not. */
const isGenericNotFound = (text: string) => /^the resource could not be found\b/i.test(text.trim())

/**
 * Text of Cinder's 404 when none of its services of a kind is up, such as `Service cinder-backup could not be found.`:
 * the object that was asked for may well exist.
 */
const isServiceAway = (text: string) => /^service\b.*\bcould not be found/i.test(text.trim())

/** Seconds or an HTTP date (RFC 9110, section 10.2.3); a date is read against the answer's own clock. */
const retryAfter = (headers: Readonly<Record<string, string | undefined>>): number | undefined => {
  const value = headers["retry-after"]?.trim()
  if (value === undefined || value === "") return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const until = Date.parse(value)
  const now = Date.parse(headers["date"] ?? "")
  return Number.isNaN(until) || Number.isNaN(now) ? undefined : Math.max(0, until - now)
}

/** A quota says so by class name or wording; `Retry-After: 0` alone also means that waiting does not help. */
const isQuota = (text: string, pauseMillis: number | undefined) =>
  /^\w*(Limit|Quota|Exceed)\w*:|exceeded for quota|exceeds allowed|quota exceeded/i.test(text) || pauseMillis === 0

const isTooLarge = (text: string) => /too large/i.test(text)

const reasonOfStatus = (status: number, text: string, pauseMillis: number | undefined) => {
  switch (status) {
    case 401:
      return "unauthenticated"
    case 403:
      return "forbidden"
    case 404:
      return isServiceAway(text) ? "unreachable" : "notFound"
    case 406:
      return "unsupported"
    case 408:
      return "unanswered"
    case 409:
      return "conflict"
    case 413:
      return isTooLarge(text) || isQuota(text, pauseMillis) || pauseMillis === undefined ? "invalid" : "throttled"
    case 429:
    case 498:
      return "throttled"
    case 501:
      return "invalid"
    case 503:
      return "unreachable"
  }
  if (status >= 500) return "unanswered"
  return status >= 400 ? "invalid" : "malformed"
}

/** Raised before a request leaves: no name, no route, nobody listens. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_NONAME",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EMFILE",
  "ENFILE"
])

/** Verification errors of OpenSSL as Node names them (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const untrusted =
  /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERROR_IN_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERR_TLS_CERT)/

/** The peers did not agree on TLS, or the server refused our certificate: it did not get to see the request. */
const handshake = /^(EPROTO|ERR_SSL_\w*(ALERT|VERSION|PROTOCOL|CIPHER|CERTIFICATE|HANDSHAKE)\w*|ERR_TLS_\w+)$/

export const proxyCredentialsCode = "ERR_PROXY_CREDENTIALS"

/** A proxy that does not know us. Trying on may lock the account. */
export const isRefusedByProxy = (outcome: Outcome): boolean =>
  outcome._tag === "broken"
    ? outcome.code === proxyCredentialsCode
    : outcome._tag === "answered" && outcome.status === 407

const brokenFault = (outcome: Outcome & { readonly _tag: "broken" }) => {
  const code = outcome.code ?? ""
  if (untrusted.test(code) || isRefusedByProxy(outcome))
    return { reason: "unreachable", lasting: true, reset: false } as const
  if (neverSent.has(code) || outcome.syscall === "connect" || handshake.test(code)) {
    return { reason: "unreachable", lasting: false, reset: false } as const
  }
  return { reason: "unanswered", lasting: false, reset: code === "ECONNRESET" || code === "EPIPE" } as const
}

/** What Node's words leave to guess. */
const adviceFor = (code: string | undefined): string => {
  if (code === undefined) return ""
  if (/^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)/.test(code)) {
    return "; no trusted authority signed the server's certificate: see ca-file"
  }
  if (/^(HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME)/.test(code)) {
    return "; the server's certificate is for another name than the one in the URL"
  }
  return /^ERR_SSL_\w*ALERT\w*CERTIFICATE/.test(code)
    ? "; the server does not accept the client's certificate or needs one: see cert-file and key-file"
    : ""
}

/** OpenSSL puts addresses and places in its source around its words. */
const wordsOfTls = (text: string) =>
  text.replace(
    /^(?:\w+ EPROTO )?[\dA-F]+:error:[\dA-F]+:SSL routines:[^:]*:([^:]*):[^:]*:\d+:(?:SSL alert number \d+)?/,
    "TLS: $1"
  )

const noAnswer = {
  quota: false,
  thingMissing: false,
  lasting: false,
  reset: false,
  retryAfterMillis: undefined,
  status: undefined,
  requestId: undefined
}

/**
 * What an outcome other than success means for the caller, and whether the request was carried out:
 * https://docs.openstack.org/api-ref/block-storage/v3/ and https://docs.openstack.org/api-ref/compute/ list the statuses.
 */
export const classify = (outcome: Outcome, secrets: ReadonlyArray<string> = []): Fault => {
  switch (outcome._tag) {
    case "timedOut":
      return { ...noAnswer, reason: "unanswered", detail: `no answer within ${outcome.afterMillis / 1000} s` }
    case "tooLong":
      return { ...noAnswer, reason: "malformed", detail: `the answer is longer than ${outcome.limitBytes} bytes` }
    case "broken":
      return {
        ...noAnswer,
        ...brokenFault(outcome),
        detail: `${presentable(wordsOfTls(outcome.text), secrets)}${adviceFor(outcome.code)}`
      }
    case "answered": {
      const { status, headers, body } = outcome
      if (isRefusedByProxy(outcome)) {
        const detail = "the proxy refuses the user and password in HTTP_PROXY (HTTP status 407)"
        return { ...noAnswer, reason: "unreachable", lasting: true, status, detail }
      }
      const sentence = sentenceIn(body)
      const text = sentence?.text ?? ""
      const retryAfterMillis = retryAfter(headers)
      const location = headers["location"]
      const moved = status >= 300 && status < 400 && location !== undefined
      const said = presentable(
        moved ? `redirected to ${location}, which is not followed` : (sentence?.text ?? body),
        secrets
      )
      return {
        reason: reasonOfStatus(status, text, retryAfterMillis),
        quota: status === 413 && !isTooLarge(text) && isQuota(text, retryAfterMillis),
        thingMissing:
          status === 404 && sentence?.fault === "itemNotFound" && !isGenericNotFound(text) && !isServiceAway(text),
        lasting: false,
        reset: false,
        retryAfterMillis,
        status,
        detail:
          said === "" ? `HTTP status ${status}` : sentence === undefined ? `${said} (HTTP status ${status})` : said,
        requestId: requestIdOf(headers)
      }
    }
  }
}

/** A request that stayed here. */
export const notSent = (reason: CloudFailureReason, detail: string): Fault => ({ ...noAnswer, reason, detail })

/** A success whose body is not what the API promises. */
export const malformed = (problem: string, status: number, requestId: string | undefined): Fault => ({
  ...noAnswer,
  reason: "malformed",
  status,
  detail: problem,
  requestId
})

export const toCloudFailure = (service: CloudFailure["service"], operation: string, fault: Fault): CloudFailure =>
  new CloudFailure({
    service,
    operation,
    reason: fault.reason,
    detail: fault.detail,
    requestId: fault.requestId
  })
