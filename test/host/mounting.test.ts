import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, Schedule } from "effect"
import { abandonedChildren } from "../../src/adapters/process/abandoned.ts"
import { type Command, mutate } from "../../src/adapters/process/Command.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { loopsOver, MiB, mountsBelow, newDevice, newFolder, onHost, Scratch, sh } from "./loopDisks.ts"

/** An ext4 mounted at `staging`. */
const staged = Effect.gen(function* () {
  const host = yield* HostMounter
  const { disk, device } = yield* newDevice(64)
  const staging = yield* newFolder("staging")
  yield* host.format(device, "Blank", "ext4", undefined, [])
  yield* host.mount(device, staging, "ext4", [])
  return { host, disk, device, staging }
})

describe("mounting", () => {
  it.live("applies the options that are asked", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(64)
        const target = yield* newFolder("t")
        yield* host.format(device, "Blank", "ext4", undefined, [])
        yield* host.mount(device, target, "ext4", ["nosuid", "nodev", "noexec", "errors=remount-ro"])
        const options = (yield* host.mounts).find((mount) => mount.target === target)?.options ?? []
        for (const option of ["rw", "nosuid", "nodev", "noexec", "errors=remount-ro"]) assert.include(options, option)
      })
    )
  )

  it.live("fails with the kernel's words on a wrong option, and keeps the option's value to itself", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(64)
        const target = yield* newFolder("t")
        yield* host.format(device, "Blank", "ext4", undefined, [])
        const failure = yield* Effect.flip(host.mount(device, target, "ext4", ["passphrase=hunter22"]))
        assert.match(failure.message, /wrong fs type, bad option|Unknown parameter/)
        assert.notInclude(failure.message, "hunter22")
        assert.strictEqual(failure.outcome, "failed")
      })
    )
  )

  it.live("follows no symlink at the target", () =>
    onHost(
      Effect.gen(function* () {
        const { host, device, staging } = yield* staged
        const { folder } = yield* Scratch
        const elsewhere = yield* newFolder("elsewhere")
        const alias = join(folder, "alias")
        symlinkSync(elsewhere, alias)
        for (const act of [
          host.mount(device, alias, "ext4", []),
          host.bind(staging, alias, false),
          host.unmount(alias)
        ]) {
          assert.match((yield* Effect.flip(act)).message, /symbolic link/)
        }
        assert.deepStrictEqual(mountsBelow(folder), [staging])
      })
    )
  )

  it.live("finds its mounts below a symlinked folder, as the kernel spells them", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { folder } = yield* Scratch
        const { device } = yield* newDevice(64)
        const real = yield* newFolder("real")
        mkdirSync(join(real, "a b"))
        symlinkSync(real, join(folder, "alias"))
        yield* host.format(device, "Blank", "ext4", undefined, [])
        const target = join(folder, "alias", "a b")
        yield* host.mount(device, target, "ext4", [])
        const place = yield* host.locate(target)
        assert.include(
          (yield* host.mounts).map((mount) => mount.target),
          place.path
        )
        yield* host.unmount(target)
        assert.deepStrictEqual(mountsBelow(folder), [])
      })
    )
  )

  it.live("mounts a clone of a mounted xfs, which has the same UUID", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const original = yield* newDevice(400)
        const clone = yield* newDevice(400)
        yield* host.format(original.device, "Blank", "xfs", undefined, [])
        sh("dd", `if=${original.disk.loop}`, `of=${clone.disk.loop}`, "bs=1M", "conv=sparse,fsync", "status=none")
        const [one, two] = [yield* newFolder("one"), yield* newFolder("two")]
        yield* host.mount(original.device, one, "xfs", [])
        yield* host.mount(clone.device, two, "xfs", [])
      })
    )
  )
})

