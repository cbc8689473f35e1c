import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { createInterface } from "node:readline"
import { Effect, Fiber, Schedule } from "effect"
import { makeCsiClient } from "../../src/adapters/csi/client.ts"

/** As the image runs it; its flags of Node and the last of these are in the first line of the program. */
const image = { MALLOC_ARENA_MAX: "1", MALLOC_TRIM_THRESHOLD_: "65536", UV_THREADPOOL_SIZE: "8" }

const proberProgram = "build/prober.cjs"

/** A process as in the image, until the scope ends; what it prints goes to `log`. */
export const started = (log: number, command: string, args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(command, [...args], { stdio: ["ignore", log, log], env: { ...process.env, ...image } })),
    (child) =>
      Effect.async<void>((resume) => {
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGTERM")
      })
  )

/** A client that finds no socket waits a second before it tries again, so the socket is waited for first. */
export const untilProbed = (socket: string) =>
  Effect.gen(function* () {
    yield* Effect.sync(() => existsSync(socket)).pipe(
      Effect.repeat({ until: (there) => there, schedule: Schedule.spaced("2 millis") })
    )
    const csi = yield* makeCsiClient(`unix:${socket}`)
    yield* csi.probe({}, { timeout: "10 seconds" }).pipe(Effect.retry(Schedule.spaced("5 millis")))
    return csi
  }).pipe(Effect.timeout("20 seconds"))

/** Answer times of Probe in milliseconds while the work is done, as another process sees them. */
export const probedDuring = <A, E, R>(socket: string, work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const prober = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [proberProgram, `unix:${socket}`])
        child.stderr.resume()
        return { child, input: child.stdin, output: child.stdout }
      }),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const lines = createInterface({ input: prober.output })
    const nextLine = Effect.async<string>((resume) => {
      lines.once("line", (line) => resume(Effect.succeed(line)))
    })
    yield* nextLine
    const result = yield* work
    const report = yield* Effect.fork(nextLine)
    yield* Effect.yieldNow()
    prober.input.end()
    const times: Array<number> = JSON.parse(yield* Fiber.join(report))
    return { result, times }
  }).pipe(Effect.scoped)
