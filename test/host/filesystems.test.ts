import { randomBytes, randomUUID } from "node:crypto"
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { type LoopDisk, MiB, newDevice, newFolder, onHost, sh } from "./loopDisks.ts"

const sizeMiB = 400

describe.each(["ext4", "ext3", "ext2", "xfs", "btrfs"] as const)("%s on a real disk", (fileSystem) => {
  it.live("is made on a blank disk with the UUID and the label that were asked, and recognised with its size", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        assert.deepStrictEqual(yield* host.contentsOf(device), { _tag: "Blank" })
        const uuid = randomUUID()
        yield* host.format(device, "Blank", fileSystem, uuid, ["-L", "csi-0d6c4a7e"])
        assert.deepStrictEqual(yield* host.contentsOf(device), {
          _tag: "FileSystem",
          type: fileSystem,
          uuid,
          label: "csi-0d6c4a7e",
          sizeBytes: BigInt(sizeMiB * MiB)
        })
      })
    )
  )

  it.live("is mounted, written, checked and read again", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        const target = yield* newFolder("staging")
        yield* host.format(device, "Blank", fileSystem, undefined, [])
        yield* host.mount(device, target, fileSystem, ["noatime"])
        const mounted = (yield* host.mounts).find((mount) => mount.target === target)
        assert.strictEqual(mounted?.source, device.path)
        assert.strictEqual(mounted?.fsType, fileSystem)
        assert.include(mounted?.options ?? [], "noatime")
        writeFileSync(join(target, "note"), "kept")
        yield* host.unmount(target)
        yield* host.check(device, fileSystem)
        yield* host.mount(device, target, fileSystem, ["ro"])
        assert.strictEqual(readFileSync(join(target, "note"), "utf8"), "kept")
        assert.throws(() => writeFileSync(join(target, "note"), "changed"), /EROFS/)
      })
    )
  )

  it.live("is not made a second time over its own data", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        yield* host.format(device, "Blank", fileSystem, undefined, [])
        const before = yield* host.contentsOf(device)
        const failure = yield* Effect.flip(host.format(device, "Blank", fileSystem, undefined, []))
        assert.match(failure.message, /holds data by now/)
        assert.deepStrictEqual(yield* host.contentsOf(device), before)
      })
    )
  )

  it.live("refuses to be made or checked while the disk is mounted", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        const target = yield* newFolder("staging")
        yield* host.format(device, "Blank", fileSystem, undefined, [])
        yield* host.mount(device, target, fileSystem, [])
        const failure = yield* Effect.flip(host.format(device, "Blank", fileSystem, undefined, []))
        assert.include(failure.message, `is mounted at ${target}`)
        assert.strictEqual(failure.outcome, "failed")
      })
    )
  )
})

const enlarge = (disk: LoopDisk) => truncateSync(disk.file, 2 * sizeMiB * MiB)

describe.each(["xfs", "btrfs"] as const)("%s grows", (fileSystem) => {
  it.live("while it is mounted, to the new size of its disk, and again without effect", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { disk, device } = yield* newDevice(sizeMiB)
        const target = yield* newFolder("staging")
        yield* host.format(device, "Blank", fileSystem, undefined, [])
        yield* host.mount(device, target, fileSystem, [])
        const before = yield* host.usage(target)
        enlarge(disk)
        const larger = yield* host.refreshSize(device)
        assert.strictEqual(larger.sizeBytes, BigInt(2 * sizeMiB * MiB))
        yield* host.grow(larger, fileSystem, target)
        const after = yield* host.usage(target)
        assert.isAtLeast(Number(after.totalBytes - before.totalBytes), 0.95 * sizeMiB * MiB)
        yield* host.grow(larger, fileSystem, target)
        assert.strictEqual((yield* host.usage(target)).totalBytes, after.totalBytes)
      })
    )
  )

  it.live("not while it is mounted nowhere, and says so", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        yield* host.format(device, "Blank", fileSystem, undefined, [])
        const failure = yield* Effect.flip(host.grow(device, fileSystem, undefined))
        assert.match(failure.message, /grows only while it is mounted/)
      })
    )
  )
})

