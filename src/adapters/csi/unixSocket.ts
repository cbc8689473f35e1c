import { chmod, lstat, stat, unlink } from "node:fs/promises"
import { createConnection } from "node:net"
import { dirname } from "node:path"
import { Effect } from "effect"

type ErrnoException = NodeJS.ErrnoException

const isErrno = (cause: unknown): cause is ErrnoException => cause instanceof Error && "code" in cause

/** The text of a failed system call, and undefined in place of one that says "not there". */
const attempt = <A>(run: () => Promise<A>): Effect.Effect<A | undefined, string> =>
  Effect.tryPromise({ try: run, catch: (cause) => cause }).pipe(
    Effect.catchAll((cause) =>
      isErrno(cause) && cause.code === "ENOENT" ? Effect.succeed(undefined) : Effect.fail(String(cause))
    )
  )

/** Whether a process listens at the path. */
const isListening = (path: string): Effect.Effect<boolean, string> =>
  Effect.async((resume) => {
    const socket = createConnection({ path })
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.succeed(true))
    })
    socket.once("error", (error) =>
      resume(
        isErrno(error) && (error.code === "ECONNREFUSED" || error.code === "ENOENT")
          ? Effect.succeed(false)
          : Effect.fail(`cannot tell whether a process listens there: ${error.message}`)
      )
    )
    return Effect.sync(() => socket.destroy())
  })

/**
 * Makes room for a socket: a process that was killed leaves its file behind, and no other can bind to it. Removes
 * only a socket that nobody listens on; fails with a sentence.
 */
export const clearStale = (path: string): Effect.Effect<void, string> =>
  Effect.gen(function* () {
    const directory = yield* attempt(() => stat(dirname(path)))
    if (directory === undefined) return yield* Effect.fail(`its directory ${dirname(path)} does not exist`)
    if (!directory.isDirectory()) return yield* Effect.fail(`${dirname(path)} is not a directory`)
    const found = yield* attempt(() => lstat(path))
    if (found === undefined) return
    if (!found.isSocket()) return yield* Effect.fail("something that is not a socket lies there; it was left alone")
    if (yield* isListening(path)) return yield* Effect.fail("another process listens there")
    yield* attempt(() => unlink(path))
  })

/** gRPC on a UNIX socket knows no other authentication than the file's mode. */
export const restrict = (path: string): Effect.Effect<void, string> => Effect.asVoid(attempt(() => chmod(path, 0o600)))
