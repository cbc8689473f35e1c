import { Either } from "effect"
import { type ApiFault, badRequest } from "./apiFaults.ts"
import { isObject, type Json, type JsonObject, pythonRepr, pythonText } from "./json.ts"

/** What is wrong with the value of a field, in the words of the validation that OpenStack uses. */
export type Rule = (value: Json) => string | undefined

export const invalidField = (field: string, value: Json | undefined, problem: string): ApiFault =>
  badRequest(`Invalid input for field/attribute ${field}. Value: ${pythonText(value)}. ${problem}`)

export interface BodyRules {
  readonly required?: ReadonlyArray<string>
  readonly fields: Readonly<Record<string, Rule>>
  /** Whether other fields are let through. */
  readonly additional: boolean
}

/** The one member of a request body that matters, checked. */
export const memberOf = (
  body: Json | undefined,
  name: string,
  rules: BodyRules
): Either.Either<JsonObject, ApiFault> => {
  const member = isObject(body) ? body[name] : undefined
  if (member === undefined) return Either.left(badRequest(`'${name}' is a required property`))
  if (!isObject(member)) return Either.left(invalidField(name, member, `${pythonRepr(member)} is not of type 'object'`))
  if (!rules.additional) {
    const unknown = Object.keys(member).filter((field) => rules.fields[field] === undefined)
    if (unknown.length > 0) {
      const names = unknown.map((field) => `'${field}'`).join(", ")
      const were = unknown.length === 1 ? "was" : "were"
      return Either.left(
        invalidField(name, member, `Additional properties are not allowed (${names} ${were} unexpected)`)
      )
    }
  }
  for (const field of rules.required ?? []) {
    if (member[field] === undefined) {
      return Either.left(invalidField(name, member, `'${field}' is a required property`))
    }
  }
  for (const [field, rule] of Object.entries(rules.fields)) {
    const value = member[field]
    if (value === undefined) continue
    if (field === "metadata" && isObject(value)) {
      const wrong = Object.entries(value).find(([, text]) => typeof text !== "string")
      if (wrong !== undefined) {
        return Either.left(invalidField(wrong[0], wrong[1], `${pythonRepr(wrong[1])} is not of type 'string'`))
      }
    }
    const problem = rule(value)
    if (problem !== undefined) return Either.left(invalidField(field, value, problem))
  }
  return Either.right(member)
}

export const anything: Rule = () => undefined

export const textOrNull: Rule = (value) =>
  value === null || typeof value === "string" ? undefined : `${pythonRepr(value)} is not of type 'string', 'null'`

export const shortTextOrNull: Rule = (value) =>
  typeof value === "string" && value.length > 255 ? `${pythonRepr(value)} is too long` : textOrNull(value)

export const filledTextOrNull: Rule = (value) => (value === "" ? "'' is too short" : shortTextOrNull(value))

export const objectOrNull: Rule = (value) =>
  value === null || isObject(value) ? undefined : `${pythonRepr(value)} is not of type 'object', 'null'`

const uuidPattern = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i

const isUuid = (value: Json): boolean => typeof value === "string" && uuidPattern.test(value)

export const uuid: Rule = (value) => (isUuid(value) ? undefined : `${pythonRepr(value)} is not a 'uuid'`)

/** Where the schema allows null beside it, the refusal is worded otherwise. */
export const uuidOrNull: Rule = (value) =>
  value === null || isUuid(value) ? undefined : `${pythonRepr(value)} is not valid under any of the given schemas`

export const boolean: Rule = (value) =>
  typeof value === "boolean" || (typeof value === "string" && /^(?:true|false|1|0|yes|no|on|off|t|f|y|n)$/i.test(value))
    ? undefined
    : `${pythonRepr(value)} is not of type 'boolean'`

const largestSize = 2_147_483_647

/** A number of GiB, or its digits. */
export const size =
  (kinds: string): Rule =>
  (value) => {
    if (typeof value === "string") {
      return /^[0-9]+$/.test(value) ? undefined : `${pythonRepr(value)} does not match '^[0-9]+$'`
    }
    if (typeof value !== "number" || !Number.isInteger(value)) return `${pythonRepr(value)} is not of type ${kinds}`
    if (value < 1) return `${value} is less than the minimum of 1`
    return value > largestSize ? `${value} is greater than the maximum of ${largestSize}` : undefined
  }

export const oneOf =
  (...texts: ReadonlyArray<string>): Rule =>
  (value) =>
    typeof value === "string" && texts.includes(value)
      ? undefined
      : `${pythonRepr(value)} is not one of ${pythonRepr(texts)}`

/** Reading of fields that have passed their rules; null counts as absent. */
export const textIn = (member: JsonObject, field: string): string | undefined => {
  const value = member[field]
  return typeof value === "string" ? value : undefined
}

export const filledIn = (member: JsonObject, field: string): string | undefined => textIn(member, field) || undefined

export const numberIn = (member: JsonObject, field: string): number | undefined => {
  const value = member[field]
  return value === undefined || value === null ? undefined : Number(value)
}

export const flagIn = (member: JsonObject, field: string): boolean | undefined => {
  const value = member[field]
  if (typeof value === "boolean") return value
  return typeof value === "string" ? /^(?:true|1|yes|on|t|y)$/i.test(value) : undefined
}

export const textsIn = (member: JsonObject, field: string): Readonly<Record<string, string>> | undefined => {
  const value = member[field]
  if (!isObject(value)) return undefined
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, pythonText(text)]))
}
