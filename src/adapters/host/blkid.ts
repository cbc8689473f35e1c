import { type Duration, Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import { type Completed, complaint, read } from "../process/Command.ts"
import { hostProgram } from "../process/programs.ts"
import { failed } from "./failures.ts"

/** What libblkid's low-level probe says of a disk (blkid(8), `--probe`). */
export type BlkidAnswer =
  | { readonly _tag: "nothing" }
  | { readonly _tag: "ambivalent" }
  | {
      readonly _tag: "found"
      readonly type: string | undefined
      readonly usage: string | undefined
      readonly uuid: string | undefined
      readonly label: string | undefined
      readonly partitionTable: string | undefined
    }

/** Values have their odd characters escaped by a backslash. */
const fieldsOf = (stdout: string): ReadonlyMap<string, string> =>
  new Map(
    stdout.split("\n").flatMap((line) => {
      const equals = line.indexOf("=")
      return equals < 1 ? [] : [[line.slice(0, equals), line.slice(equals + 1).replace(/\\(.)/g, "$1")] as const]
    })
  )

/**
 * Status 2 means "nothing found" and just as well "could not be read", so it counts as nothing only if blkid had
 * nothing to complain about; 8 means that several signatures contradict each other.
 */
export const parseBlkid = (operation: string, result: Completed): Effect.Effect<BlkidAnswer, HostFailure> => {
  if (result.code === 8) return Effect.succeed({ _tag: "ambivalent" })
  if (result.code === 2 && result.stderr.trim() === "") return Effect.succeed({ _tag: "nothing" })
  if (result.code !== 0) return Effect.fail(failed(operation, complaint(result)))
  const fields = fieldsOf(result.stdout)
  return Effect.succeed({
    _tag: "found",
    type: fields.get("TYPE"),
    usage: fields.get("USAGE"),
    uuid: fields.get("UUID"),
    label: fields.get("LABEL"),
    partitionTable: fields.get("PTTYPE")
  })
}

export const probe = (operation: string, { number, path }: BlockDevice, timeLimit: Duration.Duration) =>
  read({
    operation,
    ...hostProgram("blkid"),
    args: ["--probe", "--output", "export", path],
    timeLimit,
    patience: "1 second",
    worksOn: [number]
  }).pipe(Effect.flatMap((result) => parseBlkid(operation, result)))
