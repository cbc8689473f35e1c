const mostRemembered = 1_000

/** What a process remembers of things without number: the oldest entry makes room for the newest. */
export interface BoundedMemory<A> {
  readonly get: (key: string) => A | undefined
  readonly set: (key: string, value: A) => void
  readonly forget: (key: string) => void
  readonly values: () => Iterable<A>
}

export const makeBoundedMemory = <A>(): BoundedMemory<A> => {
  const entries = new Map<string, A>()
  return {
    get: (key) => entries.get(key),
    set: (key, value) => {
      entries.delete(key)
      const [oldest] = entries.keys()
      if (oldest !== undefined && entries.size >= mostRemembered) entries.delete(oldest)
      entries.set(key, value)
    },
    forget: (key) => void entries.delete(key),
    values: () => entries.values()
  }
}
