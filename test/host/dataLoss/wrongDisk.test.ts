import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { sizeBytesKey } from "../../../src/domain/publishContext.ts"
import { HostMounter } from "../../../src/ports/HostMounter.ts"
import { link, MiB, makeDisk, mountsBelow, Scratch, sh } from "../loopDisks.ts"
import { onItsWay, onNode } from "../onNode.ts"
import { digest, inHaste, refusal } from "./tried.ts"

describe("the wrong disk", () => {
  it.live("to which a link of a volume that left still leads is not touched", () =>
    onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const left = yield* makeDisk(16)
        const other = yield* makeDisk(16)
        rmSync(join(folder, "dev", "disk", "by-id", `virtio-${left.volume.slice(0, 20)}`))
        link(folder, left.volume, other.loop)
        const before = digest(other)
        const { stage } = yield* onItsWay(left.volume)
        const { code, message } = yield* refusal(inHaste(stage()))
        assert.strictEqual(code, "NOT_FOUND")
        assert.include(message, other.volume)
        assert.deepStrictEqual([digest(other), mountsBelow(folder)], [before, []])
      })
    )
  )

  it.live("is not chosen where two disks claim to be the volume", () =>
    onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const disk = yield* makeDisk(16)
        mkdirSync(join(folder, "copy"))
        const file = join(folder, "copy", `volume-${disk.volume}`)
        writeFileSync(file, "")
        truncateSync(file, 16 * MiB)
        const loop = sh("losetup", "--find", "--show", file).trim()
        symlinkSync(loop, join(folder, "dev", "disk", "by-id", `scsi-0QEMU_QEMU_HARDDISK_${disk.volume}`))
        const copy = { volume: disk.volume, file, loop }
        const before = [digest(disk), digest(copy)]
        const { stage } = yield* onItsWay(disk.volume)
        const { code, message } = yield* refusal(stage())
        assert.strictEqual(code, "INTERNAL")
        for (const named of [disk.file, file]) assert.include(message, named)
        assert.deepStrictEqual([[digest(disk), digest(copy)], mountsBelow(folder)], [before, []])
      })
    )
  )

  it.live("gives itself away by being smaller than the volume", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(16)
        const before = digest(disk)
        const { stage } = yield* onItsWay(disk.volume)
        const publishContext = { [sizeBytesKey]: `${1024 * MiB}` }
        const { code, message } = yield* refusal(stage({ publishContext }))
        assert.strictEqual(code, "UNAVAILABLE")
        assert.match(message, /smaller than the volume's/)
        assert.strictEqual(digest(disk), before)
      })
    )
  )

  it.live("under the number of the right one since the last look is not formatted", () => {
    let exchange = () => {}
    return onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const disk = yield* makeDisk(16)
        const before = digest(disk)
        const other = join(folder, "volume-of-somebody-else")
        exchange = () => renameSync(disk.file, other)
        const { stage } = yield* onItsWay(disk.volume)
        const { code } = yield* refusal(inHaste(stage()))
        assert.strictEqual(code, "NOT_FOUND")
        assert.strictEqual(digest({ ...disk, file: other }), before)
      }),
      (host) => ({
        contentsOf: (device) => Effect.tap(host.contentsOf(device), () => Effect.sync(() => exchange()))
      })
    )
  })

  it.live("has taken the place below a mount: the dead mount goes, and the volume's own disk is mounted", () =>
    onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const host = yield* HostMounter
        const disk = yield* makeDisk(64)
        const name = join(folder, "dev", "disk", "by-id", `virtio-${disk.volume.slice(0, 20)}`)
        const node = (at: string, loop: string) => {
          sh("mknod", at, "b", "7", loop.slice("/dev/loop".length))
          rmSync(name, { force: true })
          symlinkSync(at, name)
        }
        const [first, second] = [join(folder, "dev", "vdb"), join(folder, "dev", "vdc")]
        node(first, disk.loop)
        const { stage, stagingPath } = yield* onItsWay(disk.volume)
        yield* stage()
        writeFileSync(join(stagingPath, "note"), "on the old disk")
        mkdirSync(join(folder, "again"))
        const file = join(folder, "again", `volume-${disk.volume}`)
        writeFileSync(file, "")
        truncateSync(file, 64 * MiB)
        const loop = sh("losetup", "--find", "--show", file).trim()
        rmSync(first)
        node(second, loop)
        yield* stage()
        const top = (yield* host.mounts).filter(({ target }) => target === stagingPath)
        assert.deepStrictEqual(
          top.map(({ source }) => source),
          [second]
        )
        assert.match(sh("ls", stagingPath), /^lost\+found\n$/)
      })
    )
  )
})
