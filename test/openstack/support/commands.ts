import { type SpawnOptions, spawn } from "node:child_process"
import { Data, Effect } from "effect"

export class CommandFailed extends Data.TaggedError("CommandFailed")<{
  readonly command: string
  readonly output: string
}> {
  override get message() {
    return `${this.command} failed:\n${this.output}`
  }
}

/** Runs a program to its end; what it prints is its result. */
export const run = (
  program: string,
  args: ReadonlyArray<string>,
  options: SpawnOptions = {}
): Effect.Effect<string, CommandFailed> =>
  Effect.async((resume) => {
    const child = spawn(program, [...args], { ...options, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
    const failed = (why: string) =>
      resume(Effect.fail(new CommandFailed({ command: [program, ...args].join(" "), output: `${output}${why}` })))
    child.on("error", (error) => failed(error.message))
    child.on("close", (code) => (code === 0 ? resume(Effect.succeed(output)) : failed(`exit status ${code}`)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
