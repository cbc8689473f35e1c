import { Effect } from "effect"
import { type FileSystem, fileSystemNamed, fileSystems, type VolumeCapability } from "./Capability.ts"
import { InvalidInput } from "./errors.ts"
import { pathProblem } from "./hostPath.ts"

/** Bytes of all mount flags together (https://github.com/container-storage-interface/spec/blob/master/spec.md#size-limits). */
const mostFlagBytes = 4_096

export const requireField = (field: string, value: string): Effect.Effect<void, InvalidInput> =>
  value === "" ? Effect.fail(new InvalidInput({ field, problem: "must not be empty" })) : Effect.void

export const requirePath = (field: string, path: string): Effect.Effect<void, InvalidInput> => {
  const problem = path === "" ? new InvalidInput({ field, problem: "must not be empty" }) : pathProblem(field, path)
  return problem === undefined ? Effect.void : Effect.fail(problem)
}

/** The file system that a capability names; undefined if it leaves the choice to us or asks for a raw disk. */
export const namedFileSystem = ({ access }: VolumeCapability): Effect.Effect<FileSystem | undefined, InvalidInput> => {
  if (access._tag === "block") return Effect.succeed(undefined)
  const known = fileSystemNamed(access.fsType.toLowerCase())
  if (access.fsType !== "" && known === undefined) {
    const problem = `is not one of ${fileSystems.join(", ")}`
    return Effect.fail(new InvalidInput({ field: "volume_capability.mount.fs_type", problem }))
  }
  const bytes = access.flags.reduce((sum, flag) => sum + new TextEncoder().encode(flag).length, 0)
  return bytes > mostFlagBytes
    ? Effect.fail(
        new InvalidInput({ field: "volume_capability.mount.mount_flags", problem: `exceed ${mostFlagBytes} bytes` })
      )
    : Effect.succeed(known)
}
