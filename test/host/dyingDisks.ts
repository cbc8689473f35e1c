import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Schedule } from "effect"
import { VolumeId } from "../../src/domain/Volume.ts"
import { type LoopDisk, link, loopsOver, MiB, makeDisk, mountsBelow, Scratch, sh } from "./loopDisks.ts"

/** A file system whose server can be stopped: then no look at it, no read and no write ever ends. */
export interface HangingFolder {
  /** Where it is mounted. */
  readonly path: string
  readonly hang: Effect.Effect<void>
  readonly wake: Effect.Effect<void>
}

/** What still works on a disk when it wakes, or lets go of it, needs a moment to end. */
const soon = (act: () => void) =>
  Effect.try(act).pipe(Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 500 }), Effect.orDie)

/** Takes away the disks over files below a folder, with what is mounted from them, and then the folder's own mount. */
const giveBack = (path: string) =>
  Effect.gen(function* () {
    for (const line of loopsOver(path)) {
      const loop = line.split(" ")[0] ?? ""
      yield* soon(() => {
        for (const mount of readFileSync("/proc/self/mounts", "utf8").split("\n").reverse()) {
          const [source, target = ""] = mount.split(" ")
          if (source === loop) sh("umount", target)
        }
      })
      sh("losetup", "--detach", loop)
    }
    yield* soon(() => void sh("umount", path))
  })

/** bindfs passes everything on to a folder beside it. It wakes at the end, so that everything there can be given back. */
export const hangingFolder = Effect.acquireRelease(
  Effect.gen(function* () {
    const { folder } = yield* Scratch
    const [real, path] = [join(folder, "real"), join(folder, "served")]
    mkdirSync(real)
    mkdirSync(path)
    const server = spawn("bindfs", ["-f", "-o", "direct_io", real, path], { stdio: "ignore" })
    yield* Effect.sync(() => mountsBelow(folder).includes(path)).pipe(
      Effect.filterOrFail((isThere) => isThere),
      Effect.retry(Schedule.spaced("10 millis")),
      Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => new Error("bindfs mounts nothing") })
    )
    const signal = (name: "SIGSTOP" | "SIGCONT") => Effect.sync(() => void server.kill(name))
    return { path, real, server, hang: signal("SIGSTOP"), wake: signal("SIGCONT") }
  }),
  ({ path, server, wake }) =>
    Effect.gen(function* () {
      const ended = once(server, "exit")
      yield* wake
      yield* giveBack(path)
      yield* Effect.promise(() => ended)
    })
)

const makeDiskIn = (place: string, sizeMiB: number) =>
  Effect.map(Scratch, ({ folder }): LoopDisk => {
    const volume = VolumeId(randomUUID())
    const file = join(place, `volume-${volume}`)
    writeFileSync(file, "")
    truncateSync(file, sizeMiB * MiB)
    const loop = sh("losetup", "--find", "--show", file).trim()
    link(folder, volume, loop)
    return { volume, file, loop }
  })

/** A disk over a file of such a folder: it hangs when the folder does. */
export const makeHangingDisk = ({ path }: HangingFolder, sizeMiB: number) => makeDiskIn(path, sizeMiB)

/** A disk that cannot be read behind its first half. */
export const makeUnreadableDisk = (sizeMiB: number) =>
  Effect.map(makeDisk(sizeMiB), (disk) => {
    truncateSync(disk.file, (sizeMiB * MiB) / 2)
    return disk
  })

/** A disk that reads as zeros and takes no more than `roomMiB` of data: its file is on a full file system then. */
export const makeUnwritableDisk = (sizeMiB: number, roomMiB: number) =>
  Effect.acquireRelease(
    Effect.map(Scratch, ({ folder }) => {
      const small = join(folder, `small-${randomUUID()}`)
      mkdirSync(small)
      sh("mount", "-t", "tmpfs", "-o", `size=${roomMiB}m`, "none", small)
      return small
    }),
    giveBack
  ).pipe(Effect.flatMap((small) => makeDiskIn(small, sizeMiB)))
