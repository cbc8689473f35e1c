import { Effect } from "effect"

/** Enough for what classes say; texts that name volumes never end. */
const mostRemembered = 1_000

/** Logs each text once, until it is a thousand others ago: StorageClasses repeat themselves with every volume. */
export const makeNoticeOnce: Effect.Effect<(text: string) => Effect.Effect<void>> = Effect.sync(() => {
  const seen = new Set<string>()
  return (text) =>
    Effect.suspend(() => {
      if (seen.has(text)) return Effect.void
      const [oldest] = seen
      if (oldest !== undefined && seen.size >= mostRemembered) seen.delete(oldest)
      seen.add(text)
      return Effect.logWarning(text)
    })
})
