import { Effect } from "effect"

/** Logs each text once in the life of the process: StorageClasses repeat themselves with every volume. */
export const makeNoticeOnce: Effect.Effect<(text: string) => Effect.Effect<void>> = Effect.sync(() => {
  const seen = new Set<string>()
  return (text) =>
    Effect.suspend(() => {
      if (seen.has(text)) return Effect.void
      seen.add(text)
      return Effect.logWarning(text)
    })
})
