import { randomBytes } from "node:crypto"
import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { loopsOver, makeDisk, mountsBelow, Scratch, sh } from "./loopDisks.ts"
import { onItsWay, onNode } from "./onNode.ts"
import { otherNamespace } from "./otherNamespace.ts"

const sizes = { ext4: 64, ext3: 64, xfs: 400, btrfs: 400 }

describe.each(["ext4", "ext3", "xfs", "btrfs"] as const)("a staged %s", (fsType) => {
  it.live("is not said to be unstaged while a pod's mount is left over", () =>
    onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const disk = yield* makeDisk(sizes[fsType])
        const { publish, stage, stagingPath, target, unpublish, unstage } = yield* onItsWay(disk.volume, { fsType })
        yield* stage()
        yield* publish()
        const error = yield* Effect.flip(unstage())
        assert.strictEqual(error._tag, "NotReady")
        assert.include(error.message, `mounted at ${target}`)
        assert.notInclude(mountsBelow(folder), stagingPath)
        yield* unpublish()
        yield* unstage()
        assert.deepStrictEqual(mountsBelow(folder), [])
      })
    )
  )

  it.live(
    "is on the disk to the last byte once it is unstaged, although a container still has a copy of the mount",
    () =>
      onNode(
        Effect.gen(function* () {
          const disk = yield* makeDisk(sizes[fsType])
          const { stage, stagingPath, unstage } = yield* onItsWay(disk.volume, { fsType })
          yield* stage()
          yield* otherNamespace
          // One block of the smallest size, which lies in one piece.
          const written = randomBytes(1024)
          writeFileSync(join(stagingPath, "note"), written)
          yield* unstage()
          assert.isTrue(readFileSync(disk.file).includes(written))
        })
      )
  )
})

describe.each(["ext4", "ext3", "xfs"] as const)("an %s whose disk has failed", (fsType) => {
  it.live("is unstaged all the same", () =>
    onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const disk = yield* makeDisk(sizes[fsType])
        const { publish, stage, target, unpublish, unstage } = yield* onItsWay(disk.volume, { fsType })
        yield* stage()
        yield* publish()
        writeFileSync(join(target, "late"), randomBytes(4096))
        truncateSync(disk.file, 0)
        yield* unpublish()
        yield* unstage()
        assert.deepStrictEqual(mountsBelow(folder), [])
      })
    )
  )
})

describe("a raw disk", () => {
  it.live("is not said to be unstaged while it is bound for a pod", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(16)
        const { publish, stage, target, unpublish, unstage } = yield* onItsWay(disk.volume, "block")
        yield* stage()
        yield* publish()
        const error = yield* Effect.flip(unstage())
        assert.strictEqual(error._tag, "NotReady")
        assert.include(error.message, `a raw disk at ${target}`)
        yield* unpublish()
        yield* unstage()
      })
    )
  )
})

describe("unstaging", () => {
  it.live("of a volume whose disk is gone, or never came, waits for nobody", () =>
    onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const disk = yield* makeDisk(64)
        const { stage, unstage } = yield* onItsWay(disk.volume)
        yield* unstage()
        yield* stage()
        yield* unstage()
        sh("losetup", "--detach", disk.loop)
        assert.deepStrictEqual(loopsOver(folder), [])
        yield* unstage()
      })
    )
  )
})
