import { spawn } from "node:child_process"
import { join } from "node:path"
import { Effect } from "effect"

const program = join(import.meta.dirname, "..", "..", "..", "build", "cinder-csi-plugin.cjs")

export interface Told {
  readonly code: number | null
  readonly out: string
  readonly errors: string
}

/** Runs a sub-command of the program as an operator does; to end with other codes than 0 is part of what it tells. */
export const tool = (...words: ReadonlyArray<string>): Effect.Effect<Told> =>
  Effect.async((resume) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "pipe", "pipe"] })
    let out = ""
    let errors = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text
    })
    child.on("close", (code) => resume(Effect.succeed({ code, out, errors })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
