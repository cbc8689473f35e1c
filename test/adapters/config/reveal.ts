import { Redacted } from "effect"

/** Redacted values all look equal to `deepStrictEqual`, so they are opened first. */
export const reveal = (value: unknown): unknown => {
  if (Redacted.isRedacted(value)) return `secret ${Redacted.value(value)}`
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, reveal(part)]))
    : value
}
