import { Schema } from "effect"

/** A request that Kubernetes did not fulfil. `detail` is one line without secrets. */
export interface Failure {
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined
  /** Kubernetes' word for a refusal, such as `NotFound`; undefined when the answer is not one of Kubernetes. */
  readonly reason: string | undefined
  readonly detail: string
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
const Refusal = Schema.parseJson(
  Schema.Struct({
    kind: Schema.Literal("Status"),
    reason: Schema.optionalWith(Schema.String, { exact: true }),
    message: Schema.optionalWith(Schema.String, { exact: true })
  })
)
const decodeRefusal = Schema.decodeUnknownOption(Refusal)

const longestDetail = 500

/** A line break in a message would make a second log line. */
const presentable = (text: string, secrets: ReadonlyArray<string>): string =>
  secrets
    .filter((secret) => secret !== "")
    .reduce((clean, secret) => clean.replaceAll(secret, "<redacted>"), text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .slice(0, longestDetail)
    .trim()

/** What an answer other than success means. */
export const refusalOf = (status: number, body: string, secrets: ReadonlyArray<string>): Failure => {
  const refusal = decodeRefusal(body)
  if (refusal._tag === "None") {
    return { status, reason: undefined, detail: `answered ${status}, not in the words of Kubernetes` }
  }
  const { reason, message } = refusal.value
  return { status, reason, detail: `answered ${status}: ${presentable(message ?? reason ?? "", secrets)}` }
}

export const silenceOf = (text: string, secrets: ReadonlyArray<string>): Failure => ({
  status: undefined,
  reason: undefined,
  detail: presentable(text, secrets)
})

/** Whether the same request may soon go better: no answer, too many requests, trouble in the server. */
export const isPassing = ({ status }: Failure): boolean => status === undefined || status === 429 || status >= 500
