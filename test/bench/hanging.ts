import type { ChildProcess } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { status } from "@grpc/grpc-js"
import { Console, Effect, Fiber, Schedule } from "effect"
import type { CsiClient, RpcFailure } from "../../src/adapters/csi/client.ts"
import { type HangingFolder, hangingFolder, makeHangingDisk } from "../host/dyingDisks.ts"
import { type LoopDisk, makeDisk, mountsBelow, Scratch, sh } from "../host/loopDisks.ts"
import { type AskedVolume, volumeOver, wholeLife } from "../host/volumeLife.ts"
import { elapsed, percentile, reportPairs, sorted, verdict } from "./measuring.ts"
import { probedDuring } from "./processes.ts"

/**
 * Lives of a healthy volume in each stretch, a second apart: long enough for a scan to be given up after its 30 seconds
 * and for its program to be given up after 10 more.
 */
const livesOfStretch = 36
const stretches = 2
const warmUps = 5
/** What making the four disks left to be written in the background is done by then. */
const beforeStretch = "2 seconds"
const betweenLives = "1 second"
/** Kubelet's first pause after a call that failed; later ones are longer. */
const beforeRetry = "500 millis"
const diskMiB = 64
/** Asked of Probe in milliseconds, throughout; and of the median life, as a multiple of one without hung disks. */
const askedProbe = 50
const askedRatio = 1.1

interface DyingVolume {
  readonly disk: LoopDisk
  readonly volume: AskedVolume
}

/** One disk for each kind of call that a dead disk can hold up. */
interface DyingVolumes {
  readonly blank: DyingVolume
  readonly measured: DyingVolume
  readonly unpublished: DyingVolume
  readonly unstaged: DyingVolume
}

const makeDyingVolumes = (csi: CsiClient, cloud: HangingFolder) =>
  Effect.gen(function* () {
    const dyingVolume = Effect.gen(function* () {
      const disk = yield* makeHangingDisk(cloud, diskMiB)
      return { disk, volume: yield* volumeOver(csi, disk) }
    })
    const volumes: DyingVolumes = yield* Effect.all({
      blank: dyingVolume,
      measured: dyingVolume,
      unpublished: dyingVolume,
      unstaged: dyingVolume
    })
    const { measured, unpublished, unstaged } = volumes
    for (const { volume } of [measured, unpublished, unstaged]) yield* Effect.zipRight(volume.stage, volume.publish)
    yield* unstaged.volume.unpublish
    // The pod's mount is the last one of its disk then, so that taking it away has to write.
    sh("umount", unpublished.volume.staging)
    for (const path of [measured.volume.target, unpublished.volume.target, unstaged.volume.staging]) {
      writeFileSync(join(path, "note"), "not written back yet")
    }
    return volumes
  })

/** Answers by call and status. */
type Answers = Map<string, number>

/** Kubelet's calls, each repeated whenever it is answered. */
const keepAsking = ({ blank, measured, unpublished, unstaged }: DyingVolumes, answers: Answers) => {
  const repeated = (name: string, call: Effect.Effect<unknown, RpcFailure>) =>
    Effect.match(call, { onFailure: ({ code }) => status[code], onSuccess: () => "OK" }).pipe(
      Effect.tap((code) =>
        Effect.sync(() => answers.set(`${name} ${code}`, 1 + (answers.get(`${name} ${code}`) ?? 0)))
      ),
      Effect.zipRight(Effect.sleep(beforeRetry)),
      Effect.forever
    )
  return Effect.forEach(
    [
      repeated("stage", blank.volume.stage),
      repeated("stats", measured.volume.measure),
      repeated("unpublish and publish", Effect.zipRight(measured.volume.unpublish, measured.volume.publish)),
      repeated("last unpublish", unpublished.volume.unpublish),
      repeated("unstage", unstaged.volume.unstage)
    ],
    Effect.fork
  )
}

/** Fails if anything cannot be undone, or if a process of the driver still runs. */
const undoAll = (
  { blank, measured, unpublished, unstaged }: DyingVolumes,
  cloud: HangingFolder,
  driver: ChildProcess
) =>
  Effect.gen(function* () {
    const { folder } = yield* Scratch
    const patience = { schedule: Schedule.spaced("50 millis"), times: 400 }
    for (const { disk, volume } of [blank, measured, unpublished, unstaged]) {
      yield* Effect.retry(Effect.zipRight(volume.unpublish, volume.unstage), patience)
      sh("losetup", "--detach", disk.loop)
      rmSync(disk.file)
    }
    const left = mountsBelow(folder).filter((path) => path !== cloud.path)
    if (left.length > 0) return yield* Effect.dieMessage(`mounts are left: ${left.join()}`)
    const children = readFileSync(`/proc/${driver.pid}/task/${driver.pid}/children`, "utf8").trim()
    if (children !== "") return yield* Effect.dieMessage(`the driver's children ${children} are left`)
  })

