import { Effect, Layer } from "effect"
import { DiskBackend, noDisks } from "../../src/adapters/memory/index.ts"

export interface Entry {
  readonly number: number
  readonly server: string
}

/**
 * Disks of one record after another, which whoever has the disk appends to as a pod does: it reads the last number and
 * writes the next. A disk that is plugged into two servers at once is a breach, whoever writes.
 */
export const makeWriters = () => {
  const plugged = new Map<string, Set<string>>()
  const written = new Map<string, Array<Entry>>()
  const breaches: Array<string> = []

  const serversOf = (volume: string) => {
    const known = plugged.get(volume) ?? new Set<string>()
    plugged.set(volume, known)
    return known
  }

  const entriesOf = (volume: string) => {
    const known = written.get(volume) ?? []
    written.set(volume, known)
    return known
  }

  return {
    layer: Layer.succeed(DiskBackend, {
      ...noDisks,
      plug: (server, volume) =>
        Effect.sync(() => {
          const servers = serversOf(volume)
          if (servers.size > 0) breaches.push(`${volume} in ${[...servers].join(", ")} and in ${server}`)
          servers.add(server)
        }),
      unplug: (server, volume) => Effect.sync(() => void serversOf(volume).delete(server))
    }),
    /** False where the server does not have the disk. */
    write: (volume: string, server: string): boolean => {
      if (!serversOf(volume).has(server)) return false
      const entries = entriesOf(volume)
      entries.push({ number: (entries.at(-1)?.number ?? 0) + 1, server })
      return true
    },
    entries: (volume: string): ReadonlyArray<Entry> => entriesOf(volume),
    breaches: breaches as ReadonlyArray<string>
  }
}
