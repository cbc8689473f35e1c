import { spawnSync } from "node:child_process"
import { mkdirSync, openSync } from "node:fs"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Console, Effect } from "effect"
import {
  type CsiClient,
  VolumeCapability_AccessMode_Mode as Mode,
  type VolumeCapability
} from "../../src/adapters/csi/client.ts"
import { type LoopDisk, makeDisk, Scratch, sh } from "../host/loopDisks.ts"
import { whileDisksHang } from "./hanging.ts"
import { type Pair, reportPairs } from "./measuring.ts"
import { started, untilProbed } from "./processes.ts"

/**
 * What staging costs beside the commands that it cannot do without, by turns on loop disks of 1 GiB: through the socket of
 * a driver that runs as in the image, and in one shell. Then what four disks that hang cost everybody else. Needs root.
 */
const driverProgram = "build/labDriver.cjs"
const nodeFlags = ["--max-semi-space-size=1", "--max-old-space-size=96", "--optimize-for-size"]

const diskMiB = 1024
const warmUps = 3
const rounds = 25
/** Asked: staging takes at most so many times as long as the commands. */
const askedRatio = 1.3

const capability: VolumeCapability = {
  accessType: { $case: "mount", value: { fsType: "ext4", mountFlags: [], volumeMountGroup: "" } },
  accessMode: { mode: Mode.SINGLE_NODE_WRITER }
}

const startDriver = (folder: string) =>
  Effect.gen(function* () {
    const socket = join(folder, "csi.sock")
    const log = openSync("build/bench-node.log", "w")
    const args = [
      ...nodeFlags,
      driverProgram,
      join(folder, "dev"),
      "http://127.0.0.1:9",
      `--endpoint=unix://${socket}`,
      "--provide-controller-service=false"
    ]
    const driver = yield* started(log, process.execPath, args)
    return { socket, driver, csi: yield* untilProbed(socket) }
  })

/** Milliseconds; what the disks before it left to be written does not count. */
const timed = <E>(work: Effect.Effect<unknown, E>) =>
  Effect.gen(function* () {
    yield* Effect.sync(() => sh("sync"))
    const begin = performance.now()
    yield* work
    return performance.now() - begin
  })

const inShell = (script: string) =>
  Effect.sync(() => {
    const { status, stderr } = spawnSync("sh", ["-c", script], { stdio: ["ignore", "ignore", "pipe"] })
    if (status !== 0) throw new Error(`${script}: ${stderr}`)
  })

const stage = (csi: CsiClient, { volume }: LoopDisk, stagingTargetPath: string) =>
  csi.nodeStageVolume({ volumeId: volume, stagingTargetPath, volumeCapability: capability }, { timeout: "1 minute" })

interface Round {
  readonly fresh: Pair
  readonly existing: Pair
}

const makeRound = (csi: CsiClient, folder: string, index: number) =>
  Effect.gen(function* () {
    const [bare, driven] = [yield* makeDisk(diskMiB), yield* makeDisk(diskMiB)]
    const [at, staging] = [join(folder, `bare-${index}`), join(folder, `staging-${index}`)]
    for (const path of [at, staging]) mkdirSync(path)
    const { loop } = bare

    const freshCommands = timed(inShell(`blkid -p ${loop}; mkfs.ext4 -q -F -m0 ${loop} && mount ${loop} ${at}`))
    const freshDriver = timed(stage(csi, driven, staging))
    const existingCommands = timed(inShell(`blkid -p ${loop} && fsck.ext4 -a ${loop} && mount ${loop} ${at}`))
    const existingDriver = timed(stage(csi, driven, staging))
    const unmountBoth = Effect.gen(function* () {
      sh("umount", at)
      yield* csi.nodeUnstageVolume({ volumeId: driven.volume, stagingTargetPath: staging }, { timeout: "1 minute" })
    })

    // Who goes first takes turns too.
    const pair = (bare: Effect.Effect<number>, measured: typeof freshDriver) =>
      index % 2 === 0 ? Effect.all({ bare, measured }) : Effect.all({ measured, bare })
    const fresh = yield* pair(freshCommands, freshDriver)
    yield* unmountBoth
    const existing = yield* pair(existingCommands, existingDriver)
    yield* unmountBoth
    for (const disk of [bare, driven]) sh("losetup", "--detach", disk.loop)
    return { fresh, existing } satisfies Round
  })

const bench = Effect.gen(function* () {
  const { folder } = yield* Scratch
  const { csi, driver, socket } = yield* startDriver(folder)
  yield* Console.log(`Node ${process.version}, ${rounds} pairs after ${warmUps} that do not count, medians`)
  const all = yield* Effect.forEach(Array.from({ length: warmUps + rounds }), (_, index) =>
    makeRound(csi, folder, index)
  )
  const counted = all.slice(warmUps)
  const names = ["commands", "driver"] as const
  const fresh = counted.map((round) => round.fresh)
  yield* reportPairs("blank disk (blkid -p, mkfs.ext4, mount)", names, fresh, askedRatio)
  const existing = counted.map((round) => round.existing)
  yield* reportPairs("disk with ext4 (blkid -p, fsck.ext4 -a, mount)", names, existing, askedRatio)
  yield* whileDisksHang(csi, socket, driver)
})

for (const program of ["test/openstack/support/labDriver.ts", "test/bench/prober.ts"]) {
  const { status } = spawnSync(process.execPath, ["scripts/run-ts.mjs", "--build", program], { stdio: "inherit" })
  if (status !== 0) process.exit(1)
}
NodeRuntime.runMain(
  Effect.scoped(bench).pipe(
    Effect.provide(Scratch.layer),
    Effect.tapErrorCause((cause) => Console.error(Cause.pretty(cause).slice(0, 500)))
  ),
  { disableErrorReporting: true }
)
