import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { assert, describe, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Duration, Effect, Fiber, Metric, Schedule } from "effect"
import { defaultHostOptions } from "../../src/adapters/host/HostOptions.ts"
import { readPieces, readPiecesByChildren } from "../../src/adapters/host/pieces.ts"
import { abandonedChildren } from "../../src/adapters/process/abandoned.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { live, startWired } from "../support/wiredDriver.ts"
import { hangingFolder, makeHangingDisk, makeUnreadableDisk, makeUnwritableDisk } from "./dyingDisks.ts"
import {
  found,
  type LoopDisk,
  loopsOver,
  MiB,
  makeDisk,
  mountsBelow,
  newDevice,
  onHost,
  Scratch,
  sh
} from "./loopDisks.ts"
import { volumeOver, wholeLife } from "./volumeLife.ts"

const limits = { ...defaultHostOptions.limits, scan: Duration.seconds(3), mount: Duration.seconds(4) }

/** Our node on its socket, with this test's disks. */
const startNode = Effect.gen(function* () {
  const { folder } = yield* Scratch
  const { csi } = yield* startWired("[Global]\n", ["--provide-controller-service=false"], {
    host: { devRoot: join(folder, "dev"), identity: "loop-backing-file", limits },
    metadata: { baseUrls: ["http://127.0.0.1:9"] }
  })
  return csi
})

const millisOf = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const start = performance.now()
    yield* effect
    return performance.now() - start
  })

const median = (values: ReadonlyArray<number>) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** What this machine's load does to every answer is no fault of a disk: five times the usual, and a second on top. */
const bound = (usual: number) => 5 * usual + 1_000

/** Whether a thread of this process waits for a disk; one that reads a healthy disk does so for a moment. */
const noThreadHangs = Effect.sync(() =>
  readdirSync("/proc/self/task").filter((task) => /\) D /.test(readFileSync(`/proc/self/task/${task}/stat`, "utf8")))
).pipe(
  Effect.filterOrFail(
    (hanging) => hanging.length === 0,
    (hanging) => new Error(`threads ${hanging.join()} of this process hang`)
  ),
  Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 100 })
)

const onDisks = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.scoped(test).pipe(Effect.provide(Scratch.layer))

describe("four volumes whose disks hang", () => {
  live(
    "keep neither a healthy volume nor Probe waiting, are locked while a program hangs on them, and are undone later",
    onDisks(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const csi = yield* startNode
        const cloud = yield* hangingFolder
        const volumeOn = (disk: LoopDisk) => volumeOver(csi, disk)
        const [blank, measured, unpublished, unstaged] = yield* Effect.all(
          ["blank", "measured", "unpublished", "unstaged"].map(() =>
            Effect.flatMap(makeHangingDisk(cloud, 64), volumeOn)
          )
        )
        if (!(blank && measured && unpublished && unstaged)) return yield* Effect.dieMessage("four disks are needed")
        const healthy = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], () =>
          Effect.flatMap(makeDisk(64), volumeOn)
        )
        for (const { publish, stage } of [measured, unpublished, unstaged]) yield* Effect.zipRight(stage, publish)
        yield* unstaged.unpublish
        // The pod's mount is the last one of its disk then, so that taking it away has to write.
        sh("umount", unpublished.staging)
        const usual = yield* Effect.forEach(healthy.slice(0, 5), (volume) => millisOf(wholeLife(volume)))
        for (const path of [measured.target, unpublished.target, unstaged.staging]) {
          writeFileSync(join(path, "note"), "not written back yet")
        }

        yield* cloud.hang
        const probes: Array<number> = []
        const probing = yield* Effect.fork(
          Effect.forever(
            Effect.zipRight(
              Effect.map(millisOf(csi.probe()), (millis) => probes.push(millis)),
              Effect.sleep("5 millis")
            )
          )
        )
        const calls = yield* Effect.forEach(
          [blank.stage, measured.measure, unpublished.unpublish, unstaged.unstage],
          (call) => Effect.fork(Effect.either(call))
        )
        const meanwhile = yield* Effect.forEach(healthy.slice(5), (volume) => millisOf(wholeLife(volume)))
        const [staging, , unpublishing, unstaging] = yield* Effect.forEach(calls, (call) => Fiber.join(call))
        yield* Fiber.interrupt(probing)

        yield* noThreadHangs

        const codeOf = (ended: typeof staging) => (ended?._tag === "Left" ? ended.left.code : status.OK)
        assert.deepStrictEqual([staging, unpublishing, unstaging].map(codeOf), [
          status.UNAVAILABLE,
          status.UNAVAILABLE,
          status.UNAVAILABLE
        ])
        // The mount table no longer shows what umount still waits for: an OK here would detach a disk with data to come.
        for (const [again, program] of [
          [blank.unstage, "blkid"],
          [unpublished.unpublish, "umount"],
          [unstaged.unstage, "umount"]
        ] as const) {
          const refusal = yield* Effect.flip(again)
          assert.strictEqual(refusal.code, status.ABORTED)
          assert.match(refusal.details, new RegExp(`${program} \\(pid \\d+\\), which hangs since`))
        }

        yield* cloud.wake
        for (const { unpublish, unstage } of [blank, measured, unpublished, unstaged]) {
          yield* Effect.retry(Effect.zipRight(unpublish, unstage), {
            schedule: Schedule.spaced("50 millis"),
            times: 200
          })
        }
        assert.deepStrictEqual(mountsBelow(folder), [cloud.path])
        assert.strictEqual((yield* Metric.value(abandonedChildren)).value, 0)
        yield* wholeLife(blank)

        const slowest = Math.max(...probes)
        const figures = `usual ${usual.map(Math.round)} ms, meanwhile ${meanwhile.map(Math.round)} ms, ${probes.length} probes, median ${median(probes).toFixed(1)} ms, slowest ${slowest.toFixed(1)} ms`
        assert.isBelow(median(meanwhile), bound(median(usual)), figures)
        assert.isAbove(probes.length, 100, figures)
        assert.isBelow(median(probes), 50, figures)
        assert.isBelow(slowest, bound(50), figures)
        assert.strictEqual(loopsOver(cloud.path).length, 4)
      })
    )
  )
})

