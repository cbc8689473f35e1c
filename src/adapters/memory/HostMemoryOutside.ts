import { lstat, mkdir, readlink, rmdir, unlink, writeFile } from "node:fs/promises"
import { Effect } from "effect"

/** What is at a path outside the memory. */
export type OutsideEntry =
  | { readonly kind: "absent" | "directory" | "other" }
  | { readonly kind: "file"; readonly isEmpty: boolean }
  | { readonly kind: "symlink"; readonly to: string }

/**
 * Directories and files that other programs see. The in-memory host looks there for what it does not know, and makes
 * and removes its own there too: an orchestrator, or a conformance test, looks at the disk for a target.
 */
export interface OutsideFiles {
  /** The last component is not followed. */
  readonly look: (path: string) => Effect.Effect<OutsideEntry>
  readonly makeDirectory: (path: string) => Effect.Effect<void, string>
  readonly makeFile: (path: string) => Effect.Effect<void, string>
  /** Takes an empty directory or an empty file; succeeds if it is absent. */
  readonly remove: (path: string) => Effect.Effect<void, string>
}

const attempt = (run: () => Promise<unknown>, harmless: string): Effect.Effect<void, string> =>
  Effect.tryPromise({ try: run, catch: (cause) => (cause instanceof Error ? cause.message : String(cause)) }).pipe(
    Effect.catchAll((problem) => (problem.startsWith(harmless) ? Effect.void : Effect.fail(problem))),
    Effect.asVoid
  )

const entryAt = async (path: string): Promise<OutsideEntry> => {
  const stat = await lstat(path)
  if (stat.isDirectory()) return { kind: "directory" }
  if (stat.isFile()) return { kind: "file", isEmpty: stat.size === 0 }
  return stat.isSymbolicLink() ? { kind: "symlink", to: await readlink(path) } : { kind: "other" }
}

const look = (path: string): Effect.Effect<OutsideEntry> =>
  Effect.orElseSucceed(
    Effect.tryPromise(() => entryAt(path)),
    (): OutsideEntry => ({ kind: "absent" })
  )

/** The files of this machine. */
export const realFiles: OutsideFiles = {
  look,
  makeDirectory: (path) => attempt(() => mkdir(path), "EEXIST"),
  makeFile: (path) => attempt(() => writeFile(path, "", { flag: "wx" }), "EEXIST"),
  remove: (path) =>
    Effect.flatMap(look(path), (entry) => {
      if (entry.kind === "directory") return attempt(() => rmdir(path), "ENOENT")
      if (entry.kind === "file" && entry.isEmpty) return attempt(() => unlink(path), "ENOENT")
      return entry.kind === "absent" ? Effect.void : Effect.fail(`${path} is not empty`)
    })
}
