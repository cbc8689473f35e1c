import { type Context, Effect } from "effect"
import type { HostMounter, Mount } from "../ports/HostMounter.ts"
import { fileSystemNamed } from "./Capability.ts"
import { type AtSource, isStale, sitsOn, topAt } from "./decisions/mounts.ts"
import type { HostFailure } from "./errors.ts"
import { isProperPath } from "./hostPath.ts"

type Host = Context.Tag.Service<HostMounter>

const atSource = Effect.fnUntraced(function* (
  host: Host,
  source: string,
  mounts: ReadonlyArray<Mount>
): Effect.fn.Return<AtSource, HostFailure> {
  if (!isProperPath(source)) return "unclear"
  const { kind } = yield* host.locate(source, mounts)
  if (kind === "absent") return "gone"
  return kind === "blockDevice" ? ((yield* host.deviceAt(source)) ?? "gone") : "unclear"
})

/**
 * The mount table, with the number of the disk in place of the one btrfs invents
 * (https://btrfs.readthedocs.io/en/latest/Administration.html), so that every mount of a disk shows its number.
 */
export const readMounts = Effect.fnUntraced(function* (host: Host) {
  const mounts = yield* host.mounts
  const sources = new Set(mounts.filter(({ fsType }) => fsType === "btrfs").map(({ source }) => source))
  const numbers = new Map<string, string>()
  for (const source of sources) {
    const found = yield* Effect.orElseSucceed(atSource(host, source, mounts), () => "unclear" as const)
    if (typeof found === "object") numbers.set(source, found.number)
  }
  return mounts.map(
    (mount): Mount =>
      mount.fsType === "btrfs" ? { ...mount, number: numbers.get(mount.source) ?? mount.number } : mount
  )
})

/** Whether the mount in sight at the path has lost its disk. */
export const topIsStale = Effect.fnUntraced(function* (host: Host, mounts: ReadonlyArray<Mount>, path: string) {
  const top = topAt(mounts, path)
  if (top === undefined || fileSystemNamed(top.fsType) === undefined) return false
  return isStale(top, yield* atSource(host, top.source, mounts))
})

/** The live disk that a mount sits on; undefined if it has lost it. */
export const diskBelow = (host: Host, mount: Mount, mounts: ReadonlyArray<Mount>) =>
  Effect.map(
    Effect.orElseSucceed(atSource(host, mount.source, mounts), () => "unclear" as const),
    (found) => (typeof found === "object" && sitsOn(mount, found) ? found : undefined)
  )
