import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect } from "effect"
import { MiB, mountsBelow, Scratch, sh } from "../host/loopDisks.ts"
import { blockCapability, live, mountCapability } from "../support/wiredDriver.ts"
import { liveUnless, noDisks } from "./support/needs.ts"
import { kubeletPaths, onDisks, onItsWay, plugDisk, startOurNode } from "./support/nodes.ts"

const withDisks = liveUnless(noDisks)

describe("a node", () => {
  withDisks(
    "P-5 asks nothing of OpenStack while a volume lives on it, although it could",
    onDisks(
      Effect.gen(function* () {
        const { csi, cloud } = yield* startOurNode()
        yield* csi.nodeGetInfo()
        const disk = yield* plugDisk(64)
        const volume = onItsWay(disk.volumeId, yield* kubeletPaths(disk.volumeId, "mount"), mountCapability())
        yield* volume.stage(csi)
        yield* volume.publish(csi)
        yield* volume.measure(csi)
        yield* volume.expand(csi, BigInt(64 * MiB))
        yield* volume.unpublish(csi)
        yield* volume.unstage(csi)
        const services = (yield* cloud.requests.recent).map(({ service }) => service)
        assert.deepStrictEqual([...new Set(services)], ["metadata"])
      })
    )
  )

  withDisks(
    "P-35 stages nothing for raw block and shows the device at the target, once",
    onDisks(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const { csi } = yield* startOurNode()
        const disk = yield* plugDisk(64)
        const paths = yield* kubeletPaths(disk.volumeId, "block")
        const volume = onItsWay(disk.volumeId, paths, blockCapability())
        yield* volume.stage(csi)
        assert.deepStrictEqual(mountsBelow(folder), [])
        yield* volume.publish(csi)
        yield* volume.publish(csi)
        assert.deepStrictEqual(mountsBelow(folder), [paths.target])
        assert.isTrue(statSync(paths.target).isBlockDevice())
        assert.strictEqual(statSync(paths.target).rdev, statSync(disk.loop).rdev)
        yield* volume.unpublish(csi)
        yield* volume.unstage(csi)
        assert.isFalse(existsSync(paths.target))
        assert.deepStrictEqual(mountsBelow(folder), [])
        assert.strictEqual(sh("dd", `if=${disk.loop}`, "bs=1M", "count=1", "status=none").replaceAll("\0", ""), "")
      })
    )
  )

  live(
    "P-36 has no inline ephemeral volumes: UNIMPLEMENTED",
    Effect.gen(function* () {
      const { csi } = yield* startOurNode()
      const refusal = yield* Effect.flip(
        csi.nodePublishVolume({
          volumeId: "csi-0123456789",
          targetPath: "/nowhere/target",
          volumeCapability: mountCapability(),
          volumeContext: new Map([["csi.storage.k8s.io/ephemeral", "true"]])
        })
      )
      assert.strictEqual(refusal.code, status.UNIMPLEMENTED)
    })
  )

  withDisks(
    "P-37 measures bytes and inodes of a file system and the size of raw block, NOT_FOUND for an absent path",
    onDisks(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const { csi } = yield* startOurNode()
        const disk = yield* plugDisk(64)
        const paths = yield* kubeletPaths(disk.volumeId, "mount")
        const volume = onItsWay(disk.volumeId, paths, mountCapability())
        yield* volume.stage(csi)
        yield* volume.publish(csi)
        writeFileSync(join(paths.target, "data"), Buffer.alloc(8 * MiB, 1))
        sh("sync", "-f", paths.target)
        const [bytes, inodes] = (yield* volume.measure(csi)).usage
        const [total, used, free] = sh("df", "-B1", "--output=size,used,avail", paths.target)
          .trim()
          .split(/\s+/)
          .slice(-3)
        assert.deepStrictEqual(
          [bytes?.total, bytes?.used, bytes?.available],
          [BigInt(total ?? 0), BigInt(used ?? 0), BigInt(free ?? 0)]
        )
        assert.strictEqual((inodes?.used ?? 0n) + (inodes?.available ?? 0n), inodes?.total)
        assert.deepStrictEqual([bytes?.unit, inodes?.unit], [1, 2])
        const raw = yield* plugDisk(32)
        const rawPaths = yield* kubeletPaths(raw.volumeId, "block")
        const rawVolume = onItsWay(raw.volumeId, rawPaths, blockCapability())
        yield* rawVolume.stage(csi)
        yield* rawVolume.publish(csi)
        const rawUsage = (yield* rawVolume.measure(csi)).usage
        assert.deepStrictEqual(
          rawUsage.map(({ total, unit }) => [total, unit]),
          [[BigInt(32 * MiB), 1]]
        )
        const absent = csi.nodeGetVolumeStats({ volumeId: disk.volumeId, volumePath: join(folder, "absent") })
        assert.strictEqual((yield* Effect.flip(absent)).code, status.NOT_FOUND)
      })
    )
  )

  withDisks(
    "P-38 unpublishes and unstages what is gone already, and takes the target away",
    onDisks(
      Effect.gen(function* () {
        const { csi } = yield* startOurNode()
        const disk = yield* plugDisk(64)
        const paths = yield* kubeletPaths(disk.volumeId, "mount")
        const volume = onItsWay(disk.volumeId, paths, mountCapability())
        yield* volume.unpublish(csi)
        yield* volume.unstage(csi)
        yield* volume.stage(csi)
        yield* volume.publish(csi)
        yield* volume.unpublish(csi)
        yield* volume.unpublish(csi)
        assert.isFalse(existsSync(paths.target))
        mkdirSync(paths.target)
        yield* volume.unpublish(csi)
        assert.isFalse(existsSync(paths.target))
        yield* volume.unstage(csi)
        yield* volume.unstage(csi)
      })
    )
  )

  withDisks(
    "P-38 unpublishes and unstages a volume whose file system the kernel has shut down",
    onDisks(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const { csi } = yield* startOurNode()
        const disk = yield* plugDisk(400)
        const paths = yield* kubeletPaths(disk.volumeId, "mount")
        const volume = onItsWay(disk.volumeId, paths, mountCapability("xfs"))
        yield* volume.stage(csi)
        yield* volume.publish(csi)
        sh("xfs_io", "-x", "-c", "shutdown", paths.target)
        assert.throws(() => writeFileSync(join(paths.target, "note"), "lost"), /EIO/)
        yield* volume.unpublish(csi)
        yield* volume.unstage(csi)
        assert.deepStrictEqual(mountsBelow(folder), [])
        assert.isFalse(existsSync(paths.target))
      })
    )
  )
})
