import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeDisk, mountsBelow, sh } from "../loopDisks.ts"
import { onItsWay, onNode } from "../onNode.ts"
import { copyTo, digest, type Family, families, refusal, staged } from "./tried.ts"

const reading = (fsType: string) =>
  ({ access: { _tag: "mount", fsType, flags: [] }, mode: "MULTI_NODE_READER_ONLY" }) as const

describe("a volume for reading", () => {
  const hasWork = (family: Family, path: string): boolean => {
    switch (family) {
      case "ext4":
      case "ext3":
        return sh("dumpe2fs", "-h", path).includes("needs_recovery")
      case "xfs":
        return sh("xfs_logprint", "-t", path).includes("<DIRTY>")
      case "btrfs":
        return !/^log_root\s+0$/m.test(sh("btrfs", "inspect-internal", "dump-super", path))
    }
  }

  /** As the disk of a node that lost its power: its journal holds what its file system does not yet. */
  const crashed = (family: Family) =>
    Effect.gen(function* () {
      const source = yield* staged(family)
      for (let file = 0; file < 50; file++) writeFileSync(join(source.stagingPath, `${file}`), `${file}`)
      sh("sync", source.stagingPath, join(source.stagingPath, "49"))
      const copy = yield* makeDisk(families[family])
      copyTo(copy, source.disk)
      yield* source.unstage()
      assert.isTrue(hasWork(family, copy.loop))
      return copy
    })

  it.live.each(["ext4", "ext3", "xfs", "btrfs"] as const)(
    "is the same to the byte after it was mounted: %s",
    (family) =>
      onNode(
        Effect.gen(function* () {
          const disk = yield* crashed(family)
          const before = digest(disk)
          const { stage, unstage, publish, unpublish, target } = yield* onItsWay(disk.volume)
          const capability = reading(family)
          yield* stage({ capability })
          yield* publish({ capability })
          assert.throws(() => writeFileSync(join(target, "new"), ""), /EROFS/)
          yield* unpublish()
          yield* unstage()
          assert.strictEqual(digest(disk), before)
        })
      )
  )

  it.live.each(["ext4", "ext3", "xfs", "btrfs"] as const)("is replayed once it is for writing: %s", (family) =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* crashed(family)
        const { stage, stagingPath, unstage } = yield* onItsWay(disk.volume)
        yield* stage()
        assert.strictEqual(readFileSync(join(stagingPath, "49"), "utf8"), "49")
        yield* unstage()
        assert.isFalse(hasWork(family, disk.loop))
      })
    )
  )

  it.live.each(["ext4", "xfs", "btrfs"] as const)(
    "because its disk is write-protected is not said to be writable, and stays the same to the byte: %s",
    (family) =>
      onNode(
        Effect.gen(function* () {
          const disk = yield* crashed(family)
          const before = digest(disk)
          const { stage, stagingPath } = yield* onItsWay(disk.volume)
          // The mark stays on a loop device when its file goes, and would meet the next test.
          yield* Effect.acquireRelease(
            Effect.sync(() => sh("blockdev", "--setro", disk.loop)),
            () => Effect.sync(() => sh("blockdev", "--setrw", disk.loop))
          )
          const { code } = yield* refusal(stage())
          assert.oneOf(code, ["INTERNAL", "ALREADY_EXISTS"])
          assert.deepStrictEqual([digest(disk), mountsBelow(dirname(stagingPath))], [before, []])
        })
      )
  )

  it.live("does not become writable, nor a writable one read-only, under those who use it", () =>
    onNode(
      Effect.gen(function* () {
        const { stage, stagingPath, unstage } = yield* staged("ext4")
        assert.strictEqual((yield* refusal(stage({ capability: reading("ext4") }))).code, "ALREADY_EXISTS")
        writeFileSync(join(stagingPath, "note"), "writable still")
        yield* unstage()
        yield* stage({ capability: reading("ext4") })
        assert.strictEqual((yield* refusal(stage())).code, "ALREADY_EXISTS")
        assert.throws(() => writeFileSync(join(stagingPath, "note"), ""), /EROFS/)
      })
    )
  )
})
