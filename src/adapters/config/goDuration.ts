import { Duration } from "effect"

const nanosPer: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9
}

/** Reads `1m30s`, `1.5h`, `0` as https://pkg.go.dev/time#ParseDuration does; undefined if it is none or below zero. */
export const parseGoDuration = (text: string): Duration.Duration | undefined => {
  const unsigned = text.startsWith("+") ? text.slice(1) : text
  if (unsigned === "0") return Duration.zero
  const parts = [...unsigned.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy)]
  const length = parts.reduce((sum, [part]) => sum + part.length, 0)
  if (parts.length === 0 || length !== unsigned.length) return undefined
  const nanos = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (nanosPer[unit ?? ""] ?? 0), 0)
  return Number.isSafeInteger(Math.round(nanos / 1e6)) ? Duration.millis(nanos / 1e6) : undefined
}
