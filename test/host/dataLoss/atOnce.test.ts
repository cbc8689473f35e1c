import { closeSync, constants, openSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, FiberId } from "effect"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { HostMounter } from "../../../src/ports/HostMounter.ts"
import { makeDisk, sh } from "../loopDisks.ts"
import { anotherDriver, onItsWay, onNode } from "../onNode.ts"
import { digest, refusal } from "./tried.ts"

describe("a file system", () => {
  it.live("is made once by two stages at the same time", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        const { stage, stagingPath } = yield* onItsWay(disk.volume)
        const first = yield* Effect.fork(stage())
        yield* Effect.yieldNow()
        const { code } = yield* refusal(stage())
        yield* first
        assert.strictEqual(code, "ABORTED")
        writeFileSync(join(stagingPath, "note"), "kept")
        yield* stage()
        assert.strictEqual(readFileSync(join(stagingPath, "note"), "utf8"), "kept")
      })
    )
  )

  it.live("is not made again by a second driver that looked before the first one wrote", () =>
    onNode(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const disk = yield* makeDisk(64)
        const { stage, stagingPath } = yield* onItsWay(disk.volume)
        const late = yield* onItsWay(disk.volume).pipe(
          Effect.provide(
            anotherDriver(({ format }) => ({
              format: (...asked) => Effect.zipRight(Effect.orDie(stage()), format(...asked))
            }))
          )
        )
        const { code, message } = yield* refusal(late.stage())
        assert.strictEqual(code, "INTERNAL")
        assert.match(message, /is mounted at/)
        assert.isTrue((yield* host.mounts).some(({ target }) => target === stagingPath))
      })
    )
  )

  it.live("is made once although two claims spell the volume's id differently", () => {
    let meanwhile: Effect.Effect<void> = Effect.void
    return onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        const { stage, stagingPath } = yield* onItsWay(disk.volume)
        const shouted = yield* onItsWay(VolumeId(disk.volume.toUpperCase()))
        meanwhile = Effect.orDie(stage())
        assert.strictEqual((yield* refusal(shouted.stage())).code, "INTERNAL")
        writeFileSync(join(stagingPath, "note"), "kept")
        yield* shouted.stage()
        assert.strictEqual(readFileSync(join(shouted.stagingPath, "note"), "utf8"), "kept")
      }),
      (host) => ({
        format: (...asked) =>
          Effect.suspend(() => {
            const first = meanwhile
            meanwhile = Effect.void
            return Effect.zipRight(first, host.format(...asked))
          })
      })
    )
  })

  it.live("is not made while another program has the disk for itself, as a mkfs does that outlived its driver", () =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        const before = digest(disk)
        const { stage, unstage } = yield* onItsWay(disk.volume)
        const whileHeld = Effect.acquireUseRelease(
          Effect.sync(() => openSync(disk.loop, constants.O_RDONLY | constants.O_EXCL)),
          () => refusal(stage()),
          (holder) => Effect.sync(() => closeSync(holder))
        )
        const blank = yield* whileHeld
        assert.strictEqual(blank.code, "INTERNAL")
        assert.include(blank.message, "is in use")
        assert.strictEqual(digest(disk), before)
        yield* stage()
        yield* unstage()
        const made = digest(disk)
        assert.match((yield* whileHeld).message, /could not mount .*busy/)
        assert.strictEqual(digest(disk), made)
      })
    )
  )

  it.live("is made to its end although the caller has gone, and kept by the next stage", () => {
    const begun = Deferred.unsafeMake<void>(FiberId.none)
    return onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(400)
        const { stage, stagingPath } = yield* onItsWay(disk.volume, { fsType: "xfs" })
        const call = yield* Effect.fork(stage())
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(call)
        sh("xfs_repair", "-n", disk.loop)
        const made = digest(disk)
        assert.include(sh("blkid", "--probe", disk.loop), disk.volume)
        yield* stage({
          capability: {
            access: { _tag: "mount", fsType: "xfs", flags: ["ro", "norecovery"] },
            mode: "SINGLE_NODE_WRITER"
          }
        })
        sh("umount", stagingPath)
        assert.strictEqual(digest(disk), made)
      }),
      (host) => ({
        format: (...asked) =>
          Effect.uninterruptible(Effect.zipRight(Deferred.succeed(begun, undefined), host.format(...asked)))
      })
    )
  })
})
