import { type ChildProcess, spawn } from "node:child_process"
import { Cause, Deferred, Duration, Effect, FiberId, Option } from "effect"
import { HostFailure } from "../../domain/errors.ts"
import { abandon, refuseWhileAbandoned } from "./abandoned.ts"
import { bounded } from "./bounded.ts"

/**
 * A program of the host and its argument vector; no shell ever reads it. This folder is a library for the adapters that
 * run programs: it imports none of them.
 */
export interface Command {
  /** What it is for, as it follows "could not": such as "mount /dev/vdb". */
  readonly operation: string
  readonly program: string
  /** The Debian package that brings the program, named when it is missing. */
  readonly debianPackage: string
  readonly args: ReadonlyArray<string>
  readonly timeLimit: Duration.DurationInput
  /** Pause between SIGTERM and SIGKILL, and between SIGKILL and giving the child up. */
  readonly patience?: Duration.DurationInput
  /** Stays open as long as the program runs, because the program inherits it; ours is closed once it has started. */
  readonly holds?: OpenFile | undefined
  /** Disks by number, or paths: while a command hangs on one of them beyond SIGKILL, no other is started there. */
  readonly worksOn?: ReadonlyArray<string>
  /** Stdout is not text but bytes, one a character (latin1), and so many of them are kept. */
  readonly stdoutBytes?: number
}

export interface OpenFile {
  readonly descriptor: number
  /** May be called again. */
  readonly close: () => void
}

export interface Completed {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

type Ending =
  | { readonly _tag: "exited"; readonly code: number }
  | { readonly _tag: "signalled"; readonly signal: string }
  | { readonly _tag: "unstarted"; readonly problem: string }

interface Running {
  readonly child: ChildProcess
  readonly ending: Deferred.Deferred<Ending>
  readonly drained: Deferred.Deferred<void>
  readonly output: { stdout: string; stderr: string }
}

const outputLimit = 64 * 1024
const defaultPatience = Duration.seconds(5)
/** After the program has ended, a grandchild may hold its pipes for ever; what has not arrived by then never counts. */
const drainLimit = Duration.millis(500)

const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" }

const problemOf = (command: Command, error: NodeJS.ErrnoException): string =>
  error.code === "ENOENT"
    ? `the program ${command.program} is not installed (Debian package ${command.debianPackage})`
    : `${command.program} does not start: ${error.message}`

/** Node throws for some refusals of the kernel and of arguments, and tells the others by an event. */
const start = (command: Command): Effect.Effect<Running, HostFailure> =>
  Effect.try({
    try: () => {
      const ending = Deferred.unsafeMake<Ending>(FiberId.none)
      const drained = Deferred.unsafeMake<void>(FiberId.none)
      const output = { stdout: "", stderr: "" }
      const child = spawn(command.program, command.args, {
        cwd: "/",
        env: environment,
        stdio: ["ignore", "pipe", "pipe", ...(command.holds === undefined ? [] : [command.holds.descriptor])],
        detached: true
      })
      command.holds?.close()
      child.on("error", (error) =>
        Deferred.unsafeDone(ending, Effect.succeed({ _tag: "unstarted", problem: problemOf(command, error) }))
      )
      child.on("exit", (code, signal) =>
        Deferred.unsafeDone(
          ending,
          Effect.succeed(code === null ? { _tag: "signalled", signal: signal ?? "unknown" } : { _tag: "exited", code })
        )
      )
      child.on("close", () => Deferred.unsafeDone(drained, Effect.void))
      const keep = (name: "stdout" | "stderr", limit: number) => (text: string) => {
        output[name] += text.slice(0, limit - output[name].length)
      }
      const { stdoutBytes } = command
      const encoding = stdoutBytes === undefined ? "utf8" : "latin1"
      child.stdout?.setEncoding(encoding).on("data", keep("stdout", stdoutBytes ?? outputLimit))
      child.stderr?.setEncoding("utf8").on("data", keep("stderr", outputLimit))
      return { child, ending, drained, output }
    },
    catch: (error) => {
      const detail = `${command.program} does not start: ${error instanceof Error ? error.message : String(error)}`
      return new HostFailure({ operation: command.operation, outcome: "failed", detail })
    }
  })

const signalGroup = ({ child }: Running, signal: NodeJS.Signals) =>
  Effect.sync(() => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, signal)
    } catch {
      // ESRCH: the whole group has ended.
    }
  })

