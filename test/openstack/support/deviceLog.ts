import { readFileSync } from "node:fs"
import { fieldOf } from "./labCloud.ts"
import { labFile } from "./labFiles.ts"

/** A time in which a server had a volume's disk. */
export interface Plugging {
  readonly server: string
  readonly from: number
  /** Infinity while it has it. */
  readonly until: number
  /** Whether the disk was in use when it was taken away. */
  readonly inUse: boolean
}

const millisOf = (event: unknown) => Math.round(Number(fieldOf(event, "at")) * 1000)

/** When and where the disk of a volume was plugged in, from the lab's own log. */
export const pluggings = (volume: string): ReadonlyArray<Plugging> => {
  const found: Array<Plugging> = []
  for (const line of readFileSync(labFile("log", "devices.jsonl"), "utf8").split("\n")) {
    if (!line.includes(volume)) continue
    const event: unknown = JSON.parse(line)
    const server = String(fieldOf(event, "server"))
    const at = millisOf(event)
    switch (fieldOf(event, "event")) {
      case "plugged":
        found.push({ server, from: at, until: Number.POSITIVE_INFINITY, inUse: false })
        break
      case "unplugged": {
        const open = found.findIndex((one) => one.server === server && one.until === Number.POSITIVE_INFINITY)
        const { from = at } = found[open] ?? {}
        found[open] = { server, from, until: at, inUse: fieldOf(event, "busy") === true }
      }
    }
  }
  return found
}
