import { Redacted } from "effect"
import type { OtlpProtocol } from "../adapters/telemetry/tracing.ts"

type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says of traces (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). */
export interface OtlpEnvironment {
  /** With its path; undefined: the environment asks for no traces. */
  readonly url: string | undefined
  readonly disabled: boolean
  readonly protocol: OtlpProtocol
  readonly headers: Redacted.Redacted<Readonly<Record<string, string>>>
  readonly serviceName: string
  readonly attributes: Readonly<Record<string, string>>
  /** For people: what is given and not heeded. */
  readonly warnings: ReadonlyArray<string>
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** `name=value` with commas between, percent-encoded; what is not of this form is passed over. */
const pairsIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? []
      return name === undefined || value === undefined ? [] : [[decoded(name), decoded(value)]]
    })
  )

/** Below the endpoint of all signals. */
export const tracesBelow = (endpoint: string): string => `${endpoint.replace(/\/+$/, "")}/v1/traces`

const isHttp = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

const protocols: Readonly<Record<string, OtlpProtocol>> = {
  "": "http/protobuf",
  "http/protobuf": "http/protobuf",
  "http/json": "http/json"
}

/** A mistake in it keeps no driver from serving. */
export const readOtlp = (env: Environment): OtlpEnvironment => {
  const warnings: Array<string> = []
  const general = env["OTEL_EXPORTER_OTLP_ENDPOINT"] || undefined
  const asked = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] || (general && tracesBelow(general))
  const usable = asked === undefined || isHttp(asked)
  if (!usable)
    warnings.push("OTEL_EXPORTER_OTLP_ENDPOINT has no effect: it is no URL that begins with http:// or https://")
  const protocol = env["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] || env["OTEL_EXPORTER_OTLP_PROTOCOL"] || ""
  const known = protocols[protocol]
  if (known === undefined) {
    warnings.push(`OTEL_EXPORTER_OTLP_PROTOCOL: ${protocol} is not spoken here; http/protobuf is used`)
  }
  const { "service.name": named, ...attributes } = pairsIn(env["OTEL_RESOURCE_ATTRIBUTES"] ?? "")
  return {
    url: usable ? asked : undefined,
    disabled: env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true",
    protocol: known ?? "http/protobuf",
    headers: Redacted.make(
      pairsIn(env["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] || (env["OTEL_EXPORTER_OTLP_HEADERS"] ?? ""))
    ),
    serviceName: env["OTEL_SERVICE_NAME"] || named || "cinder-csi-plugin",
    attributes,
    warnings: asked === undefined ? [] : warnings
  }
}
