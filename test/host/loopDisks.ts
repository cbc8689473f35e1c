import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Layer, type Scope } from "effect"
import { layerHostLinux } from "../../src/adapters/host/HostMounterLinux.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { type BlockDevice, HostMounter } from "../../src/ports/HostMounter.ts"

export const MiB = 1024 * 1024

/** Runs a program of the host for a test; throws with its words if it fails. */
export const sh = (program: string, ...args: ReadonlyArray<string>): string =>
  execFileSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C" }
  })

export const mountsBelow = (folder: string): ReadonlyArray<string> =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[4]?.replaceAll("\\040", " ") ?? [])
    .filter((target) => target.startsWith(`${folder}/`))

export const loopsOver = (folder: string): ReadonlyArray<string> =>
  sh("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE")
    .split("\n")
    .filter((line) => line.includes(`${folder}/`))

/** A folder of its own for each test, with a pretended /dev; everything mounted or looped below it ends with the test. */
export class Scratch extends Context.Tag("cinder-csi/test/Scratch")<Scratch, { readonly folder: string }>() {
  static readonly layer = Layer.scoped(
    Scratch,
    Effect.acquireRelease(
      Effect.sync(() => {
        if (process.getuid?.() !== 0) {
          throw new Error("the host suite needs root: it makes loop devices and mounts file systems; run it as root")
        }
        const folder = realpathSync(mkdtempSync(join(tmpdir(), "ch-")))
        mkdirSync(join(folder, "dev", "disk", "by-id"), { recursive: true })
        return { folder }
      }),
      ({ folder }) =>
        Effect.sync(() => {
          for (const target of [...mountsBelow(folder)].reverse()) sh("umount", "--no-canonicalize", target)
          for (const line of loopsOver(folder)) sh("losetup", "--detach", line.split(" ")[0] ?? "")
          if (mountsBelow(folder).length > 0) throw new Error(`mounts are left below ${folder}`)
          rmSync(folder, { recursive: true })
        })
    )
  )
}

const HostBelowScratch = Layer.unwrapEffect(
  Effect.map(Scratch, ({ folder }) => layerHostLinux({ devRoot: join(folder, "dev"), identity: "loop-backing-file" }))
)

const layer = Layer.provideMerge(HostBelowScratch, Scratch.layer)

/** Runs a test on the real adapter in a folder of its own. */
export const onHost = <A, E>(test: Effect.Effect<A, E, HostMounter | Scratch | Scope.Scope>) =>
  Effect.scoped(test).pipe(Effect.provide(layer))

export interface LoopDisk {
  readonly volume: VolumeId
  readonly file: string
  readonly loop: string
}

export const link = (folder: string, volume: string, loop: string) =>
  symlinkSync(loop, join(folder, "dev", "disk", "by-id", `virtio-${volume.slice(0, 20)}`))

/** A sparse file, attached as a loop device under the name that the volume would have in a guest. */
export const makeDisk = (sizeMiB: number) =>
  Effect.map(Scratch, ({ folder }): LoopDisk => {
    const volume = VolumeId(randomUUID())
    const file = join(folder, `volume-${volume}`)
    writeFileSync(file, "")
    truncateSync(file, sizeMiB * MiB)
    const loop = sh("losetup", "--find", "--show", file).trim()
    link(folder, volume, loop)
    return { volume, file, loop }
  })

/** The disk as the adapter finds it. */
export const found = ({ volume }: LoopDisk) =>
  Effect.gen(function* () {
    const host = yield* HostMounter
    const device = yield* host.findDevice(volume)
    if (device === undefined) return yield* Effect.dieMessage(`no disk for ${volume}`)
    return device
  })

export const newDevice = (
  sizeMiB: number
): Effect.Effect<{ readonly disk: LoopDisk; readonly device: BlockDevice }, unknown, HostMounter | Scratch> =>
  Effect.gen(function* () {
    const disk = yield* makeDisk(sizeMiB)
    return { disk, device: yield* found(disk) }
  })

/** A new folder below the scratch folder. */
export const newFolder = (name: string) =>
  Effect.map(Scratch, ({ folder }) => {
    const path = join(folder, name)
    mkdirSync(path)
    return path
  })
