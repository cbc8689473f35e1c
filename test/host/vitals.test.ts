import { truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { FileSystem } from "../../src/domain/Capability.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { newDevice, newFolder, onHost, sh } from "./loopDisks.ts"

const sizes = { ext4: 64, ext3: 64, ext2: 64, xfs: 400, btrfs: 400 }

const mounted = (fileSystem: FileSystem, options: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const host = yield* HostMounter
    const { device, disk } = yield* newDevice(sizes[fileSystem])
    const target = yield* newFolder("target")
    yield* host.format(device, "Blank", fileSystem, undefined, [])
    yield* host.mount(device, target, fileSystem, options)
    const mount = Effect.map(host.mounts, (all) => all.find((one) => one.target === target))
    return { host, device, disk, target, mount }
  })

describe("a healthy disk", () => {
  it.live.each(["ext4", "ext3", "xfs", "btrfs"] as const)("with %s is alive and has no errors", (fileSystem) =>
    onHost(
      Effect.gen(function* () {
        const { host, device, mount, target } = yield* mounted(fileSystem)
        assert.deepStrictEqual(yield* host.pulseOf(target), { _tag: "Alive" })
        assert.deepStrictEqual(yield* host.vitalsOf(device), {
          read: { _tag: "Alive" },
          state: undefined,
          fileSystemErrors: fileSystem === "xfs" ? undefined : 0
        })
        assert.isFalse((yield* mount)?.turnedReadOnly)
      })
    )
  )

  it.live("counts what is written to it", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(64)
        const before = yield* host.trafficOf(device)
        yield* host.format(device, "Blank", "ext4", undefined, [])
        const after = yield* host.trafficOf(device)
        assert.isAbove(after?.writes ?? 0, before?.writes ?? Number.NaN)
        assert.isAbove((after?.writtenBytes ?? 0) - (before?.writtenBytes ?? 0), 64 * 1024)
        assert.strictEqual(after?.inFlight, 0)
        assert.include(
          (yield* Effect.flip(host.trafficOf({ ...device, number: "7:9999" }))).message,
          "the disk is gone"
        )
      })
    )
  )

  it.live("mounted read-only because that was asked for has not turned so", () =>
    onHost(
      Effect.gen(function* () {
        const { mount } = yield* mounted("ext4", ["ro"])
        assert.include((yield* mount)?.options ?? [], "ro")
        assert.isFalse((yield* mount)?.turnedReadOnly)
      })
    )
  )
})

describe("a sick file system", () => {
  it.live("is counted by ext4, and counts as read-only once the kernel has made it so", () =>
    onHost(
      Effect.gen(function* () {
        const { host, device, disk, mount } = yield* mounted("ext4", ["errors=remount-ro"])
        writeFileSync(join("/sys/fs/ext4", disk.loop.slice("/dev/".length), "trigger_fs_error"), "for a test")
        assert.strictEqual((yield* host.vitalsOf(device)).fileSystemErrors, 1)
        const seen = yield* mount
        assert.isTrue(seen?.turnedReadOnly)
        assert.include(seen?.options ?? [], "ro")
      })
    )
  )

  it.live("is dead after a shutdown of xfs, whose root answers for nothing", () =>
    onHost(
      Effect.gen(function* () {
        const { host, target } = yield* mounted("xfs")
        sh("xfs_io", "-x", "-c", "shutdown", target)
        const pulse = yield* host.pulseOf(target)
        assert.strictEqual(pulse._tag, "Dead")
        assert.match(pulse._tag === "Dead" ? pulse.problem : "", /Input\/output error/)
      })
    )
  )

  it.live("shows its shutdown in the mount table where it is ext4, whose root stays in memory", () =>
    onHost(
      Effect.gen(function* () {
        const { mount, target } = yield* mounted("ext4")
        sh("xfs_io", "-x", "-c", "shutdown", target)
        assert.include((yield* mount)?.options ?? [], "shutdown")
      })
    )
  )

  it.live("on a disk that cannot be read any more is told apart from a healthy one", () =>
    onHost(
      Effect.gen(function* () {
        const { host, device, disk } = yield* mounted("ext4")
        truncateSync(disk.file, 0)
        const { read } = yield* host.vitalsOf(device)
        assert.strictEqual(read._tag, "Dead")
      })
    )
  )

  it.live("on a disk that is gone has no vitals", () =>
    onHost(
      Effect.gen(function* () {
        const { host, device } = yield* mounted("ext4")
        const failure = yield* Effect.flip(host.vitalsOf({ ...device, number: "7:9999" }))
        assert.match(failure.message, /the disk is gone/)
      })
    )
  )
})
