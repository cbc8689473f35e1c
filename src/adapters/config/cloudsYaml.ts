import { Either } from "effect"
import { keysAt, mergeKeys, textAt, type YamlKeys, type YamlTree } from "./yamlTree.ts"

/** One entry of clouds.yaml: https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html */
export interface CloudEntry {
  readonly name: string
  /** Path of clouds.yaml. */
  readonly file: string
  readonly tree: YamlKeys
}

const quoted = (names: Iterable<string>) => [...names].map((name) => JSON.stringify(name)).join(", ")

/**
 * The entry of that name, or the only one there is, with what secure.yaml says of it on top. The failure continues the path
 * of clouds.yaml.
 */
export const pickEntry = (
  clouds: YamlKeys,
  secure: YamlKeys | undefined,
  wanted: string | undefined
): Either.Either<CloudEntry, string> => {
  const open = keysAt(clouds, "clouds")?.keys ?? new Map<string, YamlTree>()
  const secret = keysAt(secure, "clouds")?.keys ?? new Map<string, YamlTree>()
  const names = [...(open.size > 0 ? open : secret).keys()]
  const [only, ...others] = names
  if (wanted === undefined && only === undefined) return Either.left("lists no cloud below the key clouds")
  if (wanted === undefined && others.length > 0) {
    return Either.left(`lists the clouds ${quoted(names)}; choose one with the key cloud, or with OS_CLOUD`)
  }
  const name = wanted ?? only ?? ""
  const found = [secret.get(name), open.get(name)].flatMap((tree) => tree ?? [])
  const [upper, ...lower] = found.flatMap((tree) => (tree._tag === "Keys" ? [tree] : []))
  if (found.length === 0) {
    const there = names.length === 0 ? "nor any other" : `only ${quoted(names)}`
    return Either.left(`has no cloud ${JSON.stringify(name)}, ${there}`)
  }
  return upper === undefined || lower.length + 1 < found.length
    ? Either.left(`has a cloud ${JSON.stringify(name)} without keys of its own`)
    : Either.right({ name, file: clouds.place.file, tree: lower.reduce(mergeKeys, upper) })
}

/** The entry of clouds-public.yaml whose values this one takes where it has none. `profile` wins over its older name `cloud`. */
export const profileOf = ({ tree }: CloudEntry) => textAt(tree, "profile") ?? textAt(tree, "cloud")

/** The failure continues the path of clouds-public.yaml. */
export const withProfile = (
  entry: CloudEntry,
  profile: string,
  publicClouds: YamlKeys
): Either.Either<CloudEntry, string> => {
  const profiles = keysAt(publicClouds, "public-clouds")
  const defaults = keysAt(profiles, profile)
  if (defaults !== undefined) return Either.right({ ...entry, tree: mergeKeys(entry.tree, defaults) })
  const names = [...(profiles?.keys.keys() ?? [])]
  const there = names.length === 0 ? "nor any other" : `only ${quoted(names)}`
  return Either.left(`has no profile ${JSON.stringify(profile)} below the key public-clouds, ${there}`)
}
