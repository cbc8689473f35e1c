import { existsSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { VolumeHealth } from "../../src/domain/decisions/volumeHealth.ts"
import { MiB, makeDisk, sh } from "./loopDisks.ts"
import { onItsWay, onNode } from "./onNode.ts"

const published = (fsType: string, flags: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const disk = yield* makeDisk(fsType === "ext4" ? 64 : 400)
    const pod = yield* onItsWay(disk.volume, { fsType, flags })
    yield* pod.stage()
    yield* pod.publish()
    return { disk, ...pod }
  })

const reasons = (health: VolumeHealth): ReadonlyArray<string> =>
  health._tag === "Sick" ? health.troubles.map(({ reason, status }) => `${status} ${reason}`) : [health._tag]

const shutDown = (path: string) => sh("xfs_io", "-x", "-c", "shutdown", path)

describe("the health of a volume on a real disk", () => {
  it.live.each(["ext4", "xfs", "btrfs"])("is good: %s", (fsType) =>
    onNode(
      Effect.gen(function* () {
        const { health, stagingPath } = yield* published(fsType)
        assert.deepStrictEqual(
          [reasons(yield* health()), reasons(yield* health(stagingPath))],
          [["Healthy"], ["Healthy"]]
        )
      })
    )
  )

  it.live("is bad after xfs has shut down, and the volume can be measured and taken away all the same", () =>
    onNode(
      Effect.gen(function* () {
        const { health, measure, stagingPath, target, unpublish, unstage } = yield* published("xfs")
        shutDown(stagingPath)
        assert.deepStrictEqual(reasons(yield* health()), ["INACCESSIBLE FileSystemDead"])
        assert.isAbove(Number((yield* measure()).totalBytes), 300 * MiB)
        yield* unpublish()
        yield* unstage()
        assert.isFalse(existsSync(target))
      })
    )
  )

  it.live("is bad after ext4 has shut down, although its root answers from memory", () =>
    onNode(
      Effect.gen(function* () {
        const { health, stagingPath } = yield* published("ext4")
        shutDown(stagingPath)
        assert.deepStrictEqual(reasons(yield* health()), ["INACCESSIBLE FileSystemShutDown"])
      })
    )
  )

  it.live("is poor once ext4 has met an error, and good again after the next stage", () =>
    onNode(
      Effect.gen(function* () {
        const { disk, health, publish, stage, unpublish, unstage } = yield* published("ext4", ["errors=remount-ro"])
        writeFileSync(join("/sys/fs/ext4", disk.loop.slice("/dev/".length), "trigger_fs_error"), "for a test")
        assert.deepStrictEqual(reasons(yield* health()), ["DEGRADED FileSystemReadOnly", "DEGRADED FileSystemErrors"])
        yield* unpublish()
        yield* unstage()
        yield* stage()
        yield* publish()
        assert.deepStrictEqual(reasons(yield* health()), ["Healthy"])
      })
    )
  )

  it.live("is bad on a disk that cannot be read", () =>
    onNode(
      Effect.gen(function* () {
        const { disk, health } = yield* published("ext4")
        truncateSync(disk.file, 0)
        assert.deepStrictEqual(reasons(yield* health()), ["INACCESSIBLE DiskUnreadable"])
      })
    )
  )

  it.live("is worst on a disk that has lost its end", () =>
    onNode(
      Effect.gen(function* () {
        const { disk, health } = yield* published("ext4")
        truncateSync(disk.file, 32 * MiB)
        sh("losetup", "--set-capacity", disk.loop)
        assert.deepStrictEqual(reasons(yield* health()), ["DATA_LOSS DiskTooSmall"])
      })
    )
  )

  it.live("of a raw disk is that of the disk", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        const { health, publish } = yield* onItsWay(disk.volume, "block")
        yield* publish()
        assert.deepStrictEqual(reasons(yield* health()), ["Healthy"])
        truncateSync(disk.file, 0)
        assert.deepStrictEqual(reasons(yield* health()), ["INACCESSIBLE DiskUnreadable"])
      })
    )
  )

  it.live("is unknown where the volume is not", () =>
    onNode(
      Effect.gen(function* () {
        const { health, unpublish } = yield* published("ext4")
        yield* unpublish()
        assert.deepStrictEqual(reasons(yield* health()), ["Unknown"])
      })
    )
  )
})
