import { Effect } from "effect"
import type { Page, PageRequest } from "../../ports/Cinder.ts"
import type { WorldFault } from "./worldErrors.ts"
import { isPassing, meaningOf } from "./worldFailures.ts"
import type { Page as WorldPage } from "./worldRequests.ts"

export const oldestFirst = { key: "created_at", direction: "asc" } as const

/** Cinder's default cap on the length of a page (`osapi_max_limit`). */
const longestPage = 1000

export const worldPage = ({ limit, marker }: PageRequest) => ({
  limit: Math.min(limit ?? longestPage, longestPage),
  marker,
  sort: oldestFirst
})

export const toPage = <Row extends { readonly id: string }, A>(
  page: WorldPage<Row>,
  toItem: (row: Row) => A
): Page<A> => ({
  items: page.rows.map(toItem),
  next: page.full ? page.rows.at(-1)?.id : undefined
})

/** Reads and deletions may be repeated; without a network between there is nothing to wait for. */
export const repeated = <A>(request: Effect.Effect<A, WorldFault>): Effect.Effect<A, WorldFault> =>
  Effect.retry(request, { times: 3, while: isPassing })

export const isMissing = (fault: WorldFault): boolean => meaningOf(fault) === "notFound"