describe.each(["ext4", "ext3", "ext2"] as const)("%s grows", (fileSystem) => {
  it.live("while it is mounted nowhere, also right after it was in use", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { disk, device } = yield* newDevice(sizeMiB)
        const target = yield* newFolder("staging")
        yield* host.format(device, "Blank", fileSystem, undefined, [])
        yield* host.mount(device, target, fileSystem, [])
        writeFileSync(join(target, "note"), "kept")
        yield* host.unmount(target)
        enlarge(disk)
        const larger = yield* host.refreshSize(device)
        yield* host.grow(larger, fileSystem, undefined)
        yield* host.grow(larger, fileSystem, undefined)
        const contents = yield* host.contentsOf(larger)
        assert.strictEqual(contents._tag === "FileSystem" ? contents.sizeBytes : undefined, larger.sizeBytes)
        yield* host.mount(larger, target, fileSystem, [])
        assert.strictEqual(readFileSync(join(target, "note"), "utf8"), "kept")
      })
    )
  )
})

describe("ext4 while it is mounted", () => {
  it.live("grows, or names the capability that the kernel asks for", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { disk, device } = yield* newDevice(sizeMiB)
        const target = yield* newFolder("staging")
        yield* host.format(device, "Blank", "ext4", undefined, [])
        yield* host.mount(device, target, "ext4", [])
        enlarge(disk)
        const larger = yield* host.refreshSize(device)
        const failure = yield* host.grow(larger, "ext4", target).pipe(Effect.flip, Effect.option)
        if (failure._tag === "None") {
          assert.isAbove(Number((yield* host.usage(target)).totalBytes), 1.9 * sizeMiB * MiB)
        } else {
          assert.match(failure.value.message, /Permission denied to resize filesystem.*CAP_SYS_RESOURCE/)
        }
      })
    )
  )
})

describe("a damaged file system that mkfs left to the mount to find", () => {
  const damage = (path: string, offset: number) => {
    const file = openSync(path, "r+")
    writeSync(file, randomBytes(512), 0, 512, offset)
    closeSync(file)
  }

  it.live("of xfs is neither mounted nor repaired, and a human told what to run", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { disk, device } = yield* newDevice(sizeMiB)
        const target = yield* newFolder("staging")
        yield* host.format(device, "Blank", "xfs", undefined, [])
        damage(device.path, 2 * 512)
        const damaged = () => {
          sh("blockdev", "--flushbufs", device.path)
          return readFileSync(disk.file).subarray(2 * 512, 3 * 512)
        }
        const before = damaged()
        yield* host.check(device, "xfs")
        const failure = yield* Effect.flip(host.mount(device, target, "xfs", []))
        assert.match(failure.message, /Structure needs cleaning.*is damaged and needs a human/)
        assert.include(failure.message, `"xfs_repair -n ${device.path}"`)
        assert.isTrue(before.equals(damaged()))
      })
    )
  )

  it.live("of btrfs is not mounted either", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        const target = yield* newFolder("staging")
        yield* host.format(device, "Blank", "btrfs", undefined, ["-m", "single"])
        const [, root = ""] = /^root\s+(\d+)$/m.exec(sh("btrfs", "inspect-internal", "dump-super", device.path)) ?? []
        const physical = /physical (\d+)/.exec(sh("btrfs-map-logical", "-l", root, device.path))?.[1]
        for (let at = 0; at < 16384; at += 512) damage(device.path, Number(physical) + at)
        const failure = yield* Effect.flip(host.mount(device, target, "btrfs", []))
        assert.include(failure.message, `"btrfs check --readonly ${device.path}"`)
      })
    )
  )
})

describe("checking ext4", () => {
  it.live("repairs what a crash left behind", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        yield* host.format(device, "Blank", "ext4", undefined, [])
        sh("debugfs", "-w", "-R", "set_super_value free_blocks_count 7", device.path)
        sh("debugfs", "-w", "-R", "set_super_value state 0", device.path)
        yield* host.check(device, "ext4")
        assert.match(sh("dumpe2fs", "-h", device.path), /Filesystem state: +clean/)
      })
    )
  )

  it.live("names the remedy when errors are left for a human", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        yield* host.format(device, "Blank", "ext4", undefined, [])
        sh("debugfs", "-w", "-R", "clri <2>", device.path)
        sh("debugfs", "-w", "-R", "set_super_value state 2", device.path)
        const failure = yield* Effect.flip(host.check(device, "ext4"))
        assert.match(failure.message, /errors are left.*e2fsck -f/)
      })
    )
  )
})
