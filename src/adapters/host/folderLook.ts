import { readFileSync } from "node:fs"
import { lstat, realpath } from "node:fs/promises"
import { Duration, type Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { FolderSeen } from "../../ports/NodeSurvey.ts"
import { call } from "./failures.ts"
import { kindOf } from "./places.ts"

interface MountLine {
  readonly target: string
  readonly propagation: FolderSeen["propagation"]
}

const unescaped = (field: string) =>
  field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/** Optional fields stand between the mount's options and a dash (proc_pid_mountinfo(5)). */
export const propagationsIn = (mountinfo: string): ReadonlyArray<MountLine> =>
  mountinfo.split("\n").flatMap((line) => {
    const fields = line.split(" ")
    const separator = fields.indexOf("-", 6)
    const target = fields[4]
    if (target === undefined || separator < 0) return []
    const optional = fields.slice(6, separator)
    const has = (name: string) => optional.some((field) => field.startsWith(`${name}:`))
    return [{ target: unescaped(target), propagation: has("shared") ? "shared" : has("master") ? "slave" : "private" }]
  })

const holds = (target: string, path: string): boolean =>
  target === "/" || path === target || path.startsWith(`${target}/`)

/** The mount that holds a path: the longest target, and of several there the last one. */
export const mountOf = (mounts: ReadonlyArray<MountLine>, path: string): MountLine | undefined =>
  mounts
    .filter(({ target }) => holds(target, path))
    .reduce<MountLine | undefined>(
      (best, mount) => (best === undefined || mount.target.length >= best.target.length ? mount : best),
      undefined
    )

const limit = Duration.seconds(5)

export const lookAtFolder = (path: string): Effect.Effect<FolderSeen, HostFailure> =>
  call(`look at ${path}`, limit, async () => {
    const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined
      throw error
    })
    const real = stats === undefined ? path : await realpath(path)
    const mount = mountOf(propagationsIn(readFileSync("/proc/self/mountinfo", "utf8")), real)
    return {
      path,
      kind: stats === undefined ? "absent" : kindOf(stats),
      real,
      mountedAt: mount?.target ?? "/",
      propagation: mount?.propagation ?? "private"
    }
  })
