import { FileSystem } from "@effect/platform"
import { Effect, type Scope } from "effect"
import { layerHostLinux } from "../../adapters/host/HostMounterLinux.ts"
import { type Command, mutate, read } from "../../adapters/process/Command.ts"
import { type HostProgram, hostProgram } from "../../adapters/process/programs.ts"
import type { DemoHost } from "./DemoHost.ts"
import { makeLoopDisks } from "./LoopDisks.ts"

const probe = (program: HostProgram, args: ReadonlyArray<string>): Command => ({
  operation: `try ${program}`,
  ...hostProgram(program),
  args,
  timeLimit: "5 seconds"
})

const neededPrograms = [
  probe("losetup", ["--find"]),
  probe("mkfs.ext4", ["-V"]),
  probe("mount", ["--version"]),
  probe("blkid", ["--version"])
]

/** Why this machine cannot play a node with real disks; undefined if it can. */
export const obstacleToRealHost: Effect.Effect<string | undefined> = Effect.gen(function* () {
  if (process.platform !== "linux") return "real disks need Linux"
  if (process.getuid?.() !== 0) return "real disks need root"
  for (const command of neededPrograms) {
    const result = yield* Effect.either(read(command))
    if (result._tag === "Left") return result.left.detail
    if (result.right.code !== 0) return `${command.program} does not work here: ${result.right.stderr.trim()}`
  }
  return undefined
})

/** Sparse files, loop devices, mkfs and mount below `root`; everything is given back when the Scope closes. */
export const makeRealHost = (
  root: string,
  serverId: string
): Effect.Effect<DemoHost, Error, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const cloudFolder = `${root}/cloud`
    yield* files.makeDirectory(`${cloudFolder}/dev/disk/by-id`, { recursive: true })
    const disks = yield* makeLoopDisks(cloudFolder, serverId)
    const flush = (path: string) =>
      mutate({
        operation: `write ${path} back`,
        ...hostProgram("sync"),
        args: ["-f", path],
        timeLimit: "30 seconds"
      })
    return {
      description: "real: sparse files, loop devices, mkfs and mount",
      layer: layerHostLinux({ devRoot: `${cloudFolder}/dev`, identity: "loop-backing-file" }),
      disks,
      root,
      makeDirectory: (path) => files.makeDirectory(path, { recursive: true }),
      write: (path, text) => Effect.zipRight(files.writeFileString(path, text), Effect.asVoid(flush(path))),
      read: (path) => files.readFileString(path)
    }
  })
