import { type Context, Effect } from "effect"
import type { BlockDevice, HostMounter, Mount } from "../ports/HostMounter.ts"
import { isStale, topAt } from "./decisions/mounts.ts"
import type { HostFailure } from "./errors.ts"

type Host = Context.Tag.Service<HostMounter>

const deviceNamed = (host: Host, source: string): Effect.Effect<BlockDevice | undefined, HostFailure> =>
  source.startsWith("/") ? host.deviceAt(source) : Effect.succeed(undefined)

/**
 * The mount table, with the number of the disk in place of the one btrfs invents
 * (https://btrfs.readthedocs.io/en/latest/Administration.html), so that every mount of a disk shows its number.
 */
export const readMounts = Effect.fnUntraced(function* (host: Host) {
  const mounts = yield* host.mounts
  const sources = new Set(mounts.filter(({ fsType }) => fsType === "btrfs").map(({ source }) => source))
  const numbers = new Map<string, string>()
  for (const source of sources) {
    const device = yield* Effect.orElseSucceed(deviceNamed(host, source), () => undefined)
    if (device !== undefined) numbers.set(source, device.number)
  }
  return mounts.map(
    (mount): Mount =>
      mount.fsType === "btrfs" ? { ...mount, number: numbers.get(mount.source) ?? mount.number } : mount
  )
})

/** Whether the mount in sight at the path has lost its disk. */
export const topIsStale = Effect.fnUntraced(function* (host: Host, mounts: ReadonlyArray<Mount>, path: string) {
  const top = topAt(mounts, path)
  return top !== undefined && isStale(top, yield* deviceNamed(host, top.source))
})

/** A mount whose disk is dead may not even let its root be looked at: then the mount table alone tells where it is. */
export const locateMounted = (host: Host, path: string, mounts: ReadonlyArray<Mount>) =>
  Effect.catchTag(host.locate(path), "HostFailure", (failure) =>
    topAt(mounts, path) === undefined ? Effect.fail(failure) : Effect.succeed({ path, kind: "other" as const })
  )
