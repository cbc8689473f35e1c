import { mkdirSync, writeFileSync } from "node:fs"
import { statfs } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { MiB, makeDisk, sh } from "./loopDisks.ts"
import { onItsWay, onNode } from "./onNode.ts"

const published = (fsType: string) =>
  Effect.gen(function* () {
    const { volume } = yield* makeDisk(400)
    const pod = yield* onItsWay(volume, { fsType })
    yield* pod.stage()
    yield* pod.publish()
    return pod
  })

describe("the figures of a volume", () => {
  it.live.each(["ext4", "ext3", "xfs", "btrfs"])("are those of statfs to the byte: %s", (fsType) =>
    onNode(
      Effect.gen(function* () {
        const { measure, stagingPath, target } = yield* published(fsType)
        mkdirSync(join(target, "folder"))
        writeFileSync(join(target, "folder", "data"), Buffer.alloc(5 * MiB + 1, 1))
        for (let file = 0; file < 20; file++) writeFileSync(join(target, `${file}`), "")
        sh("sync", "-f", target)
        const { bavail, bfree, blocks, bsize, ffree, files } = yield* Effect.promise(() =>
          statfs(target, { bigint: true })
        )
        const expected = {
          _tag: "mount" as const,
          totalBytes: blocks * bsize,
          usedBytes: (blocks - bfree) * bsize,
          availableBytes: bavail * bsize,
          totalInodes: files,
          usedInodes: files - ffree,
          availableInodes: ffree
        }
        assert.deepStrictEqual(yield* measure(), expected)
        assert.deepStrictEqual(yield* measure(stagingPath), expected)
        assert.isAbove(Number(expected.usedBytes), 5 * MiB)
        assert.isAtMost(Number(expected.totalBytes), 400 * MiB)
      })
    )
  )

  it.live("are not those of the root disk once the volume was unmounted behind our back", () =>
    onNode(
      Effect.gen(function* () {
        const { measure, target } = yield* published("ext4")
        sh("umount", target)
        assert.strictEqual((yield* Effect.flip(measure()))._tag, "PathNotFound")
      })
    )
  )
})
