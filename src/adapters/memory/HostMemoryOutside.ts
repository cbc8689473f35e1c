import { lstat, mkdir, rm, rmdir, writeFile } from "node:fs/promises"
import { Effect } from "effect"
import type { PathKind } from "../../ports/HostMounter.ts"

/**
 * Directories and files that other programs see. The in-memory host looks there for what it does not know, and makes
 * and removes its own there too: an orchestrator, or a conformance test, looks at the disk for a target.
 */
export interface OutsideFiles {
  readonly kind: (path: string) => Effect.Effect<PathKind>
  readonly makeDirectory: (path: string) => Effect.Effect<void, string>
  readonly makeFile: (path: string) => Effect.Effect<void, string>
  /** Takes an empty directory or an empty file. */
  readonly remove: (path: string) => Effect.Effect<void, string>
}

const attempt = (run: () => Promise<unknown>, harmless: string): Effect.Effect<void, string> =>
  Effect.tryPromise({ try: run, catch: (cause) => (cause instanceof Error ? cause.message : String(cause)) }).pipe(
    Effect.catchAll((problem) => (problem.includes(harmless) ? Effect.void : Effect.fail(problem))),
    Effect.asVoid
  )

const kindOf = (path: string): Effect.Effect<PathKind> =>
  Effect.promise(() => lstat(path).catch(() => undefined)).pipe(
    Effect.map((stat) => {
      if (stat === undefined) return "absent"
      if (stat.isDirectory()) return "directory"
      if (stat.isFile()) return "file"
      if (stat.isSymbolicLink()) return "symlink"
      return stat.isBlockDevice() ? "blockDevice" : "other"
    })
  )

/** The files of this machine. */
export const realFiles: OutsideFiles = {
  kind: kindOf,
  makeDirectory: (path) => attempt(() => mkdir(path), "EEXIST"),
  makeFile: (path) => attempt(() => writeFile(path, "", { flag: "wx" }), "EEXIST"),
  remove: (path) =>
    Effect.flatMap(kindOf(path), (kind) => attempt(() => (kind === "directory" ? rmdir(path) : rm(path)), "ENOENT"))
}
