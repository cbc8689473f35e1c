interface Entry<Row> {
  readonly row: Row
  /** Grows with every new row: the order of creation. */
  readonly sequence: number
}

/** Rows by id in the order of their creation, with look-ups by other fields whose values need not be unique. */
export interface IndexedTable<Row extends { readonly id: string }, Field extends string> {
  readonly get: (id: string) => Row | undefined
  /** Adds the row, or replaces the one of the same id where it stands. */
  readonly put: (row: Row) => void
  readonly remove: (id: string) => void
  readonly entries: () => ReadonlyArray<Entry<Row>>
  readonly entriesWhere: (field: Field, value: string) => ReadonlyArray<Entry<Row>>
  readonly rowsWhere: (field: Field, value: string) => ReadonlyArray<Row>
  readonly entry: (id: string) => Entry<Row> | undefined
}

export const makeIndexedTable = <Row extends { readonly id: string }, Field extends string>(
  fields: Readonly<Record<Field, (row: Row) => string | undefined>>
): IndexedTable<Row, Field> => {
  const byId = new Map<string, Entry<Row>>()
  const indexes = new Map<
    string,
    { readonly of: (row: Row) => string | undefined; readonly ids: Map<string, Set<string>> }
  >()
  for (const [field, of] of Object.entries<(row: Row) => string | undefined>(fields)) {
    indexes.set(field, { of, ids: new Map() })
  }
  let last = 0

  const unindex = (row: Row) => {
    for (const { of, ids } of indexes.values()) {
      const value = of(row)
      const same = value === undefined ? undefined : ids.get(value)
      if (value === undefined || same === undefined) continue
      same.delete(row.id)
      if (same.size === 0) ids.delete(value)
    }
  }

  const index = (row: Row) => {
    for (const { of, ids } of indexes.values()) {
      const value = of(row)
      if (value === undefined) continue
      const same = ids.get(value)
      if (same === undefined) ids.set(value, new Set([row.id]))
      else same.add(row.id)
    }
  }

  const entriesWhere = (field: Field, value: string): ReadonlyArray<Entry<Row>> => {
    const found: Array<Entry<Row>> = []
    for (const id of indexes.get(field)?.ids.get(value) ?? []) {
      const entry = byId.get(id)
      if (entry !== undefined) found.push(entry)
    }
    return found.sort((a, b) => a.sequence - b.sequence)
  }

  return {
    get: (id) => byId.get(id)?.row,
    entry: (id) => byId.get(id),
    put: (row) => {
      const former = byId.get(row.id)
      if (former !== undefined) unindex(former.row)
      else last += 1
      byId.set(row.id, { row, sequence: former?.sequence ?? last })
      index(row)
    },
    remove: (id) => {
      const former = byId.get(id)
      if (former === undefined) return
      unindex(former.row)
      byId.delete(id)
    },
    entries: () => [...byId.values()],
    entriesWhere,
    rowsWhere: (field, value) => entriesWhere(field, value).map(({ row }) => row)
  }
}

export interface PageQuery<Row> {
  readonly matches: (row: Row) => boolean
  readonly compare: (a: Row, b: Row) => number
  readonly direction: "asc" | "desc"
  readonly limit: number | undefined
  readonly after: Entry<Row> | undefined
}

/** One page in the order of `compare`, ties in the order of creation. `full` when it is exactly as long as its limit. */
export const pageOf = <Row>(
  entries: ReadonlyArray<Entry<Row>>,
  query: PageQuery<Row>
): { readonly rows: ReadonlyArray<Row>; readonly full: boolean } => {
  const sign = query.direction === "asc" ? 1 : -1
  const order = (a: Entry<Row>, b: Entry<Row>) => sign * (query.compare(a.row, b.row) || a.sequence - b.sequence)
  const { after, limit } = query
  const found = entries.filter((entry) => query.matches(entry.row) && (after === undefined || order(entry, after) > 0))
  found.sort(order)
  const rows = (limit === undefined ? found : found.slice(0, limit)).map(({ row }) => row)
  return { rows, full: limit !== undefined && rows.length === limit }
}
