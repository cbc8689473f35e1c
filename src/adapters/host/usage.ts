import { Duration, Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { Mount, Usage } from "../../ports/HostMounter.ts"
import { type Command, complaint, read } from "../process/Command.ts"
import { hostProgram } from "../process/programs.ts"
import { failed } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import type { Places } from "./places.ts"

/** Units of blocks, blocks, free ones, those free for everybody, inodes, free ones (stat(1), `--file-system`). */
const format = "%S %b %f %a %c %d"

/** Blocks count in the fundamental size, not in the one that suits transfers. btrfs reports no inodes at all. */
export const parseUsage = (operation: string, stdout: string): Effect.Effect<Usage, HostFailure> => {
  const text = stdout.trim()
  if (!/^\d+( \d+){5}$/.test(text)) return Effect.fail(failed(operation, `stat said ${JSON.stringify(text)}`))
  const [unit = 0n, blocks = 0n, free = 0n, available = 0n, inodes = 0n, freeInodes = 0n] = text.split(" ").map(BigInt)
  return Effect.succeed({
    totalBytes: blocks * unit,
    usedBytes: (blocks - free) * unit,
    availableBytes: available * unit,
    totalInodes: inodes,
    usedInodes: inodes - freeInodes,
    availableInodes: freeInodes
  })
}

/** A dead disk or server never answers statfs(2), so it is asked in a child process, which can be given up. */
export const makeUsage =
  ({ limits }: HostOptions, mounts: Effect.Effect<ReadonlyArray<Mount>, HostFailure>, { locate }: Places) =>
  (path: string): Effect.Effect<Usage, HostFailure> => {
    const operation = `measure the file system at ${path}`
    return Effect.gen(function* () {
      const table = yield* mounts
      const place = yield* locate(path, table)
      if (!table.some(({ target }) => target === place.path))
        return yield* failed(operation, "nothing is mounted there")
      const command: Command = {
        operation,
        ...hostProgram("stat"),
        args: ["--file-system", `--format=${format}`, place.path],
        timeLimit: limits.look,
        patience: Duration.seconds(1),
        worksOn: [`figures of ${place.path}`]
      }
      const result = yield* read(command)
      return yield* result.code === 0 ? parseUsage(operation, result.stdout) : failed(operation, complaint(result))
    })
  }