/** A new disk's way from blank to unstaged; made and taken away off the clock. */
const healthyLife = (csi: CsiClient) =>
  Effect.gen(function* () {
    const disk = yield* makeDisk(diskMiB)
    const millis = yield* elapsed(wholeLife(yield* volumeOver(csi, disk)))
    sh("losetup", "--detach", disk.loop)
    rmSync(disk.file)
    yield* Effect.sleep(betweenLives)
    return millis
  })

/** Milliseconds that the driver's own thread has stood in line for a core, by what else the machine does. */
const inLine = ({ pid }: ChildProcess): number =>
  Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1_000_000

interface Stretch {
  readonly lives: ReadonlyArray<number>
  readonly probes: ReadonlyArray<number>
  /** Milliseconds. */
  readonly inLine: number
  readonly took: number
}

const sum = (values: ReadonlyArray<number>) => values.reduce((total, value) => total + value, 0)

const reportProbes = (when: string, seen: ReadonlyArray<Stretch>) => {
  const answers = sorted(seen.flatMap(({ probes }) => probes))
  const worst = answers.at(-1) ?? Number.NaN
  const share = sum(seen.map((one) => one.inLine)) / sum(seen.map(({ took }) => took))
  return Console.log(
    `Probe while a healthy volume lives, ${when}: ${answers.length} probes, median ${percentile(answers, 0.5).toFixed(1)} ms, ` +
      `p99 ${percentile(answers, 0.99).toFixed(1)} ms, worst ${worst.toFixed(1)} ms (asked: ${askedProbe} ms): ` +
      `${verdict(worst, askedProbe)}; the driver stood in line for a core for ${(100 * share).toFixed(1)} % of the time`
  )
}

/** What four hung disks with calls on them cost Probe and a healthy volume, by turns with the same disks while they answer. */
export const whileDisksHang = (csi: CsiClient, socket: string, driver: ChildProcess) =>
  Effect.gen(function* () {
    const cloud = yield* hangingFolder
    const answers: Answers = new Map()

    const stretch = (lives: number, hangs: boolean) =>
      Effect.gen(function* () {
        const volumes = yield* makeDyingVolumes(csi, cloud)
        yield* Effect.sleep(beforeStretch)
        if (hangs) yield* cloud.hang
        const callers = hangs ? yield* keepAsking(volumes, answers) : []
        const [begin, stoodBefore] = [performance.now(), inLine(driver)]
        const { result, times } = yield* probedDuring(socket, Effect.replicateEffect(healthyLife(csi), lives))
        const seen = { lives: result, probes: times, inLine: inLine(driver) - stoodBefore }
        const took = performance.now() - begin
        yield* cloud.wake
        yield* Fiber.interruptAll(callers)
        yield* undoAll(volumes, cloud, driver)
        return { ...seen, took } satisfies Stretch
      })

    yield* stretch(warmUps, false)
    const rounds = yield* Effect.forEach(Array.from({ length: stretches }), (_, index) => {
      const [bare, measured] = [stretch(livesOfStretch, false), stretch(livesOfStretch, true)]
      return index % 2 === 0 ? Effect.all({ bare, measured }) : Effect.all({ measured, bare })
    })
    const said = [...answers].map(([answer, count]) => `${count} ${answer}`).sort()
    yield* Console.log(`four disks that hang; meanwhile answered: ${said.join(", ")}; all undone afterwards`)
    const [bare, measured] = [rounds.map((round) => round.bare), rounds.map((round) => round.measured)]
    yield* reportProbes("no disk hangs", bare)
    yield* reportProbes("four disks hang", measured)
    const hung = measured.flatMap(({ lives }) => lives)
    const pairs = bare
      .flatMap(({ lives }) => lives)
      .map((life, index) => ({ bare: life, measured: hung[index] ?? Number.NaN }))
    yield* reportPairs("life of a healthy volume", ["no disk hangs", "four hang"], pairs, askedRatio)
  }).pipe(Effect.scoped)
