import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { Effect, Schedule } from "effect"
import { build } from "esbuild"
import { makeCsiClient } from "../../../src/adapters/csi/client.ts"

const project = join(import.meta.dirname, "..", "..", "..")

export const bundle = (entry: string, outfile: string) =>
  Effect.tryPromise(() =>
    build({
      entryPoints: [join(project, entry)],
      outfile: join(project, outfile),
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      external: ["@grpc/proto-loader"],
      logLevel: "warning"
    })
  )

const ended = (child: ChildProcess, signal: NodeJS.Signals) =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill(signal)
  })

/** Starts a driver and waits until its Probe is answered; ends with the Scope, within the driver's own drain time. */
export const startProcess = (file: string, args: ReadonlyArray<string>, socket: string) =>
  Effect.gen(function* () {
    let log = ""
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [join(project, file), ...args], { stdio: ["ignore", "pipe", "pipe"] })),
      (started) => ended(started, "SIGTERM")
    )
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        log += text
      })
    }
    const csi = yield* makeCsiClient(`unix:${socket}`)
    yield* csi.probe({}, { timeout: "1 second" }).pipe(
      Effect.retry(Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(100))),
      Effect.orElseFail(() => new Error(`the driver does not answer:\n${log}`))
    )
    const signal = (name: "SIGSTOP" | "SIGCONT") => Effect.sync(() => void child.kill(name))
    return { csi, pid: child.pid ?? 0, log: () => log, signal, kill: ended(child, "SIGKILL") }
  })
