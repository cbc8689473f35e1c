import { fstatSync, openSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, TestClock } from "effect"
import { failed } from "../../../src/adapters/host/failures.ts"
import { defaultHostOptions } from "../../../src/adapters/host/HostOptions.ts"
import { makePinned, type OpenNode } from "../../../src/adapters/host/pinning.ts"
import { makeSlowRead } from "../../../src/adapters/host/slowReads.ts"
import { makeSysfs } from "../../../src/adapters/host/sysfs.ts"
import type { BlockDevice } from "../../../src/ports/HostMounter.ts"

const device: BlockDevice = { path: "/dev/null", number: "8:16", instance: "1.1", sizeBytes: 1n, evidence: "" }
const isClosed = (descriptor: number) => Effect.try(() => fstatSync(descriptor)).pipe(Effect.flip, Effect.eventually)
const isGone = () => failed("check", "the disk is gone")

const sysfs = makeSysfs("/nowhere")

const pinnedWith = (open: OpenNode, verify: Effect.Effect<unknown, ReturnType<typeof isGone>> = Effect.void) =>
  Effect.map(makeSlowRead, (slowRead) => makePinned(defaultHostOptions, sysfs, slowRead, () => verify, open))

describe("holding a disk open", () => {
  it.live("refuses what is no block device, and closes it again", () =>
    Effect.gen(function* () {
      const descriptor = openSync("/dev/null", "r")
      const pinned = yield* pinnedWith(async () => descriptor)
      const { message } = yield* Effect.flip(pinned("format it", device, () => Effect.void))
      assert.match(message, /could not format it: the disk is gone/)
      yield* isClosed(descriptor)
    })
  )

  it.live("says that the disk is gone where its node is", () =>
    Effect.gen(function* () {
      const pinned = makePinned(defaultHostOptions, sysfs, yield* makeSlowRead, () => Effect.void)
      const absent = { ...device, path: "/nowhere/sdb" }
      assert.match((yield* Effect.flip(pinned("mount it", absent, () => Effect.void))).message, /the disk is gone/)
    })
  )

  it.effect("gives up an open that hangs", () =>
    Effect.gen(function* () {
      const pinned = yield* pinnedWith(() => new Promise(() => undefined))
      const call = yield* Effect.fork(Effect.flip(pinned("check it", device, () => Effect.die("it was used"))))
      yield* TestClock.adjust(Duration.sum(defaultHostOptions.limits.look, "1 second"))
      assert.match((yield* Fiber.join(call)).message, /does not answer/)
    })
  )

  it.effect("risks no further one while two hang: then the check alone decides", () =>
    Effect.gen(function* () {
      let opens = 0
      const open = () => {
        opens += 1
        return new Promise<never>(() => undefined)
      }
      let check: Effect.Effect<void, ReturnType<typeof isGone>> = Effect.void
      const pinned = yield* pinnedWith(
        open,
        Effect.suspend(() => check)
      )
      const numbered = (number: string) => ({ ...device, number })
      for (const number of ["8:16", "8:32"]) {
        const call = yield* Effect.fork(Effect.flip(pinned("check it", numbered(number), () => Effect.void)))
        yield* TestClock.adjust(Duration.sum(defaultHostOptions.limits.look, "1 second"))
        yield* Fiber.join(call)
      }
      assert.isUndefined(yield* pinned("check another", numbered("8:48"), Effect.succeed))
      check = Effect.fail(isGone())
      yield* Effect.flip(pinned("check a fourth", numbered("8:64"), () => Effect.die("it was used")))
      assert.strictEqual(opens, 2)
    })
  )
})
