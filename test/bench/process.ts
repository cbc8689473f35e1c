import { type ChildProcess, spawnSync } from "node:child_process"
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Console, Effect, Schedule } from "effect"
import {
  type CsiClient,
  VolumeCapability_AccessMode_Mode as Mode,
  type VolumeCapability
} from "../../src/adapters/csi/client.ts"
import { bytesOf } from "../../src/domain/Capacity.ts"
import { elapsed, percentile, sorted, verdict } from "./measuring.ts"
import { probedDuring, started, untilProbed } from "./processes.ts"

/**
 * What the driver costs as a process, with the cloud in another one: cold start, memory after many volumes, and how
 * quickly Probe is answered while many volumes are being made.
 */
const program = "build/cinder-csi-plugin.cjs"
/** What the processes print, for when something goes wrong. */
const log = openSync("build/bench-process.log", "w")

const capability: VolumeCapability = {
  accessType: { $case: "mount", value: { fsType: "ext4", mountFlags: [], volumeMountGroup: "" } },
  accessMode: { mode: Mode.SINGLE_NODE_WRITER }
}

const residentMiB = ({ pid }: ChildProcess, line: "VmRSS" | "VmHWM"): number => {
  const kib = new RegExp(`${line}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  return Number(kib) / 1024
}

const megabytes = (mebibytes: number): string => ((mebibytes * 1_048_576) / 1_000_000).toFixed(1)

const driverArgs = (socket: string, config: string) => [
  `--endpoint=unix://${socket}`,
  `--cloud-config=${config}`,
  "--cluster=bench",
  "--provide-node-service=false"
]

const createVolume = (csi: CsiClient, name: string) =>
  csi.createVolume(
    { name, capacityRange: { requiredBytes: bytesOf(1), limitBytes: 0n }, volumeCapabilities: [capability] },
    { timeout: "2 minutes" }
  )

const coldStarts = (folder: string, config: string) =>
  Effect.forEach([1, 2, 3, 4, 5], (run) =>
    Effect.scoped(
      Effect.gen(function* () {
        const socket = join(folder, `cold-${run}.sock`)
        return yield* elapsed(
          Effect.gen(function* () {
            yield* started(log, program, driverArgs(socket, config))
            yield* untilProbed(socket)
          })
        )
      })
    )
  )

const bench = Effect.gen(function* () {
  const folder = mkdtempSync(join(tmpdir(), "cinder-csi-bench-"))
  yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
  const config = join(folder, "cloud.conf")
  // The cloud keeps every volume and is not what is measured: no limits for it.
  yield* started(log, process.execPath, [program, "cloud", `--cloud-config=${config}`, "--create-millis=200"])
  yield* Effect.sync(() => readFileSync(config)).pipe(
    Effect.sandbox,
    Effect.retry(Schedule.spaced("20 millis")),
    Effect.timeout("20 seconds")
  )
  yield* Console.log(`Node ${process.version}, started as ${readFileSync(program, "utf8").split("\n")[0]?.slice(2)}`)

  const cold = sorted(yield* coldStarts(folder, config))
  const median = percentile(cold, 0.5)
  yield* Console.log(
    `cold start to first Probe: median ${median.toFixed(0)} ms of ${cold.map((ms) => ms.toFixed(0)).join(", ")} (asked: 500 ms): ${verdict(median, 500)}`
  )

  const socket = join(folder, "csi.sock")
  const driver = yield* started(log, program, driverArgs(socket, config))
  const csi = yield* untilProbed(socket)
  yield* Console.log(`RSS at rest: ${residentMiB(driver, "VmRSS").toFixed(1)} MiB`)

  const { result: burst, times } = yield* probedDuring(
    socket,
    elapsed(
      Effect.forEach(Array.from({ length: 1000 }), (_, index) => createVolume(csi, `burst-${index}`), {
        concurrency: "unbounded",
        discard: true
      })
    )
  )
  const answers = sorted(times)
  const p99 = percentile(answers, 0.99)
  yield* Console.log(
    `Probe while 1,000 CreateVolume are in flight (${(burst / 1000).toFixed(1)} s, ${answers.length} probes): ` +
      `median ${percentile(answers, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, worst ${answers.at(-1)?.toFixed(1)} ms (asked: p99 50 ms): ${verdict(p99, 50)}`
  )

  const rest = yield* elapsed(
    Effect.forEach(Array.from({ length: 9000 }), (_, index) => createVolume(csi, `volume-${index}`), {
      concurrency: 100,
      discard: true
    })
  )
  const atOnce = residentMiB(driver, "VmRSS")
  yield* Effect.sleep("30 seconds")
  const settled = residentMiB(driver, "VmRSS")
  yield* Console.log(
    `RSS after 10,000 CreateVolume (9,000 of them by 100 workers in ${(rest / 1000).toFixed(1)} s): ` +
      `at once ${atOnce.toFixed(1)} MiB = ${megabytes(atOnce)} MB, after 30 s at rest ${settled.toFixed(1)} MiB = ${megabytes(settled)} MB, ` +
      `peak ${residentMiB(driver, "VmHWM").toFixed(1)} MiB (asked: 90 MB on Node 20): ${verdict(Number(megabytes(atOnce)), 90)} at once, ${verdict(Number(megabytes(settled)), 90)} at rest`
  )
})

for (const step of [["scripts/bundle.mjs"], ["scripts/run-ts.mjs", "--build", "test/bench/prober.ts"]]) {
  if (spawnSync(process.execPath, step, { stdio: "inherit" }).status !== 0) process.exit(1)
}
NodeRuntime.runMain(
  Effect.scoped(bench).pipe(Effect.tapErrorCause((cause) => Console.error(Cause.pretty(cause).slice(0, 500)))),
  { disableErrorReporting: true }
)
