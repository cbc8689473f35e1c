import type { Sort, TimeBound } from "./worldRequests.ts"

const seconds = (millis: number) => Math.floor(millis / 1000)

const meets = (time: number, bound: TimeBound): boolean => {
  const difference = seconds(time) - seconds(bound.millis)
  switch (bound.operator) {
    case "gt":
      return difference > 0
    case "gte":
      return difference >= 0
    case "eq":
      return difference === 0
    case "neq":
      return difference !== 0
    case "lt":
      return difference < 0
    case "lte":
      return difference <= 0
  }
}

/** One bound is enough: Cinder joins several bounds on one field with OR. A row without the time meets none. */
export const inTime = (time: number | undefined, bounds: ReadonlyArray<TimeBound> | undefined): boolean =>
  bounds === undefined || (time !== undefined && bounds.some((bound) => meets(time, bound)))

export const isOneOf = (value: string, wanted: ReadonlyArray<string> | undefined): boolean =>
  wanted === undefined || wanted.includes(value)

export const isValue = <A>(value: A, wanted: A | undefined): boolean => wanted === undefined || value === wanted

export const hasMetadata = (
  row: { readonly metadata: Readonly<Record<string, string>> },
  wanted: Readonly<Record<string, string>> | undefined
): boolean => Object.entries(wanted ?? {}).every(([key, value]) => row.metadata[key] === value)

export interface SortableRow {
  readonly id: string
  readonly name: string | undefined
  readonly status: string
  readonly sizeGiB: number
  readonly zone: string | undefined
  readonly updatedAt: number | undefined
}

const compareText = (a: string | undefined, b: string | undefined) => {
  if (a === b) return 0
  return (a ?? "") < (b ?? "") ? -1 : 1
}

/** The order by a key; rows of one creation order follow it in ties. */
export const compareRows = (key: Sort["key"]): ((a: SortableRow, b: SortableRow) => number) => {
  switch (key) {
    case "created_at":
      return () => 0
    case "updated_at":
      return (a, b) => (a.updatedAt ?? 0) - (b.updatedAt ?? 0)
    case "id":
      return (a, b) => compareText(a.id, b.id)
    case "name":
      return (a, b) => compareText(a.name, b.name)
    case "size":
      return (a, b) => a.sizeGiB - b.sizeGiB
    case "status":
      return (a, b) => compareText(a.status, b.status)
    case "availability_zone":
      return (a, b) => compareText(a.zone, b.zone)
  }
}
