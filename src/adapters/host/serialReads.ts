import { readFile } from "node:fs/promises"
import { Duration, Effect, Fiber, Option } from "effect"
import { bounded } from "../process/bounded.ts"
import { expectSuccess, read } from "../process/Command.ts"
import { problemOf } from "./failures.ts"
import type { Serial } from "./identity.ts"
import { type Sysfs, serialsIn } from "./sysfs.ts"

/** A read that takes longer is held to hang. */
const threadPatience = Duration.millis(200)

/** No limit here: ending the reader early would not end its wait in the kernel, and a second one would wait as well. */
const readInChild = (path: string) => {
  const command = {
    operation: `read ${path}`,
    program: "od",
    debianPackage: "coreutils",
    args: ["-An", "-v", "-tx1", path],
    timeLimit: Duration.infinity
  }
  return read(command).pipe(
    Effect.flatMap(expectSuccess(command)),
    Effect.map(({ stdout }) => Buffer.from(stdout.replace(/\s/g, ""), "hex"))
  )
}

/**
 * Reads what a disk says of itself, for as long as it takes. The read of a dead disk hangs in the kernel and keeps its
 * thread, of which Node has four. So one thread at most is given to it: while it hangs, other disks are read in processes
 * of their own. Without a dead disk none is started.
 */
export const makeReadSerials = (sysfs: Sysfs): ((name: string) => Effect.Effect<ReadonlyArray<Serial>>) => {
  const thread = Effect.unsafeMakeSemaphore(1)
  let hangs = false

  /** Undefined if the thread is taken by a read that hangs. */
  const inThread = (path: string) =>
    Effect.gen(function* () {
      if (hangs) return undefined
      const reading = yield* Effect.tryPromise({ try: () => readFile(path), catch: problemOf }).pipe(
        Effect.uninterruptible,
        Effect.forkDaemon
      )
      if (Option.isNone(yield* bounded(Fiber.await(reading), threadPatience))) {
        hangs = true
        reading.addObserver(() => {
          hangs = false
        })
      }
      return reading
    }).pipe(thread.withPermits(1))

  const asked = (path: string) =>
    Effect.flatMap(
      inThread(path),
      (reading): Effect.Effect<Buffer, unknown> => (reading === undefined ? readInChild(path) : Fiber.join(reading))
    ).pipe(
      Effect.map((bytes) => serialsIn("serial", bytes.toString("latin1"))),
      // Most buses have no such file, and a disk that cannot say who it is has said nothing.
      Effect.orElseSucceed((): ReadonlyArray<Serial> => [])
    )

  return (name) =>
    Effect.zipWith(
      asked(sysfs.serialFileOf(name)),
      Effect.promise(() => sysfs.serialsOf(name)),
      (now, remembered) => [...now, ...remembered]
    )
}
