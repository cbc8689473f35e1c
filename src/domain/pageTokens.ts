import { Effect } from "effect"
import type { Page, PageRequest } from "../ports/Cinder.ts"
import { type CloudFailure, InvalidInput, UnknownPageToken } from "./errors.ts"

/** Where a page ended: lists are ordered by time of creation, then by id. */
export interface Position {
  readonly createdAt: number
  readonly id: string
}

const shape = /^v1\.([0-9a-z]{1,11})\.(.{1,128})$/s

/** Names a position, not an object, so that it outlives the deletion of the entry. */
export const tokenOf = ({ createdAt, id }: Position): string => `v1.${createdAt.toString(36)}.${id}`

/** The position of a token; undefined if the token is none of ours. */
export const positionOf = (token: string): Position | undefined => {
  const [, time, id] = shape.exec(token) ?? []
  if (time === undefined || id === undefined) return undefined
  const createdAt = Number.parseInt(time, 36)
  return Number.isSafeInteger(createdAt) ? { createdAt, id } : undefined
}

const isAfter = (row: Position, position: Position): boolean =>
  row.createdAt > position.createdAt || (row.createdAt === position.createdAt && row.id > position.id)

export interface Listing<A> {
  readonly entries: ReadonlyArray<A>
  readonly nextToken: string | undefined
}

/**
 * One page for a caller, made of as many pages of the cloud as it takes. `maxEntries` 0 means all. Where Cinder no
 * longer knows the row that a page should follow, the list is read from its start and what came before is left out.
 */
export const listPage = Effect.fnUntraced(function* <A extends Position>(
  fetch: (page: PageRequest) => Effect.Effect<Page<A>, CloudFailure | UnknownPageToken>,
  keep: (row: A) => boolean,
  maxEntries: number,
  token: string
) {
  if (maxEntries < 0) return yield* new InvalidInput({ field: "max_entries", problem: "must not be negative" })
  const start = token === "" ? undefined : positionOf(token)
  if (token !== "" && start === undefined) return yield* new UnknownPageToken({ token })
  const limit = maxEntries === 0 ? undefined : maxEntries
  const isFull = () => maxEntries > 0 && entries.length === maxEntries
  const entries: Array<A> = []
  let last = start
  let marker: string | undefined = start?.id
  let afresh = false
  while (true) {
    const page: Page<A> | undefined = yield* fetch({ limit, marker }).pipe(
      Effect.catchTag("UnknownPageToken", (error) =>
        marker === undefined ? Effect.fail(error) : Effect.succeed(undefined)
      )
    )
    if (page === undefined) {
      marker = undefined
      afresh = true
      continue
    }
    for (const row of page.items) {
      if (afresh && last !== undefined && !isAfter(row, last)) continue
      if (isFull()) return listing(entries, last)
      last = { createdAt: row.createdAt, id: row.id }
      if (keep(row)) entries.push(row)
    }
    if (page.next === undefined) return listing(entries, undefined)
    if (isFull()) return listing(entries, last)
    marker = page.next
  }
})

const listing = <A>(entries: ReadonlyArray<A>, end: Position | undefined): Listing<A> => ({
  entries,
  nextToken: end === undefined ? undefined : tokenOf(end)
})
