import { chartNotes, sidecars } from "./chartNotes.ts"
import { type ChartValue, chartValues } from "./chartValues.ts"
import { code, sentences, table } from "./markdown.ts"

/** What all sidecars have is listed once. */
const ofSidecar = new RegExp(`^csi\\.(?:${sidecars.join("|")})\\.(image\\.\\w+|resources|extraArgs|extraEnv)$`)
const nameOf = ({ path }: ChartValue): string => path.replace(ofSidecar, "csi.SIDECAR.$1")

const grouped = (values: ReadonlyArray<ChartValue>): ReadonlyMap<string, ReadonlyArray<ChartValue>> => {
  const groups = new Map<string, ReadonlyArray<ChartValue>>()
  for (const value of values) groups.set(nameOf(value), [...(groups.get(nameOf(value)) ?? []), value])
  return groups
}

/** Texts of several lines and long maps are for the file itself. */
const longestDefault = 60

const presetOf = (values: ReadonlyArray<ChartValue>): string => {
  const [preset, ...others] = [...new Set(values.map((value) => value.default))]
  if (others.length > 0) return "each its own"
  if (preset === undefined) return ""
  return preset.length > longestDefault ? "see the file" : code(preset)
}

const meaningOf = (name: string, [value]: ReadonlyArray<ChartValue>): string =>
  sentences(value?.comment, chartNotes[name])

/** Values that nobody explains, and explanations of values that are not there. */
export const chartGaps = (values: string): ReadonlyArray<string> => {
  const groups = grouped(chartValues(values))
  return [
    ...[...groups].flatMap(([name, group]) => (meaningOf(name, group) === "" ? [`${name} has no explanation`] : [])),
    ...Object.keys(chartNotes).flatMap((name) => (groups.has(name) ? [] : [`${name} is explained and not there`]))
  ]
}

/** The values of the Helm chart, from its values.yaml. */
export const chartSection = (values: string): string =>
  table(
    ["Value", "Default", "Known to", "Meaning"],
    [...grouped(chartValues(values))].map(([name, group]) => [
      code(name),
      presetOf(group),
      group.some(({ isNew }) => isNew) ? "0.1.0" : "Go driver's chart",
      meaningOf(name, group)
    ])
  )
