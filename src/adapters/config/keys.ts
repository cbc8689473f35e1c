import { Duration, type Redacted, Schema } from "effect"
import { uuidGuards } from "../../domain/NodeSettings.ts"
import { zoneLabel } from "../../domain/nodeTopology.ts"
import { parseGoDuration } from "./goDuration.ts"

/** A value as it stands in the file; `true` is a key without `=`. */
export type Written = string | true

const truths = ["true", "yes", "on", "1"]
const untruths = ["false", "no", "off", "0"]

const show = (written: unknown) => (written === true ? "a key without a value" : JSON.stringify(written).slice(0, 80))

/** Reports what was written and what is accepted: never to be used for a secret. */
const accepting = (accepted: string) => ({
  message: ({ actual }: { readonly actual: unknown }) => ({
    message: `${show(actual)} is not accepted; write ${accepted}`,
    override: true
  })
})

const Text = Schema.String.annotations({
  message: () => ({ message: "needs a value, written behind =", override: true })
})
const Secret = Schema.Redacted(Text)

const isFlag = (written: Written) =>
  written === true || truths.includes(written.toLowerCase()) || untruths.includes(written.toLowerCase())

const Flag = Schema.transform(
  Schema.Union(Schema.String, Schema.Literal(true)).pipe(
    Schema.filter(isFlag, accepting("true, yes, on or 1, or false, no, off or 0"))
  ),
  Schema.Boolean,
  {
    strict: true,
    decode: (written) => written === true || truths.includes(written.toLowerCase()),
    encode: (flag) => (flag ? "true" : "false")
  }
)

/** Only the exact text `true` disables verification, so that no spelling that used to be safe becomes unsafe. */
const Insecure = Schema.transform(
  Text.pipe(Schema.filter((text) => text === "" || isFlag(text), accepting("true or false"))),
  Schema.Boolean,
  {
    strict: true,
    decode: (text) => text === "true",
    encode: (insecure) => (insecure ? "true" : "false")
  }
)

/** The largest limit that the Go driver reports, and so the meaning of every number outside 0 to 256. */
export const maxAttachLimit = 256

const AttachLimit = Schema.transform(
  Text.pipe(
    Schema.filter(
      (text) => /^[+-]?(\d+|0x[\da-f]+)$/i.test(text.trim()),
      accepting("a whole number from 1 to 256, or 0 for no limit")
    )
  ),
  Schema.Number,
  {
    strict: true,
    decode: (text) => {
      const [, sign, digits] = /^([+-]?)(.*)$/.exec(text.trim()) ?? []
      const limit = Number(digits) * (sign === "-" ? -1 : 1)
      return limit < 0 || limit > maxAttachLimit ? maxAttachLimit : limit
    },
    encode: String
  }
)

const FormatConcurrency = Schema.transform(
  Text.pipe(Schema.filter((text) => /^([1-9]|1[0-6])$/.test(text.trim()), accepting("a whole number from 1 to 16"))),
  Schema.Number,
  { strict: true, decode: Number, encode: String }
)

export const metadataSources = ["configDrive", "metadataService"] as const
export type MetadataSource = (typeof metadataSources)[number]

const elements = (text: string) => text.split(",").map((element) => element.trim().toLowerCase())
const sourceNames: ReadonlyArray<string> = metadataSources.map((source) => source.toLowerCase())

const SearchOrder = Schema.transform(
  Text.pipe(
    Schema.filter(
      (text) => text === "" || elements(text).every((element) => sourceNames.includes(element)),
      accepting("configDrive, metadataService, or both with a comma between them")
    )
  ),
  Schema.Array(Schema.Literal(...metadataSources)),
  {
    strict: true,
    decode: (text) => {
      const sources = [...new Set(elements(text))].flatMap((name) =>
        metadataSources.filter((source) => source.toLowerCase() === name)
      )
      return sources.length === 0 ? metadataSources : sources
    },
    encode: (sources) => sources.join(",")
  }
)

const RequestTimeout = Schema.transform(
  Text.pipe(
    Schema.filter((text) => parseGoDuration(text) !== undefined, accepting("a duration such as 5s, 1m30s or 500ms"))
  ),
  Schema.DurationFromSelf,
  {
    strict: true,
    decode: (text) => parseGoDuration(text) ?? Duration.zero,
    encode: (duration) => `${Duration.toMillis(duration)}ms`
  }
)

const endpointTypes = ["public", "internal", "admin"] as const
export type EndpointType = (typeof endpointTypes)[number]

const EndpointTypeText = Schema.transform(
  Text.pipe(
    Schema.filter(
      (text) => text === "" || endpointTypes.some((type) => type === text.toLowerCase()),
      accepting("public, internal or admin")
    )
  ),
  Schema.Literal(...endpointTypes),
  {
    strict: true,
    decode: (text) => endpointTypes.find((type) => type === text.toLowerCase()) ?? "public",
    encode: (type) => type
  }
)

const UuidGuardText = Schema.transform(
  Text.pipe(
    Schema.filter(
      (text) => text === "" || uuidGuards.some((guard) => guard === text.toLowerCase()),
      accepting("refuse, warn or off")
    )
  ),
  Schema.Literal(...uuidGuards),
  {
    strict: true,
    decode: (text) => uuidGuards.find((guard) => guard === text.toLowerCase()) ?? "refuse",
    encode: (guard) => guard
  }
)

