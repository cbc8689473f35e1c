import type { AnsweredCall } from "../../ports/Telemetry.ts"
import type { Underway } from "./underway.ts"

/** Sidecars and kubelet repeat a call within five minutes. What is not asked for any more is nobody's concern. */
const forgottenAfterMillis = 900_000
const mostRemembered = 1_000

interface Unfinished {
  readonly method: string
  readonly since: number
  last: number
}

export interface UnfinishedCalls {
  readonly note: (call: AnsweredCall) => void
  readonly rows: () => ReadonlyArray<Underway<{ readonly method: string }>>
}

/** Changes that were asked for and have not succeeded since, however often they were repeated. */
export const makeUnfinished = (now: () => number): UnfinishedCalls => {
  const calls = new Map<string, Unfinished>()
  const methods = new Set<string>()
  return {
    note: ({ changes, code, method, seconds, subject }) => {
      if (!changes) return
      const key = `${method} ${subject}`
      if (code === "OK") {
        calls.delete(key)
        return
      }
      methods.add(method)
      const since = calls.get(key)?.since ?? now() - seconds * 1000
      // Put at the end, so that the first is the one that was repeated least recently.
      calls.delete(key)
      const [oldest] = calls.keys()
      if (oldest !== undefined && calls.size >= mostRemembered) calls.delete(oldest)
      calls.set(key, { method, since, last: now() })
    },
    rows: () => {
      for (const [key, { last }] of calls) if (now() - last > forgottenAfterMillis) calls.delete(key)
      return [...methods].map((method) => {
        const begun = [...calls.values()].filter((call) => call.method === method).map(({ since }) => since)
        return { labels: { method }, count: begun.length, oldest: begun.length === 0 ? 0 : now() - Math.min(...begun) }
      })
    }
  }
}