/** Ends the process group; true if the program is gone afterwards. */
const stop = (command: Command, running: Running) =>
  Effect.gen(function* () {
    const patience = command.patience ?? defaultPatience
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      yield* signalGroup(running, signal)
      if (Option.isSome(yield* bounded(Deferred.await(running.ending), patience))) {
        yield* signalGroup(running, "SIGKILL")
        return true
      }
    }
    running.child.unref()
    running.child.stdout?.destroy()
    running.child.stderr?.destroy()
    yield* abandon(command.program, running.child.pid, command.worksOn ?? [], Deferred.await(running.ending))
    return false
  })

const completed = (command: Command, running: Running, ending: Ending): Effect.Effect<Completed, HostFailure> =>
  Effect.gen(function* () {
    const failed = (detail: string) => new HostFailure({ operation: command.operation, outcome: "failed", detail })
    switch (ending._tag) {
      case "unstarted":
        return yield* failed(ending.problem)
      case "signalled":
        return yield* failed(`${command.program} was ended by ${ending.signal}`)
      case "exited": {
        yield* bounded(Deferred.await(running.drained), drainLimit)
        running.child.stdout?.destroy()
        running.child.stderr?.destroy()
        return { code: ending.code, ...running.output }
      }
    }
  })

/** `late` is the outcome of a command that was stopped since its time was over. */
const run = (command: Command, late: HostFailure["outcome"]): Effect.Effect<Completed, HostFailure> =>
  Effect.acquireUseRelease(
    Effect.zipRight(refuseWhileAbandoned(command.operation, command.worksOn ?? []), start(command)),
    (running) =>
      Effect.gen(function* () {
        const ending = yield* bounded(Deferred.await(running.ending), command.timeLimit)
        if (Option.isSome(ending)) return yield* completed(command, running, ending.value)
        const gone = yield* Effect.uninterruptible(stop(command, running))
        const limit = Duration.format(Duration.decode(command.timeLimit))
        return yield* new HostFailure({
          operation: command.operation,
          outcome: gone ? late : "unknown",
          detail: gone
            ? `${command.program} was stopped after ${limit}`
            : `${command.program} did not end within ${limit} and cannot be killed; its disk does not answer`
        })
      }),
    (running, exit) =>
      exit._tag === "Failure" && Cause.isInterrupted(exit.cause) ? stop(command, running) : Effect.void
  )

/**
 * A command that changes nothing: interruption ends it and everything it started. A non-zero exit is a result. Without
 * an answer in time nothing is known, and asking again may help.
 */
export const read = (command: Command): Effect.Effect<Completed, HostFailure> => run(command, "unknown")

/** A command that changes the host: it runs to its end or its time limit, whatever happens to the caller. */
export const mutate = (command: Command): Effect.Effect<Completed, HostFailure> =>
  Effect.uninterruptible(run(command, "failed"))

/** What a program said about its failure, short enough for a status message. */
export const complaint = ({ code, stdout, stderr }: Completed): string => {
  const said = (stderr.trim() || stdout.trim()).replace(/\s*\n\s*/g, "; ").slice(0, 500)
  return said === "" ? `exit status ${code}` : `${said} (exit status ${code})`
}

/** Turns every exit status but 0 into a failure with the program's own words. */
export const expectSuccess =
  (command: Command) =>
  (result: Completed): Effect.Effect<Completed, HostFailure> =>
    result.code === 0
      ? Effect.succeed(result)
      : new HostFailure({ operation: command.operation, outcome: "failed", detail: complaint(result) })
