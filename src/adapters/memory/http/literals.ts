import { Option } from "effect"
import type { Json } from "./json.ts"

/** Just enough of Python's literals for filters: texts, numbers, None, True, False, lists, tuples and dictionaries. */
const readerOf = (source: string) => {
  let position = 0

  const match = (pattern: RegExp): string | undefined => {
    const sticky = new RegExp(pattern.source, "y")
    sticky.lastIndex = position
    const found = sticky.exec(source)?.[0]
    if (found !== undefined) position += found.length
    return found
  }

  const takes = (pattern: RegExp): boolean => {
    match(/\s+/)
    return match(pattern) !== undefined
  }

  const value = (): Option.Option<Json> => {
    match(/\s+/)
    const text = match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/)
    if (text !== undefined) return Option.some(text.slice(1, -1).replaceAll(/\\(.)/g, "$1"))
    const number = match(/-?\d+(?:\.\d+)?(?![\w.-])/)
    if (number !== undefined) return Option.some(Number(number))
    const word = match(/(?:None|True|False)\b/)
    if (word !== undefined) return Option.some(word === "None" ? null : word === "True")
    if (takes(/\[/)) return list(/\]/)
    if (takes(/\(/)) return list(/\)/)
    return takes(/\{/) ? dictionary() : Option.none()
  }

  const list = (end: RegExp): Option.Option<Json> => {
    const items: Array<Json> = []
    while (!takes(end)) {
      const item = value()
      if (Option.isNone(item)) return item
      items.push(item.value)
      if (takes(/,/)) continue
      return takes(end) ? Option.some(items) : Option.none()
    }
    return Option.some(items)
  }

  const dictionary = (): Option.Option<Json> => {
    const members: Array<readonly [string, Json]> = []
    while (!takes(/\}/)) {
      const key = value()
      if (Option.isNone(key) || !takes(/:/)) return Option.none()
      const member = value()
      if (Option.isNone(member)) return member
      members.push([`${key.value}`, member.value])
      if (takes(/,/)) continue
      return takes(/\}/) ? Option.some(Object.fromEntries(members)) : Option.none()
    }
    return Option.some(Object.fromEntries(members))
  }

  return { value, isAtEnd: () => !takes(/[\s\S]/) }
}

/** The value of a filter as Cinder understands it; what is no literal stays the text it is. */
export const literalOf = (text: string): Json => {
  const reader = readerOf(text)
  const value = reader.value()
  return Option.isSome(value) && reader.isAtEnd() ? value.value : text
}
