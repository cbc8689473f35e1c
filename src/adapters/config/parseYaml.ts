import { Either } from "effect"
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLParseError
} from "yaml"
import type { ConfigFile } from "./configFile.ts"
import type { ConfigProblem, Place } from "./problems.ts"
import type { YamlKeys, YamlTree } from "./yamlTree.ts"

const mostNodes = 20_000
const deepestNode = 20

/** What the parser's own messages say without the pieces of the file, perhaps of a password, that they quote. */
const phrases: Partial<Record<YAMLParseError["code"], string>> = {
  BAD_INDENT: "is not indented like the lines around it, or a bracket is not closed",
  BAD_SCALAR_START: "starts with a character that needs quotes around the value",
  BAD_ALIAS: "has an alias without a name",
  BAD_DQ_ESCAPE: "has an unknown escape inside double quotes",
  BLOCK_AS_IMPLICIT_KEY: "has two keys on one line, or a value that needs quotes because of its colon",
  DUPLICATE_KEY: "repeats a key",
  MISSING_CHAR: "lacks a closing quote or bracket, or a colon behind a key",
  MULTIPLE_DOCS: "starts a second document; write one",
  TAB_AS_INDENT: "is indented with a tab; write spaces"
}

const isMissing = (plain: boolean, text: string) => text === "" || (plain && /^(~|null)$/i.test(text))

/** Builds the tree by hand, as the library's own values forget where they stand and how a number was written. */
const readTree = (
  document: Document,
  at: (offset: number | undefined, problem: string) => ConfigProblem & { readonly place: Place }
): Either.Either<YamlTree | undefined, ConfigProblem> => {
  let visited = 0
  let refusal: ConfigProblem | undefined

  const read = (node: unknown, depth: number): YamlTree | undefined => {
    visited += 1
    if (depth > deepestNode || visited > mostNodes) {
      refusal ??= at(undefined, "holds more, or deeper nested, settings than a list of clouds needs")
      return undefined
    }
    if (isAlias(node)) {
      const anchored = node.resolve(document)
      if (anchored === undefined) refusal ??= at(node.range?.[0], "has an alias to no anchor above it")
      return read(anchored, depth + 1)
    }
    if (isScalar(node)) {
      const text = String(node.value)
      return isMissing(node.type === "PLAIN", text) ? undefined : { _tag: "Text", text, place: placeOf(node) }
    }
    if (isSeq(node)) {
      const items = node.items.flatMap((item) => read(item, depth + 1) ?? [])
      return { _tag: "List", items, place: placeOf(node) }
    }
    return isMap(node) ? readPairs(node.items, placeOf(node), depth) : undefined
  }

  const placeOf = (node: { readonly range?: readonly [number, number, number] | null | undefined }): Place =>
    at(node.range?.[0], "").place

  /** The key `<<` puts other maps below this one: https://yaml.org/type/merge.html */
  const readPairs = (pairs: ReadonlyArray<Pair>, place: Place, depth: number): YamlKeys => {
    const keys = new Map<string, YamlTree>()
    const lower: Array<YamlTree> = []
    for (const pair of pairs) {
      const value = read(pair.value, depth + 1)
      if (!isScalar(pair.key) || value === undefined) continue
      if (pair.key.value !== "<<") keys.set(String(pair.key.value), value)
      else lower.push(...(value._tag === "List" ? value.items : [value]))
    }
    const own: YamlKeys = { _tag: "Keys", keys, place }
    return lower.reduce<YamlKeys>((over, under) => (under._tag === "Keys" ? mergeShallow(over, under) : over), own)
  }

  const tree = read(document.contents, 0)
  return refusal === undefined ? Either.right(tree) : Either.left(refusal)
}

/** A merge key fills in whole keys and does not reach into them. */
const mergeShallow = (over: YamlKeys, under: YamlKeys): YamlKeys => ({
  ...over,
  keys: new Map([...under.keys, ...over.keys])
})

/** Reads one YAML document of keys. The failure says where the text breaks the grammar and quotes nothing of it. */
export const parseYaml = ({ path, text }: ConfigFile): Either.Either<YamlKeys, ConfigProblem> => {
  const lines = new LineCounter()
  const document = parseDocument(text, { schema: "failsafe", prettyErrors: false, lineCounter: lines })
  const at = (offset: number | undefined, problem: string) => ({
    place: { file: path, line: offset === undefined ? undefined : lines.linePos(offset).line },
    section: undefined,
    key: undefined,
    problem
  })
  const [error] = document.errors
  if (error !== undefined) {
    const what = phrases[error.code] ?? `is no YAML (${error.code.toLowerCase().replaceAll("_", " ")})`
    const { line, col } = lines.linePos(error.pos[0])
    return Either.left({ ...at(undefined, what), place: { file: path, line, column: col } })
  }
  return Either.flatMap(readTree(document, at), (tree): Either.Either<YamlKeys, ConfigProblem> => {
    if (tree === undefined) return Either.right({ _tag: "Keys", keys: new Map(), place: { file: path, line: 1 } })
    return tree._tag === "Keys" ? Either.right(tree) : Either.left(at(0, "is no YAML of keys and values"))
  })
}