describe("binding", () => {
  it.live("shows a staged folder read-only to one and writable to another", () =>
    onHost(
      Effect.gen(function* () {
        const { host, device, staging } = yield* staged
        const [writable, readOnly] = [yield* newFolder("rw"), yield* newFolder("ro")]
        yield* host.bind(staging, writable, false)
        yield* host.bind(staging, readOnly, true)
        writeFileSync(join(writable, "note"), "kept")
        assert.strictEqual(readFileSync(join(readOnly, "note"), "utf8"), "kept")
        assert.throws(() => writeFileSync(join(readOnly, "note"), "changed"), /EROFS/)
        const mounts = yield* host.mounts
        const at = (target: string) => mounts.find((mount) => mount.target === target)
        assert.strictEqual(at(writable)?.options[0], "rw")
        assert.strictEqual(at(readOnly)?.options[0], "ro")
        assert.strictEqual(at(staging)?.options[0], "rw")
        assert.strictEqual(at(readOnly)?.number, device.number)
      })
    )
  )

  it.live("keeps the other options of the mount when it makes the bind read-only", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(64)
        const [staging, target] = [yield* newFolder("staging"), yield* newFolder("target")]
        yield* host.format(device, "Blank", "ext4", undefined, [])
        yield* host.mount(device, staging, "ext4", ["nosuid", "nodev", "noexec"])
        yield* host.bind(staging, target, true)
        const options = (yield* host.mounts).find((mount) => mount.target === target)?.options ?? []
        for (const option of ["ro", "nosuid", "nodev", "noexec"]) assert.include(options, option)
      })
    )
  )

  it.live("shows a raw disk as a file, tells which disk it is, and takes it away again", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { folder } = yield* Scratch
        const { device } = yield* newDevice(64)
        const target = join(folder, "block")
        yield* host.makeFile(target)
        yield* host.bind(device.path, target, false)
        assert.strictEqual((yield* host.locate(target)).kind, "blockDevice")
        const at = yield* host.deviceAt(target)
        assert.deepStrictEqual([at?.path, at?.number, at?.sizeBytes], [device.path, device.number, BigInt(64 * MiB)])
        assert.match((yield* Effect.flip(host.remove(target))).message, /blockDevice/)
        yield* host.unmount(target)
        yield* host.remove(target)
        assert.isFalse(existsSync(target))
      })
    )
  )

  it.live("refuses a directory on a file, and what does not exist", () =>
    onHost(
      Effect.gen(function* () {
        const { host, staging } = yield* staged
        const { folder } = yield* Scratch
        const file = join(folder, "file")
        yield* host.makeFile(file)
        assert.match(
          (yield* Effect.flip(host.bind(staging, file, false))).message,
          /directory cannot be mounted on a file/
        )
        assert.match((yield* Effect.flip(host.bind(staging, join(folder, "no"), false))).message, /does not exist/)
        assert.match((yield* Effect.flip(host.bind(join(folder, "no"), file, false))).message, /does not exist/)
      })
    )
  )
})

describe("unmounting", () => {
  it.live("takes one of several layers at a time, and nothing where nothing is mounted", () =>
    onHost(
      Effect.gen(function* () {
        const { host, staging } = yield* staged
        const { folder } = yield* Scratch
        const target = yield* newFolder("target")
        yield* host.bind(staging, target, false)
        yield* host.bind(staging, target, true)
        for (const left of [1, 0, 0]) {
          yield* host.unmount(target)
          assert.strictEqual(mountsBelow(folder).filter((mount) => mount === target).length, left)
        }
        yield* host.unmount(join(folder, "absent"))
      })
    )
  )

  it.live("fails and names the process while something is open there", () =>
    onHost(
      Effect.gen(function* () {
        const { host, staging } = yield* staged
        const reader = yield* Effect.acquireRelease(
          Effect.sync(() => spawn("sleep", ["60"], { cwd: staging, stdio: "ignore" })),
          (child) =>
            Effect.promise(() => {
              const ended = once(child, "exit")
              child.kill("SIGKILL")
              return ended
            })
        )
        const failure = yield* Effect.flip(host.unmount(staging))
        assert.strictEqual(failure.outcome, "failed")
        assert.include(failure.message, `sleep (pid ${reader.pid})`)
      })
    )
  )

  it.live("names a mount further down that is in the way", () =>
    onHost(
      Effect.gen(function* () {
        const { host, staging } = yield* staged
        const below = join(staging, "below")
        mkdirSync(below)
        sh("mount", "-t", "tmpfs", "none", below)
        assert.include((yield* Effect.flip(host.unmount(staging))).message, `a mount at ${below}`)
      })
    )
  )

  it.live("works on a file system that has shut down after errors of its disk", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(400)
        const target = yield* newFolder("target")
        yield* host.format(device, "Blank", "xfs", undefined, [])
        yield* host.mount(device, target, "xfs", [])
        sh("xfs_io", "-x", "-c", "shutdown", target)
        assert.strictEqual((yield* host.locate(target)).kind, "directory")
        yield* host.unmount(target)
        yield* host.remove(target)
        assert.isFalse(existsSync(target))
      })
    )
  )
})

