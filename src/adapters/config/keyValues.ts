import { Duration, Schema } from "effect"
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

export const Text = Schema.String.annotations({
  message: () => ({ message: "needs a value, written behind =", override: true })
})
export const Secret = Schema.Redacted(Text)

const isFlag = (written: Written) =>
  written === true || truths.includes(written.toLowerCase()) || untruths.includes(written.toLowerCase())

export const Flag = Schema.transform(
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
export const Insecure = Schema.transform(
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

export const AttachLimit = Schema.transform(
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

export const FormatConcurrency = Schema.transform(
  Text.pipe(Schema.filter((text) => /^([1-9]|1[0-6])$/.test(text.trim()), accepting("a whole number from 1 to 16"))),
  Schema.Number,
  { strict: true, decode: Number, encode: String }
)

export const metadataSources = ["configDrive", "metadataService"] as const
export type MetadataSource = (typeof metadataSources)[number]

const elements = (text: string) => text.split(",").map((element) => element.trim().toLowerCase())
const sourceNames: ReadonlyArray<string> = metadataSources.map((source) => source.toLowerCase())

export const SearchOrder = Schema.transform(
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

export const RequestTimeout = Schema.transform(
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

/** One of the words, in any case; empty is the first one. */
const oneOf = <Word extends string>(words: readonly [Word, ...ReadonlyArray<Word>], choices: string) => {
  const wordIn = (text: string) => (text === "" ? words[0] : words.find((word) => word === text.toLowerCase()))
  return Schema.transform(
    Text.pipe(Schema.filter((text) => wordIn(text) !== undefined, accepting(choices))),
    Schema.Literal(...words),
    { strict: true, decode: (text) => wordIn(text) ?? words[0], encode: (word) => word }
  )
}

const endpointTypes = ["public", "internal", "admin"] as const
export type EndpointType = (typeof endpointTypes)[number]
export const EndpointTypeText = oneOf(endpointTypes, "public, internal or admin")

export const UuidGuardText = oneOf(uuidGuards, "refuse, warn or off")

const logFormats = ["text", "json"] as const
export type LogFormat = (typeof logFormats)[number]
export const LogFormatText = oneOf(logFormats, "text or json")

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
export const ZoneMapText = Schema.transform(
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

/** Of Keystone, or of a receiver of traces; empty is none. */
export const AuthUrl = Text.pipe(
  Schema.filter((text) => text === "" || isHttpUrl(text), {
    message: () => ({
      message: "is not a usable URL; write http://host:port/path or https://host:port/path, without user and password",
      override: true
    })
  })
)

/** Readings that are closer together than this would be as good as one. */
const leastSeconds = 10

export const LongEnough = Schema.transform(
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
