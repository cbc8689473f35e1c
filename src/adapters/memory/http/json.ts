/** What goes over the wire. A member that is undefined is left out when it is written. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
/** An object of JSON. */
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const textAt = (value: Json | undefined, key: string): string | undefined => {
  const found = isObject(value) ? value[key] : undefined
  return typeof found === "string" ? found : undefined
}

export const objectAt = (value: Json | undefined, key: string): JsonObject | undefined => {
  const found = isObject(value) ? value[key] : undefined
  return isObject(found) ? found : undefined
}

const quoted = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
  return quote === "'" ? `'${escaped.replaceAll("'", "\\'")}'` : `"${escaped}"`
}

/** A value as Python writes it, which is how OpenStack's validation shows the values it refuses. */
export const pythonRepr = (value: Json | undefined): string => {
  if (value === null || value === undefined) return "None"
  if (typeof value === "boolean") return value ? "True" : "False"
  if (typeof value === "string") return quoted(value)
  if (typeof value === "number") return `${value}`
  if (isObject(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    return `{${members.map(([key, member]) => `${quoted(key)}: ${pythonRepr(member)}`).join(", ")}}`
  }
  return `[${[...value].map(pythonRepr).join(", ")}]`
}

/** As `str()` of Python: texts stand without quotes. */
export const pythonText = (value: Json | undefined): string => (typeof value === "string" ? value : pythonRepr(value))
