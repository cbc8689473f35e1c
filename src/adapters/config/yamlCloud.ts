import { Either } from "effect"
import type { CloudEntry } from "./cloudsYaml.ts"
import { nearest } from "./nearest.ts"
import type { ConfigProblem, ConfigWarning, Place } from "./problems.ts"
import type { Setting, Settings } from "./settings.ts"
import {
  authMembers,
  authTypes,
  entryMembers,
  foreignMember,
  type LoginKind,
  otherAuthMembers,
  otherEntryMembers
} from "./yamlKeys.ts"
import { keysAt, mergeKeys, textAt, type YamlKeys, type YamlTree } from "./yamlTree.ts"

/** An entry of clouds.yaml in the words of cloud.conf. */
export interface YamlCloud {
  /** How the entry is named where one of its keys is meant. */
  readonly section: string
  /** Path of clouds.yaml. */
  readonly file: string
  readonly files: ReadonlyArray<string>
  readonly settings: Settings
  /** What `auth_type` asks for. */
  readonly login: { readonly kind: LoginKind; readonly type: string; readonly place: Place } | undefined
  /** A domain's id, for users and projects whose domain nobody names. */
  readonly defaultDomain: Setting | undefined
  readonly warnings: ReadonlyArray<ConfigWarning>
}

const sectionOf = (name: string) => `cloud ${JSON.stringify(name)}`

interface Region {
  readonly name: string
  readonly values: YamlKeys | undefined
}

/** A region is written as its name, or as a name with values that go over those of the entry. */
const regionName = (item: YamlTree) => (item._tag === "Text" ? item : textAt(item, "name"))?.text

const regionsOf = (tree: YamlKeys): ReadonlyArray<Region> => {
  const regions = tree.keys.get("regions")
  return (regions?._tag === "List" ? regions.items : []).flatMap((item) => {
    const name = regionName(item)
    return name === undefined ? [] : [{ name, values: keysAt(item, "values") }]
  })
}

interface Regional {
  readonly tree: YamlKeys
  readonly region: Setting | undefined
  readonly warnings: ReadonlyArray<ConfigWarning>
}

const chooseRegion = ({ name, tree }: CloudEntry, asked: string | undefined): Regional => {
  const section = sectionOf(name)
  const written = textAt(tree, "region_name")
  const regions = regionsOf(tree)
  const only = regions.length === 1 ? regions[0]?.name : undefined
  const region = asked ?? written?.text ?? only
  const place = written?.place ?? tree.keys.get("regions")?.place ?? tree.place
  const known = regions.map((one) => one.name)
  const problem =
    region === undefined
      ? `is not chosen from ${known.join(", ")}, so the first in the catalogue is used`
      : `${JSON.stringify(region)} is none of the regions ${known.join(", ")}`
  const suspect = regions.length > 0 && (region === undefined || !known.includes(region))
  const values = regions.find((one) => one.name === region)?.values
  return {
    tree: values === undefined ? tree : mergeKeys(values, tree),
    region: region === undefined ? undefined : { value: region, place, shown: { section, key: "region_name" } },
    warnings: suspect ? [{ place, section, key: "region_name", problem }] : []
  }
}

const unknownMembers = (
  section: string,
  tree: YamlKeys,
  known: ReadonlyArray<string>,
  prefix: string
): ReadonlyArray<ConfigWarning> =>
  [...tree.keys].flatMap(([key, { place }]) => {
    if (known.includes(key) || foreignMember.test(key)) return []
    const hint = nearest(key, known)
    const means = hint === undefined ? "" : `; did you mean ${prefix}${hint}?`
    return [{ place, section, key: `${prefix}${key}`, problem: `is not known and has no effect${means}` }]
  })

/** Puts one entry into the words of cloud.conf. `region`, from cloud.conf, wins over the entry's own. */
export const readYamlCloud = (
  entry: CloudEntry,
  files: ReadonlyArray<string>,
  askedRegion: string | undefined
): Either.Either<YamlCloud, ReadonlyArray<ConfigProblem>> => {
  const section = sectionOf(entry.name)
  const { tree, region, warnings } = chooseRegion(entry, askedRegion)
  const problems: Array<ConfigProblem> = []
  const settings = new Map<string, Setting>()

  const refuse = ({ place }: YamlTree, key: string, problem: string) => {
    problems.push({ place, section, key, problem })
  }
  const text = (from: YamlKeys, member: string, prefix = "") => {
    const value = from.keys.get(member)
    if (value === undefined || value._tag === "Text") return value
    refuse(value, `${prefix}${member}`, "needs a single value")
    return undefined
  }
  const take = (from: YamlKeys, members: Readonly<Record<string, string>>, prefix: string) => {
    for (const [member, key] of Object.entries(members)) {
      const written = text(from, member, prefix)
      if (written === undefined) continue
      const value = key === "os-endpoint-type" ? written.text.replace(/URL$/, "") : written.text
      settings.set(key, { value, place: written.place, shown: { section, key: `${prefix}${member}` } })
    }
  }

  const auth = keysAt(tree, "auth")
  const misplaced = tree.keys.get("auth")
  if (misplaced !== undefined && auth === undefined)
    refuse(misplaced, "auth", "needs keys of its own, such as auth_url")
  take(tree, entryMembers, "")
  if (auth !== undefined) take(auth, authMembers, "auth.")
  if (region !== undefined) settings.set("region", region)

  const regions = tree.keys.get("regions")
  const named = regions?._tag === "List" && regions.items.every((item) => regionName(item) !== undefined)
  if (regions !== undefined && !named) refuse(regions, "regions", "needs a list of names, or of keys with a name")
  // Read before, when the profile was put below this entry: what is no text passed for none.
  for (const member of ["profile", "cloud"]) text(tree, member)

  const verify = text(tree, "verify")
  if (verify !== undefined && /^(false|no|off|0)$/i.test(verify.text)) {
    settings.set("tls-insecure", { value: "true", place: verify.place, shown: { section, key: "verify" } })
  } else if (verify !== undefined && !/^(true|yes|on|1)$/i.test(verify.text)) {
    refuse(verify, "verify", `${JSON.stringify(verify.text)} is not accepted; write true or false`)
  }
  const version = text(tree, "identity_api_version")
  if (version !== undefined && !/^v?3(\.\d+)?$/.test(version.text)) {
    refuse(version, "identity_api_version", `${JSON.stringify(version.text)} is not accepted; write 3`)
  }
  const type = text(tree, "auth_type")
  const kind = type === undefined ? undefined : authTypes.get(type.text)
  if (type !== undefined && kind === undefined) {
    const accepted = [...authTypes.keys()].join(", ")
    refuse(type, "auth_type", `${JSON.stringify(type.text)} is not accepted; write one of ${accepted}`)
  }
  const domain = auth === undefined ? undefined : text(auth, "default_domain", "auth.")
  if (problems.length > 0) return Either.left(problems)
  return Either.right({
    section,
    file: entry.file,
    files,
    settings,
    login: type === undefined || kind === undefined ? undefined : { kind, type: type.text, place: type.place },
    defaultDomain:
      domain === undefined
        ? undefined
        : { value: domain.text, place: domain.place, shown: { section, key: "auth.default_domain" } },
    warnings: [
      ...warnings,
      ...unknownMembers(section, tree, [...Object.keys(entryMembers), ...otherEntryMembers], ""),
      ...(auth === undefined
        ? []
        : unknownMembers(section, auth, [...Object.keys(authMembers), ...otherAuthMembers], "auth."))
    ]
  })
}
