import { Effect, Either } from "effect"
import { compareRows, type SortableRow } from "../matching.ts"
import type { Page, Sort } from "../worldRequests.ts"
import { type ApiFault, badRequest, type Refusal } from "./apiFaults.ts"
import type { Json, JsonObject } from "./json.ts"
import type { Call } from "./service.ts"

/** Which rows of a collection a client wants, apart from filters. */
export interface PageQuery {
  /** Never above the cap of the service. */
  readonly size: number
  readonly cap: number
  readonly offset: number
  readonly marker: string | undefined
  readonly sorts: ReadonlyArray<Sort>
  readonly withCount: boolean
}

/** The last value of a repeated parameter counts. */
export const lastValues = (query: Call["query"]): ReadonlyMap<string, string> => new Map(query)

const counted = (name: string, text: string | undefined, fallback: number): Either.Either<number, ApiFault> => {
  if (text === undefined) return Either.right(fallback)
  if (!/^[+-]?\d+$/.test(text.trim())) return Either.left(badRequest(`${name} param must be an integer`))
  const value = Number(text)
  return value < 0 ? Either.left(badRequest(`${name} param must be positive`)) : Either.right(value)
}

const invalidSort = (problem: string) => badRequest(`Invalid input received: ${problem}`)

/** Columns one may sort by that have no meaning in the World leave the order as it is. */
const meaninglessKeys = ["host", "bootable", "volume_type_id", "user_id", "project_id", "volume_id", "launched_at"]

const sortKey = (text: string): Either.Either<Sort["key"] | undefined, ApiFault> => {
  switch (text) {
    case "display_name":
    case "name":
      return Either.right("name")
    case "created_at":
    case "updated_at":
    case "id":
    case "size":
    case "status":
    case "availability_zone":
      return Either.right(text)
    default:
      return meaninglessKeys.includes(text) ? Either.right(undefined) : Either.left(invalidSort("Invalid sort key"))
  }
}

const sortDirection = (text: string): Either.Either<Sort["direction"], ApiFault> =>
  text === "asc" || text === "desc"
    ? Either.right(text)
    : Either.left(invalidSort("Unknown sort direction, must be 'desc' or 'asc'."))

const sortsOf = (values: ReadonlyMap<string, string>): Either.Either<ReadonlyArray<Sort>, ApiFault> =>
  Either.gen(function* () {
    const sort = values.get("sort")
    const legacyKey = values.get("sort_key")
    const legacyDirection = values.get("sort_dir")
    if (sort !== undefined && (legacyKey !== undefined || legacyDirection !== undefined)) {
      return yield* Either.left(
        invalidSort(
          "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter."
        )
      )
    }
    const wanted =
      sort === undefined
        ? legacyKey === undefined && legacyDirection === undefined
          ? []
          : [[legacyKey ?? "created_at", legacyDirection ?? "desc"] as const]
        : sort.split(",").map((part) => {
            const [key = "", direction = "desc"] = part.trim().split(":")
            return [key, direction] as const
          })
    const sorts: Array<Sort> = []
    for (const [key, direction] of wanted) {
      const by = yield* sortKey(key)
      const towards = yield* sortDirection(direction)
      if (by !== undefined) sorts.push({ key: by, direction: towards })
    }
    return sorts
  })

export const pageParameters = ["limit", "marker", "offset", "sort", "sort_key", "sort_dir"]

/** https://docs.openstack.org/api-ref/block-storage/v3/ : limit, offset, marker and sort of every listing. */
export const pageQueryOf = (call: Call, cap: number): Either.Either<PageQuery, ApiFault> =>
  Either.gen(function* () {
    const values = lastValues(call.query)
    const limit = yield* counted("limit", values.get("limit"), cap)
    return {
      size: Math.min(limit, cap),
      cap,
      offset: yield* counted("offset", values.get("offset"), 0),
      marker: values.get("marker"),
      sorts: yield* sortsOf(values),
      withCount: call.minor >= 45 && /^(?:true|1|yes|on|t|y)$/i.test(values.get("with_count") ?? "")
    }
  })

export interface WorldPage {
  readonly sort: Sort | undefined
  readonly limit: number | undefined
  readonly marker: string | undefined
}

export interface Rows<Row> {
  readonly rows: ReadonlyArray<Row>
  readonly count: number | undefined
}

type Lists<Row> = (page: WorldPage) => Effect.Effect<Page<Row>, Refusal>

/** The World sorts by one key; a list of keys is sorted here. */
const sortedByMany = <Row extends SortableRow>(
  list: Lists<Row>,
  query: PageQuery
): Effect.Effect<ReadonlyArray<Row>, Refusal> =>
  Effect.gen(function* () {
    const oldestFirst = { sort: { key: "created_at", direction: "asc" }, limit: undefined, marker: undefined } as const
    if (query.marker !== undefined) yield* list({ ...oldestFirst, limit: 1, marker: query.marker })
    const { rows } = yield* list(oldestFirst)
    const sorted = [...rows].sort((a, b) => {
      for (const { key, direction } of query.sorts) {
        const order = compareRows(key)(a, b)
        if (order !== 0) return direction === "asc" ? order : -order
      }
      return 0
    })
    const after = sorted.findIndex(({ id }) => id === query.marker) + 1
    return sorted.slice(after + query.offset, after + query.offset + query.size)
  })

export const pageFrom = <Row extends SortableRow>(
  list: Lists<Row>,
  query: PageQuery
): Effect.Effect<Rows<Row>, Refusal> =>
  Effect.gen(function* () {
    const count = query.withCount
      ? (yield* list({ sort: undefined, limit: undefined, marker: undefined })).rows.length
      : undefined
    if (query.size === 0) return { rows: [], count }
    if (query.sorts.length > 1) return { rows: yield* sortedByMany(list, query), count }
    const page = yield* list({
      sort: query.sorts[0],
      limit: query.offset + query.size,
      marker: query.marker
    })
    return { rows: page.rows.slice(query.offset), count }
  })

const nextLink = (call: Call, base: string, lastId: string): Json => {
  const parameters = new Map(call.query)
  parameters.set("marker", lastId)
  return [{ rel: "next", href: `${base}${call.path}?${new URLSearchParams([...parameters])}` }]
}

/**
 * A page as the body of an answer. The link to the next page is there whenever the page is full, also when nothing follows,
 * and with a count on every page that is not empty.
 */
export const pageBody = (
  call: Call,
  base: string,
  collection: string,
  query: PageQuery,
  page: Rows<{ readonly id: string }>,
  views: ReadonlyArray<Json>
): JsonObject => {
  const last = page.rows.at(-1)
  const goesOn = last !== undefined && (page.rows.length === query.size || page.count !== undefined)
  return {
    [collection]: views,
    [`${collection}_links`]: goesOn ? nextLink(call, base, last.id) : undefined,
    count: page.count
  }
}
