/** Recorded ids with the ids they have in the cloud under test. */
export type Ids = Map<string, string>

/** `shape`: members and types alone, where the recording hangs on chance. */
export type Mode = "exact" | "shape"

/** Members whose values are the installation's own; their types are compared all the same. */
const ownValues = new Set([
  "adminPass",
  "audit_ids",
  "container",
  "device_path",
  "host",
  "hostId",
  "object_count",
  "original_name",
  "OS-EXT-SRV-ATTR:host",
  "OS-EXT-SRV-ATTR:hypervisor_hostname",
  "OS-EXT-SRV-ATTR:instance_name",
  "os-vol-host-attr:host",
  "random_seed"
])

/** Maps of the user's making: any keys may be in them. */
const freeMaps = new Set(["metadata", "meta"])

/** In no order worth keeping. */
const unordered: Readonly<Record<string, string>> = { catalog: "type", endpoints: "interface" }

const kindOf = (value: unknown): string => {
  if (value === null) return "null"
  return Array.isArray(value) ? "array" : typeof value
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => kindOf(value) === "object"

const id = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b/gi

/** Times by their form, addresses without the port. */
const generic = (text: string): string =>
  text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?/g, (_, fraction) =>
      fraction === undefined ? "<time>" : "<time.f>"
    )
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, "<host>")

const compareTexts = (recorded: string, actual: string, ids: Ids): string | undefined => {
  const differ = `"${recorded}" became "${actual}"`
  if (generic(recorded.replace(id, "<id>")) !== generic(actual.replace(id, "<id>"))) return differ
  const here = actual.match(id) ?? []
  for (const [position, was] of (recorded.match(id) ?? []).entries()) {
    const is = here[position] ?? ""
    const known = ids.get(was)
    if (known === undefined) ids.set(was, is)
    /** Works of one request have one id in the recording and may have several here. */ else if (
      known !== is &&
      !recorded.includes(`req-${was}`)
    )
      return differ
  }
  return undefined
}

const sorted = (key: string, rows: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const by = unordered[key]
  if (by === undefined) return rows
  const text = (row: unknown) => (isRecord(row) ? `${row[by]}` : "")
  return [...rows].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

/** Every way in which the body differs from the recorded one; learns ids that it meets for the first time. */
export const differences = (
  recorded: unknown,
  actual: unknown,
  ids: Ids,
  mode: Mode,
  path: ReadonlyArray<string> = []
): ReadonlyArray<string> => {
  const at = path.join(".") || "body"
  const key = path.at(-1) ?? ""
  if (kindOf(recorded) !== kindOf(actual)) {
    return mode === "shape" && (recorded === null || actual === null)
      ? []
      : [`${at}: ${JSON.stringify(recorded)} became ${JSON.stringify(actual)}`]
  }
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    if (recorded.length !== actual.length) return [`${at}: ${recorded.length} rows became ${actual.length}`]
    const rows = sorted(key, actual)
    return sorted(key, recorded).flatMap((row, position) =>
      differences(row, rows[position], ids, mode, [...path, `${position}`])
    )
  }
  if (isRecord(recorded) && isRecord(actual)) {
    if (mode === "shape" && freeMaps.has(key)) return []
    const names = [...new Set([...Object.keys(recorded), ...Object.keys(actual)])]
    return names.flatMap((name) => {
      if (!(name in actual)) return [`${at}: lacks ${name}`]
      if (!(name in recorded)) return [`${at}: has ${name} beyond the recording`]
      return differences(recorded[name], actual[name], ids, mode, [...path, name])
    })
  }
  if (mode === "shape" || path.some((name) => ownValues.has(name))) return []
  if (typeof recorded === "string" && typeof actual === "string") {
    const difference = compareTexts(recorded, actual, ids)
    return difference === undefined ? [] : [`${at}: ${difference}`]
  }
  return recorded === actual ? [] : [`${at}: ${recorded} became ${actual}`]
}

/** Headers that clients look at. */
const comparedHeaders = ["openstack-api-version", "x-openstack-nova-api-version", "retry-after", "content-type"]
const presentHeaders = ["www-authenticate", "x-openstack-request-id", "x-subject-token", "location"]

export const headerDifferences = (
  recorded: Readonly<Record<string, string>>,
  actual: Readonly<Record<string, string | undefined>>
): ReadonlyArray<string> => {
  const was = new Map(Object.entries(recorded).map(([name, value]) => [name.toLowerCase(), value]))
  const plain = (value: string | undefined) => value?.split(";")[0]
  return [
    ...comparedHeaders
      .filter((name) => plain(was.get(name)) !== plain(actual[name]))
      .map((name) => `${name}: ${was.get(name)} became ${actual[name]}`),
    ...presentHeaders
      .filter((name) => was.has(name) !== (actual[name] !== undefined))
      .map((name) => `${name} ${was.has(name) ? "is missing" : "is there beyond the recording"}`)
  ]
}
