import { spawn, spawnSync } from "node:child_process"
import { chmodSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { temporaryFolder } from "../support/wiredDriver.ts"
import { configOf, rootOf, type Target } from "./images.ts"

/** What a container's runtime does: a root whose changes vanish, read-only if asked, with `$3` at /csi and its hosts file. */
const script = `set -eu
root=$1 scratch=$2 shared=$3 mode=$4
shift 4
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
cd "$scratch/root"
mkdir csi dev proc sys
touch etc/hosts
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount --bind "$shared" csi
[ ! -e csi/hosts ] || mount --bind csi/hosts etc/hosts
[ "$mode" != read-only ] || mount -o remount,ro .
exec "$@"
`

export interface Pod {
  readonly target: Target
  readonly readOnlyRoot?: boolean
}

/** The image's user and environment, in a mount namespace of its own; its folder `shared` is /csi inside. */
export const makePod = ({ target, readOnlyRoot = false }: Pod) =>
  Effect.gen(function* () {
    const shared = yield* temporaryFolder
    const scratch = yield* temporaryFolder
    // As an emptyDir: whoever runs in the pod may write there.
    chmodSync(shared, 0o777)
    const { config } = configOf(target)
    const mode = readOnlyRoot ? "read-only" : "writable"
    const user = config.User === undefined || config.User === "" ? "0:0" : config.User
    const words = (command: ReadonlyArray<string>) => [
      ...["--mount", "--propagation=private", "sh", "-c", script, "sh"],
      ...[rootOf(target), scratch, shared, mode],
      ...["env", "-i", ...config.Env, "/usr/sbin/chroot", `--userspec=${user}`, "--groups=", ".", ...command]
    ]
    return {
      shared,
      socket: `unix:${join(shared, "csi.sock")}`,
      run: (command: ReadonlyArray<string>, timeout = 60_000) =>
        spawnSync("unshare", words(command), { encoding: "utf8", timeout, killSignal: "SIGKILL" }),
      /** Until the scope closes. */
      start: (command: ReadonlyArray<string>) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            const child = spawn("unshare", words(command), { stdio: ["ignore", "pipe", "pipe"] })
            let said = ""
            for (const stream of [child.stdout, child.stderr]) {
              stream.setEncoding("utf8").on("data", (text: string) => {
                said += text
              })
            }
            const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
            return { child, ended, said: () => said }
          }),
          ({ child, ended }) =>
            Effect.promise(() => {
              child.kill("SIGTERM")
              return ended
            })
        )
    }
  })
