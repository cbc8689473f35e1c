import type { BigIntStatsFs } from "node:fs"
import { statfs } from "node:fs/promises"
import { Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { Mount, Usage } from "../../ports/HostMounter.ts"
import { failed } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import { locate } from "./places.ts"
import type { SlowRead } from "./slowReads.ts"

/** btrfs makes inodes as it goes and reports none at all. */
export const usageFrom = ({ bsize, blocks, bfree, bavail, files, ffree }: Omit<BigIntStatsFs, "type">): Usage => ({
  totalBytes: blocks * bsize,
  usedBytes: (blocks - bfree) * bsize,
  availableBytes: bavail * bsize,
  totalInodes: files,
  usedInodes: files - ffree,
  availableInodes: ffree
})

export const makeUsage =
  ({ limits }: HostOptions, mounts: Effect.Effect<ReadonlyArray<Mount>, HostFailure>, slowRead: SlowRead) =>
  (path: string): Effect.Effect<Usage, HostFailure> => {
    const operation = `measure the file system at ${path}`
    return Effect.gen(function* () {
      const place = yield* locate(path, limits.look)
      if (!(yield* mounts).some(({ target }) => target === place.path)) {
        return yield* failed(operation, "nothing is mounted there")
      }
      const read = () => statfs(place.path, { bigint: true })
      return usageFrom(yield* slowRead(`usage ${place.path}`, operation, limits.look, read))
    })
  }