const zonePairs = (text: string): ReadonlyArray<readonly [nova: string, cinder: string]> =>
  text.split(",").map((pair) => {
    const [nova = "", cinder = "", ...more] = pair.split("=").map((name) => name.trim())
    return more.length === 0 ? [nova, cinder] : ["", ""]
  })

const zoneMapForm = "nova-zone=cinder-zone, and a comma between two of them"

/** Nodes show their zone as a label, and two names of one label could not be told apart. */
const zoneMapProblem = (text: string): string | undefined => {
  if (text === "") return undefined
  const pairs = zonePairs(text)
  if (pairs.some((pair) => pair.includes(""))) return `${show(text)} is not accepted; write ${zoneMapForm}`
  const labels = pairs.map(([nova]) => zoneLabel(nova))
  const twice = pairs.find((_, index) => labels.indexOf(labels[index] ?? "") !== index)
  return twice === undefined
    ? undefined
    : `${show(text)} has Nova's zone ${show(twice[0])} (label ${show(zoneLabel(twice[0]))}) twice; name each once, as ${zoneMapForm}`
}

/** Zones of Nova, each with the zone of Cinder that serves it. */
const ZoneMapText = Schema.transform(
  Text.pipe(Schema.filter(zoneMapProblem)),
  Schema.ReadonlyMapFromSelf({ key: Schema.String, value: Schema.String }),
  {
    strict: true,
    decode: (text) => new Map(text === "" ? [] : zonePairs(text)),
    encode: (map) => [...map].map((pair) => pair.join("=")).join(", ")
  }
)

const isHttpUrl = (text: string) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
}

const AuthUrl = Text.pipe(
  Schema.filter((text) => text === "" || isHttpUrl(text), {
    message: () => ({
      message: "is not a usable URL; write http://host:port/path or https://host:port/path, without user and password",
      override: true
    })
  })
)

const key = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/openstack-cloud-controller-manager/using-openstack-cloud-controller-manager.md */
export const GlobalKeys = Schema.Struct({
  "auth-url": key(AuthUrl),
  username: key(Text),
  "user-id": key(Text),
  password: key(Secret),
  token: key(Secret),
  "tenant-id": key(Text),
  "tenant-name": key(Text),
  "domain-id": key(Text),
  "domain-name": key(Text),
  "user-domain-id": key(Text),
  "user-domain-name": key(Text),
  "tenant-domain-id": key(Text),
  "tenant-domain-name": key(Text),
  "application-credential-id": key(Text),
  "application-credential-name": key(Text),
  "application-credential-secret": key(Secret),
  "trust-id": key(Text),
  "trustee-id": key(Text),
  "trustee-password": key(Secret),
  region: key(Text),
  "os-endpoint-type": key(EndpointTypeText),
  "ca-file": key(Text),
  "cert-file": key(Text),
  "key-file": key(Text),
  "tls-insecure": key(Insecure),
  "availability-zone-map": key(ZoneMapText),
  "use-clouds": key(Flag),
  "clouds-file": key(Text),
  cloud: key(Text)
})
export type GlobalSettings = typeof GlobalKeys.Type
export type SecretText = Redacted.Redacted<string>

/**
 * https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/cinder-csi-plugin/using-cinder-csi-plugin.md
 * What that page does not name is ours: docs/configuration.md.
 */
export const BlockStorageKeys = Schema.Struct({
  "node-volume-attach-limit": key(AttachLimit),
  "node-volume-attach-limit-from-guest": key(Flag),
  "rescan-on-resize": key(Flag),
  "format-concurrency": key(FormatConcurrency),
  "format-noise": key(Flag),
  "filesystem-uuid-guard": key(UuidGuardText),
  "ignore-volume-az": key(Flag),
  "ignore-volume-microversion": key(Flag),
  "multi-writer-filesystem": key(Flag),
  "remove-stale-attachments": key(Flag),
  "single-node-multi-writer": key(Flag),
  "remove-startup-taint": key(Flag)
})

/** Readings that are closer together than this would be as good as one. */
const leastSeconds = 10

const LongEnough = Schema.transform(
  Text.pipe(
    Schema.filter(
      (text) => {
        const duration = parseGoDuration(text)
        return duration !== undefined && Duration.toSeconds(duration) >= leastSeconds
      },
      accepting(`a duration of at least ${leastSeconds}s, such as 60s or 2m`)
    )
  ),
  Schema.DurationFromSelf,
  {
    strict: true,
    decode: (text) => parseGoDuration(text) ?? Duration.zero,
    encode: (duration) => `${Duration.toMillis(duration)}ms`
  }
)

export const FailoverKeys = Schema.Struct({
  "lost-after": key(LongEnough),
  "between-readings": key(LongEnough),
  "stop-servers": key(Flag),
  "dry-run": key(Flag)
})

export const MetadataKeys = Schema.Struct({
  "search-order": key(SearchOrder),
  "request-timeout": key(RequestTimeout)
})
