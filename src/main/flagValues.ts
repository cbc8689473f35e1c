import { type Duration, Either } from "effect"
import { parseGoDuration } from "../adapters/config/goDuration.ts"

/** The failure says what is wrong and what is accepted, in words that continue `--flag: …`. */
type Read<A> = Either.Either<A, string>

const refused = (text: string, accepted: string) =>
  Either.left(`${JSON.stringify(text)} is not accepted; write ${accepted}`)

/** The spellings of https://pkg.go.dev/strconv#ParseBool. */
export const readBoolean = (text: string): Read<boolean> => {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return Either.right(true)
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? Either.right(false) : refused(text, "true or false")
}

const digits = /^([+-]?)(\d{1,15})$/
const prefixed = /^([+-]?)0(?:x([\da-f]{1,12})|o?([0-7]{1,15})|b([01]{1,50}))$/i

/** With the prefixes of https://pkg.go.dev/strconv#ParseInt for base 0, where a leading zero means octal. */
export const readInteger = (text: string): Read<number> => {
  const [, sign, hexadecimal, octal, binary] = prefixed.exec(text) ?? []
  const size = hexadecimal
    ? Number.parseInt(hexadecimal, 16)
    : octal
      ? Number.parseInt(octal, 8)
      : binary
        ? Number.parseInt(binary, 2)
        : undefined
  if (size !== undefined) return Either.right(sign === "-" ? -size : size)
  return digits.test(text) && !/^[+-]?0\d/.test(text) ? Either.right(Number(text)) : refused(text, "a whole number")
}

/** klog reads its level in decimal digits alone. */
export const readLevel = (text: string): Read<number> =>
  digits.test(text) ? Either.right(Number(text)) : refused(text, "a whole number")

export const readNumber = (text: string): Read<number> =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) && Number.isFinite(Number(text))
    ? Either.right(Number(text))
    : refused(text, "a number")

export const readDuration = (text: string): Read<Duration.Duration> =>
  Either.fromNullable(
    parseGoDuration(text),
    () => `${JSON.stringify(text)} is not accepted; write a time such as 90s or 12h`
  )

const item = /"((?:[^"]|"")*)"(?=,|$)|([^",]*)(?=,|$)/y

/** One record of comma-separated values, items in double quotes where they hold a comma: https://pkg.go.dev/encoding/csv */
export const readList = (record: string): Read<ReadonlyArray<string>> => {
  const text = record.replace(/\r?\n$/, "")
  const items: Array<string> = []
  for (let at = 0; text !== "" && at <= text.length; ) {
    item.lastIndex = at
    const [whole, quoted, plain] = item.exec(text) ?? []
    if (whole === undefined) return refused(text, 'a,b or "a","b", with each quote closed')
    items.push(quoted?.replaceAll('""', '"') ?? plain ?? "")
    at += whole.length + 1
  }
  return Either.right(items)
}

/** `k=v,…`; the text of a single pair is taken whole, so that its value may hold commas. */
export const readMap = (text: string): Read<ReadonlyArray<readonly [string, string]>> =>
  Either.gen(function* () {
    const single = text.split("=").length === 2
    const pairs = single ? [text.replace(/^"+|"+$/g, "")] : yield* readList(text)
    const read = pairs.map((pair): readonly [string, string] => [
      pair.slice(0, Math.max(0, pair.indexOf("="))),
      pair.slice(pair.indexOf("=") + 1)
    ])
    return pairs.length > 0 && read.every(([key]) => key !== "") ? read : yield* refused(text, "key=value,key=value")
  })
