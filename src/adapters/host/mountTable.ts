import { readFile } from "node:fs/promises"
import { Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { Mount } from "../../ports/HostMounter.ts"
import { call } from "./failures.ts"
import type { HostLimits } from "./HostOptions.ts"
import { parseMountinfo } from "./mountinfo.ts"

const table = "/proc/self/mountinfo"

/** The kernel hands out the table piecemeal, so it is read until it stands still; a busy host ends with the last look. */
const readTable = async (): Promise<string> => {
  let text = await readFile(table, "utf8")
  for (let again = 0; again < 3; again++) {
    const next = await readFile(table, "utf8")
    if (next === text) return text
    text = next
  }
  return text
}

/** All mounts as they are now; the kernel answers from memory, also while disks hang. */
export const makeMountTable = ({ look }: HostLimits): Effect.Effect<ReadonlyArray<Mount>, HostFailure> =>
  Effect.map(call("read the mount table", look, readTable), parseMountinfo)
