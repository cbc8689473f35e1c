/** What goes on of one kind. */
export interface Underway<Labels> {
  readonly labels: Labels
  readonly count: number
  /** Milliseconds since the oldest of them began. */
  readonly oldest: number
}

export interface UnderwayTable<Labels> {
  /** Answers with what is to be called when it is over. */
  readonly begin: (labels: Labels) => () => void
  /** A kind that was there once stays, with a count of 0. */
  readonly rows: () => ReadonlyArray<Underway<Labels>>
}

/** `forgetful` drops a kind with its last: for kinds without number. */
export const makeUnderway = <Labels extends Readonly<Record<string, string>>>(
  now: () => number,
  forgetful = false
): UnderwayTable<Labels> => {
  const kinds = new Map<string, { readonly labels: Labels; readonly begun: Set<{ readonly at: number }> }>()
  return {
    begin: (labels) => {
      const key = Object.values(labels).join("\0")
      const kind = kinds.get(key) ?? { labels, begun: new Set() }
      kinds.set(key, kind)
      const one = { at: now() }
      kind.begun.add(one)
      return () => {
        kind.begun.delete(one)
        if (forgetful && kind.begun.size === 0) kinds.delete(key)
      }
    },
    rows: () =>
      [...kinds.values()].map(({ begun, labels }) => {
        // A Set keeps the order in which its members came.
        const [first] = begun
        return { labels, count: begun.size, oldest: first === undefined ? 0 : now() - first.at }
      })
  }
}
