import type { Stats } from "node:fs"
import { lstat, mkdir, open, realpath, rmdir, unlink } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { type Duration, Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { PathKind, Place } from "../../ports/HostMounter.ts"
import { call, callWithCode, failed } from "./failures.ts"

const kindOf = (stats: Stats): PathKind =>
  stats.isDirectory()
    ? "directory"
    : stats.isFile()
      ? "file"
      : stats.isBlockDevice()
        ? "blockDevice"
        : stats.isSymbolicLink()
          ? "symlink"
          : "other"

/** What a mount point says whose disk or server is gone: something is there, and it can still be unmounted. */
const deadMount = new Set(["EIO", "ESTALE", "ENOTCONN", "EUCLEAN", "ESHUTDOWN", "ENODEV", "ENXIO", "EHOSTDOWN"])
const absent = new Set(["ENOENT", "ENOTDIR"])

const reachable = (path: string) =>
  path.startsWith("/") && !path.includes("\0") && !path.split("/").some((part) => part === "." || part === "..")

/** Where a path is and what is there. The last component is never followed, so that nobody can point us elsewhere. */
export const locate = (path: string, limit: Duration.Duration): Effect.Effect<Place, HostFailure> => {
  const operation = `look at ${path}`
  if (!reachable(path)) {
    return Effect.fail(failed(operation, "a path must be absolute and have no . or .. in it"))
  }
  const plain = join(path, ".")
  return callWithCode(operation, limit, () => realpath(dirname(plain))).pipe(
    Effect.flatMap((parent) => {
      const real = join(parent, basename(plain))
      return callWithCode(operation, limit, () => lstat(real)).pipe(
        Effect.map((stats): Place => ({ path: real, kind: kindOf(stats) })),
        Effect.catchAll(({ code, failure }) => {
          if (code !== undefined && absent.has(code)) return Effect.succeed<Place>({ path: real, kind: "absent" })
          if (code !== undefined && deadMount.has(code)) return Effect.succeed<Place>({ path: real, kind: "other" })
          return Effect.fail({ code, failure })
        })
      )
    }),
    Effect.catchAll(({ code, failure }) =>
      code !== undefined && absent.has(code) ? Effect.succeed<Place>({ path: plain, kind: "absent" }) : failure
    )
  )
}

/** The place of a path that is about to be changed; a symlink there is refused. */
export const locateToChange = (operation: string, path: string, limit: Duration.Duration) =>
  locate(path, limit).pipe(
    Effect.filterOrFail(
      ({ kind }) => kind !== "symlink",
      () => failed(operation, `${path} is a symbolic link, which is never followed`)
    )
  )

const change = (operation: string, limit: Duration.Duration, harmless: string, act: () => Promise<unknown>) =>
  Effect.uninterruptible(callWithCode(operation, limit, act, "unknown")).pipe(
    Effect.catchAll(({ code, failure }) => (code === harmless ? Effect.void : failure)),
    Effect.asVoid
  )

const make = (
  what: "directory" | "file",
  path: string,
  limit: Duration.Duration,
  act: (path: string) => Promise<unknown>
) => {
  const operation = `make the ${what} ${path}`
  return Effect.gen(function* () {
    const place = yield* locateToChange(operation, path, limit)
    if (place.kind === "absent") {
      yield* change(operation, limit, "EEXIST", () => act(place.path))
      if ((yield* locateToChange(operation, path, limit)).kind === what) return
    } else if (place.kind === what) return
    return yield* failed(operation, `something else is there (${place.kind})`)
  })
}

export const makeDirectory = (path: string, limit: Duration.Duration): Effect.Effect<void, HostFailure> =>
  make("directory", path, limit, (real) => mkdir(real, { mode: 0o750 }))

export const makeFile = (path: string, limit: Duration.Duration): Effect.Effect<void, HostFailure> =>
  make("file", path, limit, async (real) => (await open(real, "wx", 0o640)).close())

/** Takes away an empty directory or file, and never anything that holds data. */
export const remove = (path: string, limit: Duration.Duration): Effect.Effect<void, HostFailure> => {
  const operation = `remove ${path}`
  return Effect.gen(function* () {
    const place = yield* locateToChange(operation, path, limit)
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