describe("measuring", () => {
  it.live("gives the figures of the mounted file system", () =>
    onHost(
      Effect.gen(function* () {
        const { host, staging } = yield* staged
        const before = yield* host.usage(staging)
        assert.isAbove(Number(before.totalBytes), 50 * MiB)
        assert.isBelow(Number(before.totalBytes), 64 * MiB)
        writeFileSync(join(staging, "data"), Buffer.alloc(8 * MiB, 1))
        sh("sync", "-f", staging)
        const after = yield* host.usage(staging)
        assert.strictEqual(after.totalBytes, before.totalBytes)
        assert.isAtLeast(Number(after.usedBytes - before.usedBytes), 8 * MiB)
        assert.strictEqual(after.usedInodes - before.usedInodes, 1n)
        assert.strictEqual(after.totalInodes, after.usedInodes + after.availableInodes)
      })
    )
  )

  it.live("never gives the figures of the file system around an unmounted folder", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const folder = yield* newFolder("empty")
        assert.match((yield* Effect.flip(host.usage(folder))).message, /nothing is mounted there/)
      })
    )
  )
})

describe("a command that the kernel does not let go", () => {
  it.live("is given up, keeps others off what it works on, and is forgotten when its file system thaws", () =>
    onHost(
      Effect.gen(function* () {
        const { staging } = yield* staged
        const writing = (worksOn: string, script: string): Command => ({
          operation: `write to ${worksOn}`,
          program: "sh",
          debianPackage: "dash",
          args: ["-c", script],
          timeLimit: "200 millis",
          patience: "200 millis",
          worksOn: [worksOn]
        })
        const frozen = Effect.acquireRelease(
          Effect.sync(() => sh("fsfreeze", "--freeze", staging)),
          () => Effect.sync(() => sh("fsfreeze", "--unfreeze", staging))
        )
        yield* Effect.gen(function* () {
          yield* frozen
          const failure = yield* Effect.flip(mutate(writing("disk a", `: > ${join(staging, "late")}`)))
          assert.strictEqual(failure.outcome, "unknown")
          assert.match(failure.message, /cannot be killed/)
          const next = yield* Effect.flip(mutate(writing("disk a", `: > ${join(staging, "never")}`)))
          assert.strictEqual(next.outcome, "unknown")
          assert.match(next.message, /sh \(pid \d+\), which hangs since 20\d\d-\S+Z and cannot be killed/)
          yield* mutate(writing("disk b", "exit 0"))
          assert.strictEqual((yield* Metric.value(abandonedChildren)).value, 1)
        }).pipe(Effect.scoped)
        yield* mutate(writing("disk a", "exit 0")).pipe(
          Effect.retry(Schedule.spaced("10 millis")),
          Effect.timeout("5 seconds")
        )
        assert.strictEqual((yield* Metric.value(abandonedChildren)).value, 0)
        assert.deepStrictEqual([existsSync(join(staging, "late")), existsSync(join(staging, "never"))], [true, false])
      })
    )
  )
})

describe("the end of a test", () => {
  it.live("leaves no mount, loop device or file behind", () =>
    Effect.gen(function* () {
      const folder = yield* onHost(
        Effect.gen(function* () {
          const { host, staging } = yield* staged
          const { folder } = yield* Scratch
          const target = yield* newFolder("target")
          yield* host.bind(staging, target, true)
          assert.deepStrictEqual([mountsBelow(folder).length, loopsOver(folder).length], [2, 1])
          return folder
        })
      )
      assert.deepStrictEqual([mountsBelow(folder), loopsOver(folder), existsSync(folder)], [[], [], false])
    })
  )
})
