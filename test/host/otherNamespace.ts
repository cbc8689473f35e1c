import { spawn } from "node:child_process"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { Scratch } from "./loopDisks.ts"

/** Unmounts all that begins with the second word but not with the first, in the namespace that it runs in. */
const script = `
awk -v own="$1" -v all="$2" 'index($5, all) == 1 && index($5, own) != 1 { print $5 }' /proc/self/mountinfo |
  tac | xargs -r -n 1 umount --no-canonicalize
echo ready && exec sleep 60`

/**
 * The pid of a program with mounts of its own, as a container may have them, which keeps what is mounted now. It lets go of
 * what it got from other tests, which would find their disks still mounted after they unmounted them.
 */
export const otherNamespace = Effect.gen(function* () {
  const { folder } = yield* Scratch
  const words = [`${folder}/`, join(tmpdir(), "ch-")]
  const keeper = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", script, "sh", ...words], {
        stdio: ["ignore", "pipe", "ignore"]
      })
    ),
    (child) =>
      Effect.promise(() => {
        const ended = once(child, "exit")
        child.kill("SIGKILL")
        return ended
      })
  )
  yield* Effect.promise(() => once(keeper.stdout, "data"))
  return keeper.pid
})
