import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import fc from "fast-check"
import { parseGcfg } from "../../../src/adapters/config/gcfg.ts"

const entriesOf = (text: string) => Either.getOrThrow(parseGcfg("cloud.conf", text))
const readValue = (written: string) => entriesOf(`[Global]\nkey = ${written}`)[0]?.value
const messageOf = (text: string) =>
  Either.match(parseGcfg("cloud.conf", text), { onLeft: ({ message }) => message, onRight: () => "accepted" })

/** Writes any text as one double-quoted gcfg value; a raw carriage return cannot be written at all. */
const quote = (text: string) =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`
const anyText = fc.string({ unit: "binary" }).map((text) => text.replace(/[\r\0]/g, ""))

describe("a value in cloud.conf", () => {
  it.each([
    ["plain text", "secret", "secret"],
    ["blanks around it", "  \t secret \t ", "secret"],
    ["a Windows line end", "secret\r", "secret"],
    ["blanks between words", "a  b", "a  b"],
    ["nothing", "", ""],
    ["quotes", '"secret"', "secret"],
    ["blanks inside quotes", '"  secret "', "  secret "],
    ["comment signs inside quotes", '"pa#ss;word"', "pa#ss;word"],
    ["quotes in its middle", 'a" # "b', "a # b"],
    ["several quoted parts", '"a" "b"', "a b"],
    ["escapes inside quotes", String.raw`"\"\\\n\t"`, '"\\\n\t'],
    ["an escaped quote outside quotes", String.raw`a\"b`, 'a"b'],
    ["a raw tab inside quotes", '"a\tb"', "a\tb"],
    ["a line separator inside quotes", '"a\u2028b"', "a\u2028b"],
    ["a comment behind it", "secret # note", "secret"],
    ["a comment glued to it", "secret;note", "secret"],
    ["a continuation", "a \\\n  b", "a   b"],
    ["a continuation on Windows", "a\\\r\nb", "ab"],
    ["single quotes, which mean nothing", "'secret'", "'secret'"],
    ["a second equals sign", "a=b==", "a=b=="],
    ["the word true", "true", "true"],
    ["the word null", "null", "null"],
    ["a bracket", "[x]", "[x]"],
    ["letters beyond ASCII", "pässwörd✓", "pässwörd✓"]
  ])("may hold %s", (_, written, value) => assert.strictEqual(readValue(written), value))

  it("is true for a key without an equals sign", () =>
    assert.strictEqual(entriesOf("[Global]\nkey # note")[0]?.value, true))

  it("reads back whatever text a writer put in quotes", () =>
    fc.assert(fc.property(anyText, (text) => assert.strictEqual(readValue(quote(text)), text))))

  it("reads back a text that is quoted in pieces", () =>
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1 }), (parts) =>
        assert.strictEqual(readValue(parts.map(quote).join("")), parts.join(""))
      )
    ))
})

describe("sections and keys of cloud.conf", () => {
  it("come in file order, with the line of the key", () =>
    assert.deepStrictEqual(
      entriesOf('\uFEFF# note\n[Global] ; note\r\n  Auth-URL = a\\\nb\n\n[global "North"]\nregion\n[ BlockStorage ]'),
      [
        { section: "global", subsection: "", key: "auth-url", value: "ab", line: 3 },
        { section: "global", subsection: "North", key: "region", value: true, line: 7 }
      ]
    ))

  it("keep every occurrence of a key", () =>
    assert.deepStrictEqual(
      entriesOf("[Global]\na=1\nA=2").map(({ key, value }) => [key, value]),
      [
        ["a", "1"],
        ["a", "2"]
      ]
    ))

  it("may have a subsection with quotes and backslashes", () =>
    assert.strictEqual(entriesOf('[Global "a\\"\\\\b"]\nx=1')[0]?.subsection, 'a"\\b'))

  it("may be absent altogether", () => assert.deepStrictEqual(entriesOf("  \n# only a comment"), []))

  it("are found in any number of lines", () => {
    const lines = 20_000
    assert.strictEqual(entriesOf(`[Global]${"\nkey = value".repeat(lines)}`).at(-1)?.line, lines + 1)
  })
})

describe("text that breaks the grammar of cloud.conf", () => {
  it.each([
    ["a key before any section", "a=1", "cloud.conf:1:1: a key stands before the first [section]"],
    [
      "an empty subsection",
      '[Global ""]',
      "cloud.conf:1:9: the subsection name is empty; the section without a subsection is written [Global]"
    ],
    [
      "a dotted section",
      "[a.b]",
      'cloud.conf:1:3: expected ] behind the section name; a subsection is written in quotes: [Global "name"]'
    ],
    [
      "a section without a bracket",
      "[Global\na=1",
      'cloud.conf:1:8: expected ] behind the section name; a subsection is written in quotes: [Global "name"]'
    ],
    ["a section without a name", "[ ]", "cloud.conf:1:3: expected a section name made of letters, digits and dashes"],
    ["a key behind a section", "[Global] a=1", "cloud.conf:1:10: expected the end of the line or a comment"],
    [
      "an unclosed subsection",
      '[Global "a]',
      'cloud.conf:1:9: the subsection name needs a closing quote, and only \\" and \\\\ may be escaped in it'
    ],
    [
      "a key with an underscore",
      "[Global]\n\nauth_url=1",
      "cloud.conf:3:5: keys are written with dashes, not with underscores"
    ],
    ["a colon for an equals sign", "[Global]\npassword: hunter2", "cloud.conf:2:9: expected = behind the key"],
    [
      "a line that starts with an equals sign",
      "[Global]\n=1",
      "cloud.conf:2:1: expected a [section] or a key made of letters, digits and dashes"
    ],
    ["an unclosed quote", '[Global]\npassword = "hunter2\n', "cloud.conf:2:12: the quote is not closed on this line"],
    [
      "an unknown escape",
      '[Global]\npassword = "hun\\ter\\2"',
      'cloud.conf:2:20: unknown escape; inside quotes write \\\\, \\", \\n or \\t'
    ],
    [
      "a backslash outside quotes",
      "[Global]\npassword = a\\b",
      "cloud.conf:2:13: a backslash outside quotes; put the value in double quotes and write \\\\"
    ],
    ["a NUL", "[Global]\npassword = a\0b", "cloud.conf:2:13: a NUL character"]
  ])("is refused where it stands: %s", (_, text, message) => assert.strictEqual(messageOf(text), message))

  it("never makes the reader throw", () => {
    const piece = fc.constantFrom(
      "[",
      "]",
      '"',
      "\\",
      "=",
      "#",
      ";",
      "\n",
      "\r",
      " ",
      "_",
      ".",
      "a",
      "[Global]\n",
      "é",
      "\0",
      "\uD800"
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(piece).map((pieces) => pieces.join(""))
        ),
        (text) => {
          parseGcfg("cloud.conf", text)
        }
      )
    )
  })

  it("is refused without repeating any of it, since it may be a secret", () => {
    const secret = fc.stringMatching(/^[A-Z]{8,20}$/)
    const around = fc.constantFrom(
      'password = "@\n',
      "password = @\\x",
      "password: @",
      "@ @",
      '[Global "@]',
      "@_@",
      "=@",
      '"@"'
    )
    fc.assert(
      fc.property(secret, around, (text, template) => {
        const message = messageOf(`[Global]\n${template.replaceAll("@", text)}`)
        assert.notStrictEqual(message, "accepted")
        assert.notInclude(message, text)
      })
    )
  })
})
