import { Data, Either } from "effect"
import ini from "ini"

/** One assignment of a file, in the order it stands there. Section and key are in lower case, the subsection is as written. */
export interface GcfgEntry {
  readonly section: string
  readonly subsection: string
  readonly key: string
  /** `true` is a key without `=`. */
  readonly value: string | true
  readonly line: number
}

/** The text breaks the grammar. Quotes nothing of the file, because the text may be a piece of a password. */
export class GcfgSyntaxError extends Data.TaggedError("GcfgSyntaxError")<{
  readonly file: string
  readonly line: number
  readonly column: number
  readonly problem: string
}> {
  override get message() {
    return `${this.file}:${this.line}:${this.column}: ${this.problem}`
  }
}

interface Refusal {
  readonly at: number
  readonly problem: string
}
type Read<A> = Either.Either<A & { readonly end: number }, Refusal>

const refuse = (at: number, problem: string) => Either.left<Refusal>({ at, problem })

const blank = /[ \t\r]*/y
const comment = /[;#][^\n]*/y
const identifier = /\p{L}[\p{L}\p{Nd}-]*/uy
const subsectionName = /"(?:[^"\\\n]|\\["\\])*"/y
const quoted = /"(?:[^"\\\n]|\\["\\nt])*"/y
const quotedStart = /"(?:[^"\\\n]|\\["\\nt])*/y
const continuation = /\\\r?\n/y
const escapedQuote = /\\\r?"/y
const plain = /[^"\\;# \t\r\n]+/y
const gap = /[ \t\r]+/y

const match = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
const past = (pattern: RegExp, text: string, at: number) => at + (match(pattern, text, at)?.length ?? 0)
const withoutCarriageReturns = (text: string) => text.replaceAll("\r", "")

/** `ini` reads a double-quoted value as a JSON string, which is gcfg's escapes and more, but takes no raw control character. */
const unquote = (literal: string): string =>
  ini.unsafe(literal.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`))

const readEnd = (text: string, from: number): Read<unknown> => {
  const at = past(comment, text, past(blank, text, from))
  return at === text.length || text[at] === "\n"
    ? Either.right({ end: at })
    : refuse(at, "expected the end of the line or a comment")
}

/** `from` is the offset behind the opening bracket. */
const readHeader = (text: string, from: number): Read<{ readonly section: string; readonly subsection: string }> => {
  const nameAt = past(blank, text, from)
  const name = match(identifier, text, nameAt)
  if (name === undefined) return refuse(nameAt, "expected a section name made of letters, digits and dashes")
  const subsectionAt = past(blank, text, nameAt + name.length)
  const literal = match(subsectionName, text, subsectionAt)
  if (literal === undefined && text[subsectionAt] === '"') {
    return refuse(subsectionAt, 'the subsection name needs a closing quote, and only \\" and \\\\ may be escaped in it')
  }
  if (literal === '""') {
    return refuse(subsectionAt, "the subsection name is empty; the section without a subsection is written [Global]")
  }
  const closeAt = past(blank, text, subsectionAt + (literal?.length ?? 0))
  if (text[closeAt] !== "]") {
    return refuse(closeAt, 'expected ] behind the section name; a subsection is written in quotes: [Global "name"]')
  }
  return Either.map(readEnd(text, closeAt + 1), ({ end }) => ({
    section: name.toLowerCase(),
    subsection: literal === undefined ? "" : unquote(literal),
    end
  }))
}

/** Blanks around the value go, those inside quotes or between two words stay. */
const readValue = (text: string, from: number): Read<{ readonly value: string }> => {
  let at = past(blank, text, from)
  let value = ""
  let kept = 0
  while (at < text.length) {
    const space = match(gap, text, at)
    if (space !== undefined) {
      value += withoutCarriageReturns(space)
      at += space.length
      continue
    }
    const literal = match(quoted, text, at)
    const word = match(plain, text, at)
    const joined = match(continuation, text, at)
    const quote = match(escapedQuote, text, at)
    if (literal !== undefined) value += unquote(withoutCarriageReturns(literal))
    else if (word !== undefined) value += word
    else if (quote !== undefined) value += '"'
    else if (joined === undefined) break
    at += (literal ?? word ?? quote ?? joined ?? "").length
    kept = value.length
  }
  if (text[at] === '"') {
    const stop = past(quotedStart, text, at)
    return text[stop] === "\\"
      ? refuse(stop, 'unknown escape; inside quotes write \\\\, \\", \\n or \\t')
      : refuse(at, "the quote is not closed on this line")
  }
  if (text[at] === "\\") return refuse(at, "a backslash outside quotes; put the value in double quotes and write \\\\")
  return Either.map(readEnd(text, at), ({ end }) => ({ value: value.slice(0, kept), end }))
}

/** `from` is the offset behind the key. */
const readAssignment = (text: string, from: number): Read<{ readonly value: string | true }> => {
  const at = past(blank, text, from)
  if (text[at] === "=") return readValue(text, at + 1)
  const bare = readEnd(text, at)
  if (Either.isRight(bare)) return Either.right({ value: true, end: bare.right.end })
  if (text[at] === "_") return refuse(at, "keys are written with dashes, not with underscores")
  return refuse(at, "expected = behind the key")
}

const newlines = (text: string) => text.split("\n").length - 1

const readAll = (text: string): Either.Either<ReadonlyArray<GcfgEntry>, Refusal> => {
  const nul = text.indexOf("\0")
  if (nul !== -1) return refuse(nul, "a NUL character")
  const entries: Array<GcfgEntry> = []
  let line = 1
  let header: { readonly section: string; readonly subsection: string } | undefined
  let at = 0
  while (at < text.length) {
    at = past(comment, text, past(blank, text, at))
    const key = match(identifier, text, at)
    if (at === text.length) break
    if (text[at] === "\n") {
      at += 1
      line += 1
    } else if (text[at] === "[") {
      const read = readHeader(text, at + 1)
      if (Either.isLeft(read)) return Either.left(read.left)
      header = { section: read.right.section, subsection: read.right.subsection }
      at = read.right.end
    } else if (key === undefined) {
      return refuse(at, "expected a [section] or a key made of letters, digits and dashes")
    } else if (header === undefined) {
      return refuse(at, "a key stands before the first [section]")
    } else {
      const read = readAssignment(text, at + key.length)
      if (Either.isLeft(read)) return Either.left(read.left)
      entries.push({ ...header, key: key.toLowerCase(), value: read.right.value, line })
      line += newlines(text.slice(at, read.right.end))
      at = read.right.end
    }
  }
  return Either.right(entries)
}

/**
 * Reads the dialect of git-config that cloud.conf is written in (https://pkg.go.dev/gopkg.in/gcfg.v1).
 * `ini` alone cannot: it cuts quoted parts inside a value, splits section names on dots, turns `true` into a boolean and
 * passes over what it does not understand. It is used where the two agree, on double-quoted text.
 */
export const parseGcfg = (file: string, source: string): Either.Either<ReadonlyArray<GcfgEntry>, GcfgSyntaxError> => {
  const text = source.startsWith("\uFEFF") ? source.slice(1) : source
  return Either.mapLeft(readAll(text), ({ at, problem }) => {
    const before = text.slice(0, at)
    const column = at - before.lastIndexOf("\n")
    return new GcfgSyntaxError({ file, line: newlines(before) + 1, column, problem })
  })
}
