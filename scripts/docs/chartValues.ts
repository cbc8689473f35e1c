import { isMap, isNode, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml"

/** A value that a user of the chart may set. */
export interface ChartValue {
  readonly path: string
  /** As JSON; undefined where the chart leaves it to its templates. */
  readonly default: string | undefined
  /** The comment in values.yaml, without what follows it as an example. */
  readonly comment: string
  /** The comment, or that of what it lies in, says that the Go driver's chart does not have it. */
  readonly isNew: boolean
}

/** Maps of Kubernetes' own kinds: each is one value, whatever is in it. */
const kubernetesOwn =
  /(^|\.)(resources|affinity|nodeSelector|strategy|updateStrategy|podSecurityContext|securityContext)$/

/** Examples are set in by more than a space, or are items of a list. */
const isExample = (line: string): boolean => /^( {2,}|- |\d\. )/.test(line)

const sentencesIn = (comment: string): string => {
  const lines = comment.split("\n").map((line) => line.replace(/^ /, ""))
  const example = lines.findIndex(isExample)
  return lines
    .slice(0, example < 0 ? undefined : example)
    .join(" ")
    .replace(/,? such as:$|:$/, "")
    .trim()
}

const keyOf = ({ key }: Pair): string => (isScalar(key) ? String(key.value) : String(key))

/** What stands before the first key of a map is the map's for the parser. */
const commentOf = (map: YAMLMap, pair: Pair): string => {
  const own = isScalar(pair.key) ? pair.key.commentBefore : undefined
  return sentencesIn(own ?? (map.items[0] === pair ? map.commentBefore : undefined) ?? "")
}

/** Every value of a values.yaml, in its order. */
export const chartValues = (text: string): ReadonlyArray<ChartValue> => {
  const document = parseDocument(text)
  const valuesIn = (map: YAMLMap, above: string, newAbove: boolean): ReadonlyArray<ChartValue> =>
    map.items.flatMap((pair) => {
      const path = above === "" ? keyOf(pair) : `${above}.${keyOf(pair)}`
      const words = commentOf(map, pair)
      const isNew = newAbove || /^New\./.test(words)
      const { value } = pair
      if (isMap(value) && value.items.length > 0 && !kubernetesOwn.test(path)) return valuesIn(value, path, isNew)
      const plain: unknown = isNode(value) ? value.toJS(document) : undefined
      const preset = plain === null || plain === undefined ? undefined : JSON.stringify(plain)
      return [{ path, default: preset, comment: words.replace(/^New\. ?/, ""), isNew }]
    })
  return isMap(document.contents) ? valuesIn(document.contents, "", false) : []
}
