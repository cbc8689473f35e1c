import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { link, MiB, makeDisk, mountsBelow, Scratch, sh } from "../loopDisks.ts"
import { onItsWay, onNode } from "../onNode.ts"
import { digest, filled, refusal, untouched } from "./tried.ts"

describe("a disk on which somebody writes", () => {
  const disturbed = (when: "after the look" | "before mkfs") => {
    let disturb = () => {}
    let done = false
    const once = Effect.sync(() => {
      if (done) return
      done = true
      disturb()
    })
    return onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        let before = ""
        disturb = () => {
          sh("mkfs.ext4", "-q", "-L", "somebody", disk.loop)
          before = digest(disk)
        }
        const { stage } = yield* onItsWay(disk.volume)
        const { code } = yield* refusal(stage())
        assert.strictEqual(sh("blkid", "--probe", "--match-tag", "LABEL", "--output", "value", disk.loop), "somebody\n")
        yield* untouched(disk, before)
        return code
      }),
      (host) =>
        when === "before mkfs"
          ? { format: (...asked) => Effect.zipRight(once, host.format(...asked)) }
          : { contentsOf: (device) => Effect.zipLeft(host.contentsOf(device), once) }
    )
  }

  it.live("right after the look keeps what was written", () =>
    Effect.map(disturbed("after the look"), (code) => assert.strictEqual(code, "INTERNAL"))
  )

  it.live("between the look and mkfs keeps what was written", () =>
    Effect.map(disturbed("before mkfs"), (code) => assert.strictEqual(code, "INTERNAL"))
  )

  it.live("raw, as a pod does, is not formatted meanwhile", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        const raw = yield* onItsWay(disk.volume, "block")
        yield* raw.publish()
        const before = digest(disk)
        const { stage } = yield* onItsWay(disk.volume)
        const { code, message } = yield* refusal(stage())
        assert.strictEqual(code, "FAILED_PRECONDITION")
        assert.include(message, "raw disk")
        assert.strictEqual(digest(disk), before)
      })
    )
  )

  it.live("as swap is neither formatted nor mounted", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        sh("mkswap", disk.loop)
        sh("swapon", disk.loop)
        const { stage } = yield* onItsWay(disk.volume)
        const { code } = yield* Effect.ensuring(
          refusal(stage()),
          Effect.sync(() => sh("swapoff", disk.loop))
        )
        assert.strictEqual(code, "FAILED_PRECONDITION")
        assert.include(sh("blkid", "--probe", disk.loop), 'TYPE="swap"')
      })
    )
  )
})

describe("a file system", () => {
  it.live("that was made half-way is not taken for blank by the next stage", () =>
    onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const small = join(folder, "small")
        mkdirSync(small)
        sh("mount", "-t", "tmpfs", "-o", "size=1M", "none", small)
        const disk = yield* makeDisk(64)
        sh("losetup", "--detach", disk.loop)
        rmSync(join(folder, "dev", "disk", "by-id", `virtio-${disk.volume.slice(0, 20)}`))
        const file = join(small, `volume-${disk.volume}`)
        writeFileSync(file, "")
        truncateSync(file, 64 * MiB)
        const loop = yield* Effect.acquireRelease(
          Effect.sync(() => sh("losetup", "--find", "--show", file).trim()),
          (made) => Effect.sync(() => sh("losetup", "--detach", made))
        )
        link(folder, disk.volume, loop)
        const { stage } = yield* onItsWay(disk.volume)
        const failed = yield* refusal(stage())
        assert.strictEqual(failed.code, "INTERNAL")
        sh("mount", "-o", "remount,size=128M", small)
        const before = digest({ ...disk, file, loop })
        const { code, message } = yield* refusal(stage())
        assert.strictEqual(code, "FAILED_PRECONDITION", message)
        assert.strictEqual(digest({ ...disk, file, loop }), before)
      })
    )
  )

  it.live("is not made by options that name another disk", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        const other = yield* filled("ext4")
        const before = [digest(disk), digest(other)]
        for (const options of [
          `-J device=${other.loop}`,
          `-E journal_dev ${other.loop}`,
          `-O journal_dev -d ${other.file}`
        ]) {
          const { stage } = yield* onItsWay(disk.volume, { fsType: "ext4" })
          const { code } = yield* refusal(stage({ volumeContext: { "mkfs-options": options } }))
          assert.strictEqual(code, "INVALID_ARGUMENT", options)
        }
        assert.deepStrictEqual([digest(disk), digest(other)], before)
      })
    )
  )

  it.live("is not made on a volume that is for reading", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        const before = digest(disk)
        const { stage } = yield* onItsWay(disk.volume)
        const capability = {
          access: { _tag: "mount", fsType: "ext4", flags: [] },
          mode: "MULTI_NODE_READER_ONLY"
        } as const
        assert.strictEqual((yield* refusal(stage({ capability }))).code, "FAILED_PRECONDITION")
        yield* untouched(disk, before)
      })
    )
  )

  it.live("that a human must repair is neither mounted nor made anew", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* filled("ext4")
        sh("debugfs", "-w", "-R", "clri <2>", disk.loop)
        sh("debugfs", "-w", "-R", "set_super_value state 2", disk.loop)
        const { stage, stagingPath } = yield* onItsWay(disk.volume)
        const { code, message } = yield* refusal(stage())
        assert.strictEqual(code, "INTERNAL")
        assert.match(message, /e2fsck -f/)
        assert.include(sh("blkid", "--probe", disk.loop), 'TYPE="ext4"')
        assert.isFalse(mountsBelow(join(stagingPath, "..")).includes(stagingPath))
      })
    )
  )
})
