import { type Context, Effect } from "effect"
import type { FileSystem } from "../../domain/Capability.ts"
import { HostFailure } from "../../domain/errors.ts"
import type { HostMounter, Mount } from "../../ports/HostMounter.ts"
import { type Command, complaint, expectSuccess, mutate } from "../process/Command.ts"
import { hostProgram } from "../process/programs.ts"
import { explainMount } from "./damage.ts"
import type { Devices } from "./devices.ts"
import { call, failed } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import { occupantsOf } from "./occupants.ts"
import type { Places } from "./places.ts"

/** An xfs of the same UUID may be mounted already, since a clone is a byte copy; the Go driver mounts likewise. */
export const mountOptions = (fileSystem: FileSystem, options: ReadonlyArray<string>): string =>
  [...new Set([...(fileSystem === "xfs" ? ["nouuid"] : []), ...options, "defaults"])].join(",")

/** Options may carry a secret, so their values leave no trace in a message. */
export const withoutValues = (text: string, options: ReadonlyArray<string>): string =>
  options
    .map((option) => option.slice(option.indexOf("=") + 1))
    .filter((value, index) => options[index]?.includes("=") === true && value.length > 2)
    .reduce((kept, value) => kept.replaceAll(value, "…"), text)

export type Mounting = Pick<Context.Tag.Service<HostMounter>, "mount" | "bind" | "unmount">

export const makeMounting = (
  { limits }: HostOptions,
  devices: Devices,
  mounts: Effect.Effect<ReadonlyArray<Mount>, HostFailure>,
  { locateToChange }: Places
): Mounting => {
  const command = (
    operation: string,
    program: "mount" | "umount",
    args: ReadonlyArray<string>,
    worksOn: ReadonlyArray<string>
  ): Command => ({
    operation,
    ...hostProgram(program),
    args,
    timeLimit: limits.mount,
    worksOn
  })

  const succeeds = (toRun: Command) => mutate(toRun).pipe(Effect.flatMap(expectSuccess(toRun)), Effect.asVoid)

  const mount: Mounting["mount"] = (device, target, fileSystem, options) => {
    const operation = `mount ${device.path} at ${target}`
    return Effect.gen(function* () {
      const place = yield* locateToChange(operation, target)
      if (place.kind !== "directory") return yield* failed(operation, `${target} is no directory (${place.kind})`)
      const joined = mountOptions(fileSystem, options)
      const args = ["-t", fileSystem, "-o", joined, device.path, place.path]
      const toRun = command(operation, "mount", args, [device.number, place.path])
      yield* devices
        .pinned(operation, device, (holds) => succeeds({ ...toRun, holds }))
        .pipe(
          Effect.mapError(({ outcome, detail }) => {
            const shown = explainMount(fileSystem, device.path, withoutValues(detail, options))
            return new HostFailure({ operation, outcome, detail: shown })
          })
        )
    })
  }

  /** A bind mount cannot be born read-only: it becomes so in a second step, and is undone if that step fails. */
  const bind: Mounting["bind"] = (source, target, readOnly, device) => {
    const operation = `bind-mount ${source} at ${target}`
    return Effect.gen(function* () {
      const from = yield* locateToChange(operation, source)
      const to = yield* locateToChange(operation, target)
      if (from.kind === "absent") return yield* failed(operation, `${source} does not exist`)
      if (to.kind === "absent") return yield* failed(operation, `${target} does not exist`)
      if ((from.kind === "directory") !== (to.kind === "directory")) {
        return yield* failed(operation, `a ${from.kind} cannot be mounted on a ${to.kind}`)
      }
      const toRun = command(operation, "mount", ["--bind", from.path, to.path], [to.path])
      yield* device === undefined
        ? succeeds(toRun)
        : devices.pinned(operation, device, (holds) => succeeds({ ...toRun, holds }))
      if (!readOnly) return
      yield* succeeds(command(operation, "mount", ["-o", "remount,bind,ro", to.path], [to.path])).pipe(
        Effect.tapError(() => Effect.ignoreLogged(umount(operation, to.path)))
      )
    }).pipe(Effect.uninterruptible)
  }

  /** The path is canonical already; umount must not look at it again, because a dead disk makes that fail. */
  const umount = (operation: string, path: string) =>
    mutate(command(operation, "umount", ["--no-canonicalize", path], [path]))

  const layersAt = (path: string) => Effect.map(mounts, (all) => all.filter(({ target }) => target === path).length)

  const whoKeeps = (path: string) =>
    Effect.gen(function* () {
      const below = (yield* mounts).filter(({ target }) => target.startsWith(`${path}/`)).map(({ target }) => target)
      const processes = yield* call("list processes", limits.look, (signal) => occupantsOf(path, signal))
      const named = [...below.slice(0, 5).map((target) => `a mount at ${target}`), ...processes]
      return named.length === 0 ? "a process or mount that cannot be seen from here" : named.join(", ")
    }).pipe(Effect.orElseSucceed(() => "somebody"))

  const unmount: Mounting["unmount"] = (target) => {
    const operation = `unmount ${target}`
    return Effect.gen(function* () {
      const { path } = yield* locateToChange(operation, target)
      const before = yield* layersAt(path)
      if (before === 0) return
      const result = yield* umount(operation, path)
      if (result.code === 0 || (yield* layersAt(path)) < before) return
      if (!/busy/.test(result.stderr)) return yield* failed(operation, complaint(result))
      return yield* failed(operation, `it is in use by ${yield* whoKeeps(path)}`)
    }).pipe(Effect.uninterruptible)
  }

  return { mount, bind, unmount }
}
