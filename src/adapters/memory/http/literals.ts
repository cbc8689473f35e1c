import type { Json } from "./json.ts"

/** Just enough of Python's literals for filters: texts, numbers, None, True, False, lists, tuples and dictionaries. */
class Reader {
  private readonly source: string
  private position = 0

  constructor(source: string) {
    this.source = source
  }

  whole(): Json | undefined {
    const value = this.value()
    this.blanks()
    return value !== undefined && this.position === this.source.length ? value : undefined
  }

  private blanks(): void {
    while (/\s/.test(this.source[this.position] ?? "")) this.position += 1
  }

  private takes(text: string): boolean {
    this.blanks()
    if (!this.source.startsWith(text, this.position)) return false
    this.position += text.length
    return true
  }

  private matches(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern.source, "y")
    sticky.lastIndex = this.position
    const found = sticky.exec(this.source)?.[0]
    if (found !== undefined) this.position += found.length
    return found
  }

  private value(): Json | undefined {
    this.blanks()
    const text = this.matches(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/)
    if (text !== undefined) return text.slice(1, -1).replaceAll(/\\(.)/g, "$1")
    const number = this.matches(/-?\d+(?:\.\d+)?(?![\w-])/)
    if (number !== undefined) return Number(number)
    const word = this.matches(/None\b|True\b|False\b/)
    if (word !== undefined) return word === "None" ? null : word === "True"
    if (this.takes("[")) return this.list("]")
    if (this.takes("(")) return this.list(")")
    return this.takes("{") ? this.dictionary() : undefined
  }

  private list(end: string): Json | undefined {
    const items: Array<Json> = []
    while (!this.takes(end)) {
      const item = this.value()
      if (item === undefined) return undefined
      items.push(item)
      if (this.takes(",")) continue
      return this.takes(end) ? items : undefined
    }
    return items
  }

  private dictionary(): Json | undefined {
    const members: Array<readonly [string, Json]> = []
    while (!this.takes("}")) {
      const key = this.value()
      if (key === undefined || !this.takes(":")) return undefined
      const value = this.value()
      if (value === undefined) return undefined
      members.push([`${key}`, value])
      if (this.takes(",")) continue
      return this.takes("}") ? Object.fromEntries(members) : undefined
    }
    return Object.fromEntries(members)
  }
}

/** The value of a filter as Cinder understands it; what is no literal stays the text it is. */
export const literalOf = (text: string): Json => new Reader(text).whole() ?? text
