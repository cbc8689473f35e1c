import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schedule } from "effect"
import { type Command, complaint, expectSuccess, mutate, read } from "../../../src/adapters/process/Command.ts"

const sh = (script: string, more: Partial<Command> = {}): Command => ({
  operation: "run a script",
  program: "sh",
  debianPackage: "dash",
  args: ["-c", script],
  timeLimit: "10 seconds",
  ...more
})

const scratch = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "cmd-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const eventually = (what: string, holds: () => boolean) =>
  Effect.sync(holds).pipe(
    Effect.filterOrFail(
      (yes) => yes,
      () => what
    ),
    Effect.retry(Schedule.spaced("10 millis")),
    Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => what })
  )

/** A zombie that nobody has reaped yet has ended all the same. */
const isAlive = (pid: string): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

describe("Command", () => {
  it.live("answers with the exit status and both outputs, whatever the status is", () =>
    Effect.gen(function* () {
      const result = yield* read(sh("echo out; echo err >&2; exit 3"))
      assert.deepStrictEqual(result, { code: 3, stdout: "out\n", stderr: "err\n" })
    })
  )

  it.live("passes arguments as they are, with no shell to read them", () =>
    Effect.gen(function* () {
      const odd = "$(touch /tmp/never); `x` 'y' \"z\" * \n&& #"
      const result = yield* read({ ...sh(""), program: "printf", args: ["%s", odd] })
      assert.strictEqual(result.stdout, odd)
    })
  )

  it.live("gives the program an environment of its own, in the C locale", () =>
    Effect.gen(function* () {
      const { stdout } = yield* read({ ...sh(""), program: "env", args: [] })
      assert.deepStrictEqual(
        stdout
          .trim()
          .split("\n")
          .map((line) => line.split("=")[0])
          .sort(),
        ["LC_ALL", "PATH"]
      )
      assert.include(stdout, "LC_ALL=C\n")
    })
  )

  it.live("keeps 64 KiB of an endless output and lets the program finish", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* read(sh("head -c 3000000 /dev/zero | tr '\\0' x"))
      assert.strictEqual(code, 0)
      assert.strictEqual(stdout.length, 64 * 1024)
    })
  )

  it.live("names the Debian package of a program that is missing", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(read({ ...sh(""), program: "mkfs.nowhere", debianPackage: "nowhereprogs" }))
      assert.strictEqual(
        failure.message,
        "could not run a script: the program mkfs.nowhere is not installed (Debian package nowhereprogs)"
      )
      assert.strictEqual(failure.outcome, "failed")
    })
  )

  it.live("fails, and does not crash, on an argument that no program can get", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(read({ ...sh(""), args: ["a\0b"] }))
      assert.match(failure.message, /does not start: .*null bytes/)
    })
  )

  it.live("lets the program inherit an open file, and closes our own once it has started", () =>
    Effect.gen(function* () {
      const folder = yield* scratch
      const path = join(folder, "held")
      writeFileSync(path, "held open")
      const descriptor = openSync(path, "r")
      let closed = 0
      const close = () => {
        closed += 1
        closeSync(descriptor)
      }
      const { stdout } = yield* read(sh("cat <&3", { holds: { descriptor, close } }))
      assert.deepStrictEqual([stdout, closed], ["held open", 1])
    }).pipe(Effect.scoped)
  )

  it.live("reports a program that a signal ended", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(read(sh("kill -SEGV $$")))
      assert.include(failure.detail, "SIGSEGV")
    })
  )

  it.live("does not wait for a grandchild that holds the pipes after the program has ended", () =>
    Effect.gen(function* () {
      const [took, result] = yield* Effect.timed(read(sh("echo done; sleep 30 & exit 0")))
      assert.strictEqual(result.stdout, "done\n")
      assert.isBelow(Duration.toMillis(took), 5000)
    })
  )

  it.live("ends a program and its grandchildren when the time is over", () =>
    Effect.gen(function* () {
      const folder = yield* scratch
      const pids = join(folder, "pids")
      const command = sh(`sleep 60 & echo $! > ${pids}; wait`, { timeLimit: "300 millis" })
      const failure = yield* Effect.flip(mutate(command))
      assert.strictEqual(failure.outcome, "failed")
      assert.match(failure.detail, /sh was stopped after 300ms/)
      const pid = readFileSync(pids, "utf8").trim()
      yield* eventually("the grandchild ends", () => !isAlive(pid))
    }).pipe(Effect.scoped)
  )

  it.live("kills a group that does not listen to SIGTERM", () =>
    Effect.gen(function* () {
      const folder = yield* scratch
      const pids = join(folder, "pids")
      const deaf = `trap "" TERM; sh -c 'trap "" TERM; sleep 60; sleep 60' & echo $! > ${pids}; wait; wait`
      const failure = yield* Effect.flip(mutate(sh(deaf, { timeLimit: "300 millis", patience: "300 millis" })))
      assert.strictEqual(failure.outcome, "failed")
      const pid = readFileSync(pids, "utf8").trim()
      yield* eventually("the grandchild ends", () => !isAlive(pid))
    }).pipe(Effect.scoped)
  )

  it.live("lets a mutation finish although its caller was interrupted", () =>
    Effect.gen(function* () {
      const folder = yield* scratch
      const [began, ended] = [join(folder, "began"), join(folder, "ended")]
      const fiber = yield* Effect.fork(mutate(sh(`: > ${began}; sleep 0.4; : > ${ended}`)))
      yield* eventually("the program starts", () => existsSync(began))
      yield* Fiber.interrupt(fiber)
      assert.isTrue(existsSync(ended))
    }).pipe(Effect.scoped)
  )

  it.live("keeps the time limit of a mutation whose caller was interrupted", () =>
    Effect.gen(function* () {
      const folder = yield* scratch
      const began = join(folder, "began")
      const fiber = yield* Effect.fork(mutate(sh(`: > ${began}; sleep 60`, { timeLimit: "500 millis" })))
      yield* eventually("the program starts", () => existsSync(began))
      const [took] = yield* Effect.timed(Fiber.interrupt(fiber))
      assert.isBelow(Duration.toMillis(took), 5000)
    }).pipe(Effect.scoped)
  )

  it.live("ends a read at once when its caller is interrupted", () =>
    Effect.gen(function* () {
      const folder = yield* scratch
      const pids = join(folder, "pids")
      const fiber = yield* Effect.fork(read(sh(`sleep 60 & echo $! > ${pids}; wait`)))
      yield* eventually("the program starts", () => existsSync(pids) && readFileSync(pids, "utf8").endsWith("\n"))
      const [took] = yield* Effect.timed(Fiber.interrupt(fiber))
      assert.isBelow(Duration.toMillis(took), 4000)
      const pid = readFileSync(pids, "utf8").trim()
      yield* eventually("the grandchild ends", () => !isAlive(pid))
    }).pipe(Effect.scoped)
  )

  it("sums up what a program complained about in one line", () => {
    const said = complaint({ code: 32, stdout: "", stderr: "mount: /x: bad.\n       dmesg may tell more.\n" })
    assert.strictEqual(said, "mount: /x: bad.; dmesg may tell more. (exit status 32)")
    assert.strictEqual(complaint({ code: 1, stdout: "", stderr: "" }), "exit status 1")
  })

  it.effect("turns a bad exit status into a failure where success is expected", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(expectSuccess(sh(""))({ code: 1, stdout: "no space", stderr: "" }))
      assert.strictEqual(failure.message, "could not run a script: no space (exit status 1)")
    })
  )
})
