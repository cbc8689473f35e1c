import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fileSystemErrors, pulse } from "../../../src/adapters/host/vitals.ts"
import type { Command } from "../../../src/adapters/process/Command.ts"

const command = (timeLimit: "300 millis" | "10 seconds", program: string, ...args: ReadonlyArray<string>): Command => ({
  operation: "take a pulse",
  program,
  debianPackage: "coreutils",
  args,
  timeLimit,
  patience: "1 second"
})

describe("a pulse", () => {
  it.live("is there if the child ends well", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* pulse(command("10 seconds", "true")), { _tag: "Alive" })
    })
  )

  it.live("is lost if the child complains, in its words", () =>
    Effect.gen(function* () {
      const dead = yield* pulse(command("10 seconds", "stat", "/nowhere"))
      assert.strictEqual(dead._tag, "Dead")
      assert.match(dead._tag === "Dead" ? dead.problem : "", /No such file or directory/)
    })
  )

  it.live("is silence if the child does not end in time", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* pulse(command("300 millis", "sleep", "60")), { _tag: "Silent" })
    })
  )

  it.live("is no finding at all if the child cannot be asked", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(pulse(command("10 seconds", "no-such-program")))
      assert.match(failure.message, /is not installed/)
    })
  )
})

describe("the errors that a file system counts", () => {
  const sysfs = Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "vitals-"))),
    (made) => Effect.promise(() => rm(made, { recursive: true }))
  )
  const write = (root: string, path: ReadonlyArray<string>, text: string) => {
    const folder = join(root, "fs", ...path.slice(0, -1))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, path.at(-1) ?? ""), text)
  }

  it.scoped("are read for ext4", () =>
    Effect.gen(function* () {
      const root = yield* sysfs
      write(root, ["ext4", "vdb", "errors_count"], "3\n")
      assert.strictEqual(fileSystemErrors(root, "vdb"), 3)
      assert.isUndefined(fileSystemErrors(root, "vdc"))
    })
  )

  it.scoped("are added up for the btrfs that has the disk, and for no other", () =>
    Effect.gen(function* () {
      const root = yield* sysfs
      for (const [uuid, disk, corrupted] of [
        ["one", "vdb", 0],
        ["two", "vdc", 5]
      ] as const) {
        const stats = `write_errs 2\nread_errs 0\nflush_errs 0\ncorruption_errs ${corrupted}\ngeneration_errs 0\n`
        write(root, ["btrfs", uuid, "devinfo", "1", "error_stats"], stats)
        mkdirSync(join(root, "fs", "btrfs", uuid, "devices"))
        symlinkSync(`../../../../block/${disk}`, join(root, "fs", "btrfs", uuid, "devices", disk))
      }
      assert.strictEqual(fileSystemErrors(root, "vdb"), 2)
      assert.strictEqual(fileSystemErrors(root, "vdc"), 7)
      assert.isUndefined(fileSystemErrors(root, "vdd"))
    })
  )
})
