import { Either } from "effect"
import type { ListVolumesRequest, TimeBound, TimeOperator } from "../worldRequests.ts"
import { type ApiFault, badRequest } from "./apiFaults.ts"
import { isObject, type Json, pythonText } from "./json.ts"
import { literalOf } from "./literals.ts"

export type VolumeFilters = Omit<ListVolumesRequest, "sort" | "limit" | "marker">

const operators: Readonly<Record<string, TimeOperator>> = {
  gt: "gt",
  gte: "gte",
  eq: "eq",
  neq: "neq",
  lt: "lt",
  lte: "lte"
}

const timePattern = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/

const instantOf = (text: string): number | undefined => {
  if (!timePattern.test(text)) return undefined
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10))
  const millis = Date.parse(hasZone || text.length === 10 ? text : `${text}Z`)
  return Number.isNaN(millis) ? undefined : millis
}

/** Several bounds come separated by commas. */
const timeBounds = (text: string): Either.Either<ReadonlyArray<TimeBound>, ApiFault> =>
  Either.all(
    text.split(",").map((part) => {
      const colon = part.indexOf(":")
      const word = colon < 0 ? part : part.slice(0, colon)
      const operator = operators[word]
      if (operator === undefined) return Either.left(badRequest(`Invalid ${word} operator`))
      const value = part.slice(colon + 1)
      const millis = instantOf(value)
      return millis === undefined
        ? Either.left(badRequest(`Invalid ${value} value`))
        : Either.right({ operator, millis })
    })
  )

/** A list literal means any of its members. */
const anyOf = (text: string): ReadonlyArray<string> => {
  const value = literalOf(text)
  const members: ReadonlyArray<Json> = Array.isArray(value) ? value : [value]
  return members.map(pythonText)
}

/** Cinder on MariaDB compares without regard to case. */
export const statusesIn = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.map((text) => text.toLowerCase())

/** Undefined: the filter is no map, which no row matches. */
export const pairsOf = (text: string): Readonly<Record<string, string>> | undefined => {
  const value = literalOf(text)
  if (!isObject(value)) return undefined
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, pythonText(member)]))
}

const booleanOf = (text: string): Either.Either<boolean, ApiFault> => {
  const word = text.toLowerCase()
  if (["true", "1", "t", "y", "yes", "on"].includes(word)) return Either.right(true)
  if (["false", "0", "f", "n", "no", "off"].includes(word)) return Either.right(false)
  return Either.left(badRequest(`Invalid input received: bootable={'${text}'}`))
}

/** No volume of the World has any of these. */
const neverSet = ["migration_status", "group_id", "glance_metadata"]

/** The filters in the World's terms; undefined: no volume can match them. */
export const volumeFiltersOf = (
  filters: ReadonlyMap<string, string>
): Either.Either<VolumeFilters | undefined, ApiFault> =>
  Either.gen(function* () {
    const status = filters.get("status")
    const metadata = filters.get("metadata")
    const zone = filters.get("availability_zone")
    const size = filters.get("size")
    const bootable = filters.get("bootable")
    const createdAt = filters.get("created_at")
    const updatedAt = filters.get("updated_at")
    const pairs = metadata === undefined ? undefined : pairsOf(metadata)
    const request: VolumeFilters = {
      name: filters.get("name"),
      status: status === undefined ? undefined : statusesIn(anyOf(status)),
      metadata: pairs,
      zone: zone === undefined ? undefined : anyOf(zone),
      sizeGiB: size === undefined ? undefined : Number(size),
      bootable: bootable === undefined ? undefined : yield* booleanOf(bootable),
      createdAt: createdAt === undefined ? undefined : yield* timeBounds(createdAt),
      updatedAt: updatedAt === undefined ? undefined : yield* timeBounds(updatedAt)
    }
    const impossible =
      (metadata !== undefined && pairs === undefined) ||
      filters.get("consumes_quota")?.toLowerCase() === "false" ||
      neverSet.some((name) => (filters.get(name) ?? "None") !== "None")
    return impossible ? undefined : request
  })