describe("a mount that does not answer", () => {
  it.live("is found by the mount table alone, and its figures are asked for in processes that are ended in time", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { folder } = yield* Scratch
        const { hang, path } = yield* hangingFolder
        const { device } = yield* newDevice(64)
        yield* hang
        // Twice as many as Node has threads for calls into the kernel.
        const asked = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], () => Effect.fork(Effect.flip(host.usage(path))))
        yield* Effect.sleep("200 millis")
        const took = yield* millisOf(
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* host.locate(path), { path, kind: "directory" })
            yield* host.makeDirectory(join(folder, "other"))
            assert.strictEqual((yield* host.contentsOf(device))._tag, "Blank")
          })
        )
        assert.isBelow(took, 3_000)
        for (const fiber of asked) {
          const failure = yield* Fiber.join(fiber)
          assert.strictEqual(failure.outcome, "unknown")
          assert.match(failure.message, /could not measure .*: stat was stopped after 5s/)
        }
      })
    )
  )
})

describe("a disk that fails", () => {
  it.live("in its reads is not taken for blank", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const device = yield* found(yield* makeUnreadableDisk(64))
        const failure = yield* Effect.flip(host.contentsOf(device))
        assert.deepStrictEqual([failure.outcome, device.sizeBytes], ["failed", BigInt(64 * MiB)])
        assert.match(failure.message, /could not see what is on/)
      })
    )
  )

  it.live("in its writes gets no file system", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const device = yield* found(yield* makeUnwritableDisk(256, 1))
        assert.strictEqual((yield* host.contentsOf(device))._tag, "Blank")
        const failure = yield* Effect.flip(host.format(device, "Blank", "ext4", undefined, []))
        assert.strictEqual(failure.outcome, "failed")
        assert.match(failure.message, /could not make an ext4 file system/)
      })
    )
  )
})

describe("a scan by children", () => {
  it.live("sees the same bytes as one by our own reads, and fails where those fail", () =>
    onHost(
      Effect.gen(function* () {
        const { device } = yield* newDevice(40)
        sh("mkfs.ext4", "-q", "-F", device.path)
        const size = Number(device.sizeBytes)
        const scan = readPiecesByChildren("scan", device, size, Duration.seconds(10))
        assert.deepStrictEqual(yield* scan, yield* Effect.promise(() => readPieces(device.path, size)))
        const broken = yield* found(yield* makeUnreadableDisk(64))
        const failure = yield* Effect.flip(
          readPiecesByChildren("scan", broken, Number(broken.sizeBytes), Duration.seconds(10))
        )
        assert.match(failure.message, /could not scan: .*(Input\/output error|bytes could be read)/)
      })
    )
  )
})
