import { readFile } from "node:fs/promises"
import { Duration, Effect } from "effect"
import { expectSuccess, read } from "../process/Command.ts"
import { hostProgram } from "../process/programs.ts"
import type { Serial } from "./identity.ts"
import type { SlowRead } from "./slowReads.ts"
import { type Sysfs, serialsIn } from "./sysfs.ts"

/** No limit here: ending the reader early would not end its wait in the kernel, and a second one would wait as well. */
const timeLimit = Duration.infinity

const readInChild = (operation: string, path: string) => {
  const args = ["-An", "-v", "-tx1", path]
  const command = { operation, ...hostProgram("od"), args, timeLimit }
  return read(command).pipe(
    Effect.flatMap(expectSuccess(command)),
    Effect.map(({ stdout }) => Buffer.from(stdout.replace(/\s/g, ""), "hex"))
  )
}

/** Reads what the disk of this name and folder says of itself, for as long as it takes. */
export const makeReadSerials =
  (sysfs: Sysfs, slowRead: SlowRead) =>
  (name: string, folder: bigint): Effect.Effect<ReadonlyArray<Serial>> => {
    const path = sysfs.serialFileOf(name)
    const operation = `ask ${name} for its serial`
    const key = `serial of ${name} ${folder}`
    const asked = slowRead(key, operation, timeLimit, () => readFile(path), readInChild(operation, path)).pipe(
      Effect.map((bytes) => serialsIn("serial", bytes.toString("latin1"))),
      // Most buses have no such file, and a disk that cannot say who it is has said nothing.
      Effect.orElseSucceed((): ReadonlyArray<Serial> => [])
    )
    return Effect.map(asked, (now) => [...now, ...sysfs.serialsOf(name)])
  }
