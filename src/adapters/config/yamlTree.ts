import type { Place } from "./problems.ts"

export interface YamlText {
  readonly _tag: "Text"
  /** As written, whatever it looks like: a project's id may be all digits. */
  readonly text: string
  readonly place: Place
}

/** A key without a value, or with an empty one, is left out. */
export interface YamlKeys {
  readonly _tag: "Keys"
  readonly keys: ReadonlyMap<string, YamlTree>
  readonly place: Place
}

export interface YamlList {
  readonly _tag: "List"
  readonly items: ReadonlyArray<YamlTree>
  readonly place: Place
}

export type YamlTree = YamlText | YamlKeys | YamlList

/** Both, key by key over all levels; `over` wins where both have a value, and its items come first in a list. */
export const mergeTrees = (over: YamlTree, under: YamlTree): YamlTree => {
  if (over._tag === "Keys" && under._tag === "Keys") return mergeKeys(over, under)
  return over._tag === "List" && under._tag === "List" ? { ...over, items: [...over.items, ...under.items] } : over
}

export const mergeKeys = (over: YamlKeys, under: YamlKeys): YamlKeys => {
  const keys = new Map(under.keys)
  for (const [key, value] of over.keys) {
    const lower = keys.get(key)
    keys.set(key, lower === undefined ? value : mergeTrees(value, lower))
  }
  return { ...over, keys }
}

export const keysAt = (tree: YamlTree | undefined, key: string): YamlKeys | undefined => {
  const value = tree?._tag === "Keys" ? tree.keys.get(key) : undefined
  return value?._tag === "Keys" ? value : undefined
}

export const textAt = (tree: YamlTree | undefined, key: string): YamlText | undefined => {
  const value = tree?._tag === "Keys" ? tree.keys.get(key) : undefined
  return value?._tag === "Text" ? value : undefined
}
