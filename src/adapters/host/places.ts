import type { Stats } from "node:fs"
import { lstat, mkdir, open, realpath, rmdir, unlink } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { type Duration, Effect } from "effect"
import { topAt } from "../../domain/decisions/mounts.ts"
import type { HostFailure } from "../../domain/errors.ts"
import type { Mount, PathKind, Place } from "../../ports/HostMounter.ts"
import { call, callWithCode, failed } from "./failures.ts"

export const kindOf = (stats: Stats): PathKind =>
  stats.isDirectory()
    ? "directory"
    : stats.isFile()
      ? "file"
      : stats.isBlockDevice()
        ? "blockDevice"
        : stats.isSymbolicLink()
          ? "symlink"
          : "other"

const absent = new Set(["ENOENT", "ENOTDIR"])

const reachable = (path: string) =>
  path.startsWith("/") && !path.includes("\0") && !path.split("/").some((part) => part === "." || part === "..")

/** What holds device nodes and lives in memory, so that its files can always be looked at. */
const inMemory = new Set(["devtmpfs", "tmpfs"])

/** What a mount shows at its target; undefined if that may be looked at. A dead disk answers no look at its root. */
const kindOfMount = ({ fsType }: Mount): PathKind | undefined => (inMemory.has(fsType) ? undefined : "directory")

export interface Places {
  /**
   * Where a path is and what is there. The last component is never followed, so that nobody can point us elsewhere.
   * `mounts` is the table, where the caller has it.
   */
  readonly locate: (path: string, mounts?: ReadonlyArray<Mount>) => Effect.Effect<Place, HostFailure>
  /** The place of a path that is about to be changed; a symlink there is refused. */
  readonly locateToChange: (operation: string, path: string) => Effect.Effect<Place, HostFailure>
  readonly makeDirectory: (path: string) => Effect.Effect<void, HostFailure>
  readonly makeFile: (path: string) => Effect.Effect<void, HostFailure>
  /** Takes away an empty directory or file, and never anything that holds data. */
  readonly remove: (path: string) => Effect.Effect<void, HostFailure>
}

const change = (operation: string, limit: Duration.Duration, harmless: string, act: () => Promise<unknown>) =>
  Effect.uninterruptible(callWithCode(operation, limit, act, "unknown")).pipe(
    Effect.catchAll(({ code, failure }) => (code === harmless ? Effect.void : failure)),
    Effect.asVoid
  )

export const makePlaces = (
  limit: Duration.Duration,
  mountTable: Effect.Effect<ReadonlyArray<Mount>, HostFailure>
): Places => {
  const lookAt = (operation: string, path: string) =>
    callWithCode(operation, limit, () => lstat(path)).pipe(
      Effect.map(kindOf),
      Effect.catchAll(({ code, failure }) =>
        code !== undefined && absent.has(code) ? Effect.succeed<PathKind>("absent") : failure
      )
    )

  const locate: Places["locate"] = (path, mounts) => {
    const operation = `look at ${path}`
    if (!reachable(path)) {
      return Effect.fail(failed(operation, "a path must be absolute and have no . or .. in it"))
    }
    const plain = join(path, ".")
    return Effect.gen(function* () {
      const parent = yield* callWithCode(operation, limit, () => realpath(dirname(plain))).pipe(
        Effect.catchAll(({ code, failure }) =>
          code !== undefined && absent.has(code) ? Effect.succeed(undefined) : failure
        )
      )
      if (parent === undefined) return { path: plain, kind: "absent" as const }
      const real = join(parent, basename(plain))
      const top = topAt(mounts ?? (yield* mountTable), real)
      const known = top === undefined ? undefined : kindOfMount(top)
      return { path: real, kind: known ?? (yield* lookAt(operation, real)) }
    })
  }

  const locateToChange: Places["locateToChange"] = (operation, path) =>
    locate(path).pipe(
      Effect.filterOrFail(
        ({ kind }) => kind !== "symlink",
        () => failed(operation, `${path} is a symbolic link, which is never followed`)
      )
    )

  const make = (what: "directory" | "file", path: string, act: (path: string) => Promise<unknown>) => {
    const operation = `make the ${what} ${path}`
    return Effect.gen(function* () {
      const place = yield* locateToChange(operation, path)
      if (place.kind === "absent") {
        yield* change(operation, limit, "EEXIST", () => act(place.path))
        if ((yield* locateToChange(operation, path)).kind === what) return
      } else if (place.kind === what) return
      return yield* failed(operation, `something else is there (${place.kind})`)
    })
  }

  const remove: Places["remove"] = (path) => {
    const operation = `remove ${path}`
    return Effect.gen(function* () {
      const place = yield* locateToChange(operation, path)
      switch (place.kind) {
        case "absent":
          return
        case "directory":
          return yield* change(operation, limit, "ENOENT", () => rmdir(place.path))
        case "file": {
          const { size } = yield* call(operation, limit, () => lstat(place.path))
          if (size > 0) return yield* failed(operation, "the file is not empty")
          return yield* change(operation, limit, "ENOENT", () => unlink(place.path))
        }
        case "symlink":
        case "blockDevice":
        case "other":
          return yield* failed(operation, `it is neither an empty directory nor an empty file (${place.kind})`)
      }
    })
  }

  return {
    locate,
    locateToChange,
    makeDirectory: (path) => make("directory", path, (real) => mkdir(real, { mode: 0o750 })),
    makeFile: (path) => make("file", path, async (real) => (await open(real, "wx", 0o640)).close()),
    remove
  }
}
