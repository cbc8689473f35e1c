import { execFileSync, spawn } from "node:child_process"
import { join } from "node:path"
import { Effect } from "effect"

const root = join(import.meta.dirname, "..", "..", "..")
const program = join(root, "build", "cinder-csi-plugin.cjs")

/** Makes the one file that the image runs, as the tests below are about the program and not about its parts. */
export const makeProgram = () => {
  execFileSync(process.execPath, [join(root, "scripts", "bundle.mjs")], { cwd: root, stdio: "pipe" })
}

export interface Ended {
  readonly status: number | null
  readonly output: string
}

export interface Running {
  /** What it has said so far, on both streams. */
  readonly output: () => string
  /** Waits for its end. */
  readonly ended: Effect.Effect<Ended>
}

/** The program with these arguments, until the scope closes. */
export const runProgram = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
        let output = ""
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding("utf8").on("data", (text: string) => {
            output += text
          })
        }
        const closed = new Promise<number | null>((resolve) => {
          child.once("close", resolve)
        })
        return { child, closed, output: () => output }
      }),
      ({ child, closed }) =>
        Effect.promise(() => {
          child.kill("SIGTERM")
          return closed
        })
    ),
    ({ closed, output }): Running => ({
      output,
      ended: Effect.map(
        Effect.promise(() => closed),
        (status) => ({ status, output: output() })
      )
    })
  )
