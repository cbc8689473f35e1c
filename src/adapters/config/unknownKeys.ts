import { sections } from "./keys.ts"
import { nearest } from "./nearest.ts"
import { type ConfigWarning, sectionTitle } from "./problems.ts"
import type { PlacedEntry } from "./settings.ts"

/** Sections of the cloud controller manager, which often reads the same file. */
const foreignSections = new Set(["loadbalancer", "loadbalancerclass", "networking", "route"])
const obsoleteKeys = new Set(["bs-version", "trust-device-path"])

const knownSections = new Map(
  Object.entries(sections).map(([name, { fields }]) => [name.toLowerCase(), { name, keys: Object.keys(fields) }])
)

const didYouMean = (hint: string | undefined) => (hint === undefined ? "" : `; did you mean ${hint}?`)

/**
 * Why an entry has no effect, or undefined if it has one. A key without a value and close to no known key may be the rest
 * of a secret that was broken over two lines, so it is not repeated.
 */
export const warnOfUnknown = (entry: PlacedEntry): ConfigWarning | undefined => {
  const { section, subsection, key, value, file, line } = entry
  if (foreignSections.has(section)) return undefined
  const known = knownSections.get(section)
  const title = sectionTitle(known?.name ?? section, subsection)
  const warning = (problem: string, named = true): ConfigWarning => ({
    place: { file, line },
    section: title,
    key: named ? key : undefined,
    problem
  })
  if (known === undefined || (subsection !== "" && section !== "global")) {
    const means =
      known === undefined
        ? nearest(
            section,
            [...knownSections.values()].map(({ name }) => name)
          )
        : known.name
    return warning(
      `has no effect, since this driver knows no such section${didYouMean(means && `[${means}]`)}`,
      value !== true
    )
  }
  if (known.keys.includes(key)) return undefined
  if (obsoleteKeys.has(key)) return warning("is obsolete and has no effect")
  const hint = nearest(key, known.keys)
  return value === true && hint === undefined
    ? warning("has a line that is no known key and has no value", false)
    : warning(`is not known and has no effect${didYouMean(hint)}`)
}
