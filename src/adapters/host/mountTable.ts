import { readFileSync } from "node:fs"
import type { Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { Mount } from "../../ports/HostMounter.ts"
import { glance } from "./failures.ts"
import { parseMountinfo } from "./mountinfo.ts"

const table = "/proc/self/mountinfo"

/** The kernel hands out the table piecemeal, so it is read until it stands still; a busy host ends with the last look. */
const readTable = (): string => {
  let text = readFileSync(table, "utf8")
  for (let again = 0; again < 3; again++) {
    const next = readFileSync(table, "utf8")
    if (next === text) return text
    text = next
  }
  return text
}

/** All mounts as they are now; the kernel answers from memory, also while disks hang. */
export const mountTable: Effect.Effect<ReadonlyArray<Mount>, HostFailure> = glance("read the mount table", () =>
  parseMountinfo(readTable())
)
