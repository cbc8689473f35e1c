import { fstatSync, openSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, TestClock } from "effect"
import { failed } from "../../../src/adapters/host/failures.ts"
import { defaultHostOptions } from "../../../src/adapters/host/HostOptions.ts"
import { makePinned } from "../../../src/adapters/host/pinning.ts"
import { makeSysfs } from "../../../src/adapters/host/sysfs.ts"
import type { BlockDevice } from "../../../src/ports/HostMounter.ts"

const device: BlockDevice = { path: "/dev/null", number: "8:16", instance: "1.1", sizeBytes: 1n, evidence: "" }
const isGone = () => failed("check", "the disk is gone")

/** An open that hangs until it is let go, and then yields a descriptor of its own. */
const hangingOpen = () => {
  let letGo = () => {}
  const opened = new Promise<number>((resolve) => {
    letGo = () => resolve(openSync("/dev/null", "r"))
  })
  return { opened, letGo: () => letGo() }
}

const pinnedWith = (open: () => Promise<number>, verify: () => Effect.Effect<unknown, ReturnType<typeof isGone>>) =>
  makePinned(defaultHostOptions, makeSysfs("/nowhere"), verify, open)

describe("holding a disk open", () => {
  it.live("refuses what is no block device, and closes it again", () =>
    Effect.gen(function* () {
      const descriptor = openSync("/dev/null", "r")
      const pinned = pinnedWith(
        async () => descriptor,
        () => Effect.void
      )
      const { message } = yield* Effect.flip(pinned("format it", device, () => Effect.void))
      assert.match(message, /could not format it: the disk is gone/)
      yield* Effect.try(() => fstatSync(descriptor)).pipe(Effect.flip, Effect.eventually)
    })
  )

  it.live("says that the disk is gone where its node is", () =>
    Effect.gen(function* () {
      const pinned = makePinned(defaultHostOptions, makeSysfs("/nowhere"), () => Effect.void)
      const absent = { ...device, path: "/nowhere/sdb" }
      assert.match((yield* Effect.flip(pinned("mount it", absent, () => Effect.void))).message, /the disk is gone/)
    })
  )

  it.effect("gives up an open that hangs, and risks no second one meanwhile: then the check alone decides", () =>
    Effect.gen(function* () {
      let opens = 0
      const { opened, letGo } = hangingOpen()
      let check: Effect.Effect<void, ReturnType<typeof isGone>> = Effect.void
      const pinned = pinnedWith(
        () => {
          opens += 1
          return opened
        },
        () => Effect.suspend(() => check)
      )
      const call = yield* Effect.fork(Effect.flip(pinned("check it", device, () => Effect.die("it was used"))))
      yield* TestClock.adjust(Duration.sum(defaultHostOptions.limits.look, "1 second"))
      assert.match((yield* Fiber.join(call)).message, /does not even open/)

      assert.isUndefined(yield* pinned("check another", device, Effect.succeed))
      check = Effect.fail(isGone())
      yield* Effect.flip(pinned("check a third", device, () => Effect.die("it was used")))
      assert.strictEqual(opens, 1)

      letGo()
      const descriptor = yield* Effect.promise(() => opened)
      yield* Effect.try(() => fstatSync(descriptor)).pipe(Effect.flip, Effect.eventually)
      yield* Effect.flip(pinned("check it again", device, () => Effect.void)).pipe(
        Effect.repeat({ until: () => opens === 2 })
      )
    })
  )
})
