import type { ConfigWarning } from "./problems.ts"
import { problemAt, type Setting, type Settings } from "./settings.ts"
import type { YamlCloud } from "./yamlCloud.ts"
import { alternatives, loginKeys, loginKinds } from "./yamlKeys.ts"

const isSet = (settings: Settings, key: string): boolean => {
  const value = settings.get(key)?.value
  return value !== undefined && value !== ""
}

const kindsIn = (settings: Settings) => loginKinds.filter((kind) => loginKeys[kind].some((key) => isSet(settings, key)))

interface Login {
  /** The keys of a proof that clouds.yaml gives and that must not play a part. */
  readonly passedOver: ReadonlyArray<string>
  readonly reason: string
  readonly warnings: ReadonlyArray<ConfigWarning>
}

/** cloud.conf chooses the way to log in if it says anything of one, else `auth_type`, else what is there. */
const chooseLogin = (title: string, written: Settings, { section, settings, login }: YamlCloud): Login => {
  const own = kindsIn(written)
  const offered = kindsIn(settings)
  const others = (kinds: ReadonlyArray<string>) =>
    loginKinds.filter((kind) => !kinds.includes(kind)).flatMap((kind) => [...loginKeys[kind]])
  if (own.length > 0) return { passedOver: others(own), reason: `${title} has credentials`, warnings: [] }
  if (login === undefined) return { passedOver: [], reason: "", warnings: [] }
  const { kind, type, place } = login
  if (offered.includes(kind)) return { passedOver: others([kind]), reason: `auth_type is ${type}`, warnings: [] }
  const problem = `asks for ${type}, whose credentials are missing, so those that are there are used`
  return {
    passedOver: [],
    reason: "",
    warnings: offered.length === 0 ? [] : [{ place, section, key: "auth_type", problem }]
  }
}

/** Where nobody names a domain, `default_domain` is that of the user and of the project. */
const defaultDomains = (settings: Settings, domain: Setting | undefined): Settings => {
  const common = isSet(settings, "domain-id") || isSet(settings, "domain-name")
  if (domain === undefined || common) return new Map()
  const kinds = ["user", "tenant"].filter(
    (kind) => !isSet(settings, `${kind}-domain-id`) && !isSet(settings, `${kind}-domain-name`)
  )
  return new Map(kinds.map((kind): [string, Setting] => [`${kind}-domain-id`, domain]))
}

/** What `[Global]` and its entry of clouds.yaml say together. What `[Global]` says wins; an empty value says nothing. */
export const mergeYaml = (
  title: string,
  written: Settings,
  yaml: YamlCloud
): { readonly settings: Settings; readonly warnings: ReadonlyArray<ConfigWarning> } => {
  const { passedOver, reason, warnings } = chooseLogin(title, written, yaml)
  const doubled = alternatives.filter((keys) => keys.some((key) => isSet(written, key))).flat()
  const dropped = new Set<string>([...passedOver, ...doubled])
  const settings = new Map(written)
  for (const [key, setting] of yaml.settings) {
    if (!dropped.has(key) && !isSet(written, key)) settings.set(key, setting)
  }
  for (const [key, setting] of defaultDomains(settings, yaml.defaultDomain)) settings.set(key, setting)
  const unused = passedOver.filter((key) => isSet(yaml.settings, key))
  return {
    settings,
    warnings: [
      ...warnings,
      ...unused.map((key) => problemAt(title, yaml.settings, key, `is not used, because ${reason}`))
    ]
  }
}
