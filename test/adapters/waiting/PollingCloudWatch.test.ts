import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber, Layer, TestClock } from "effect"
import { layerPolling } from "../../../src/adapters/waiting/PollingCloudWatch.ts"
import { CallDeadline, CallStart } from "../../../src/domain/CallDeadline.ts"
import { CloudFailure, type CloudFailureReason, SnapshotNotFound, VolumeNotFound } from "../../../src/domain/errors.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { type Snapshot, SnapshotId } from "../../../src/domain/Snapshot.ts"
import { type Volume, VolumeId, volumeStatus } from "../../../src/domain/Volume.ts"
import { Cinder } from "../../../src/ports/Cinder.ts"
import { CloudWatch, failed, type Judge, pending, settled } from "../../../src/ports/CloudWatch.ts"
import { Nova } from "../../../src/ports/Nova.ts"
import { aServer } from "../../domain/decisions/facts.ts"

const id = VolumeId("v1")
const volume = (status: string): Volume => ({
  id,
  name: "pvc-1",
  status: volumeStatus(status),
  sizeGiB: 1,
  zone: "nova",
  volumeType: undefined,
  multiattach: false,
  encrypted: false,
  source: undefined,
  attachments: [],
  metadata: {},
  createdAt: 0,
  updatedAt: undefined
})
const unable = (reason: CloudFailureReason) =>
  new CloudFailure({ service: "Cinder", operation: "show volume", reason, detail: reason, requestId: undefined })

const noServers = Layer.mock(Nova, {})

type Look = Effect.Effect<Volume, CloudFailure | VolumeNotFound>

/** A Cinder whose looks have these results in turn; the last one stays. `times` notes when it was asked. */
const watching = (...looks: ReadonlyArray<Look>) => {
  const times: Array<number> = []
  const cinder = Layer.mock(Cinder, {
    getVolume: () =>
      Effect.gen(function* () {
        times.push(yield* Clock.currentTimeMillis)
        return yield* looks[Math.min(times.length, looks.length) - 1] ?? Effect.die("no look")
      })
  })
  return { times, layer: layerPolling().pipe(Layer.provide(cinder), Layer.provide(noServers)) }
}

const untilAvailable: Judge<Volume, Volume, string> = (seen) => {
  if (seen === undefined) return failed("gone")
  if (seen.status === "error") return failed("broken")
  return seen.status === "available" ? settled(seen) : pending(seen.status)
}
const wait = (operation: "create" | "attach" = "create") =>
  Effect.flatMap(CloudWatch, (watch) => watch.volume(id, operation, untilAvailable))

describe("layerPolling", () => {
  it.effect("looks at once and ends with what is settled", () => {
    const { times, layer } = watching(Effect.succeed(volume("available")))
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* wait(), volume("available"))
      assert.deepStrictEqual(times, [0])
    }).pipe(Effect.provide(layer))
  })

  it.effect("ends with the error that the judge finds", () => {
    const { layer } = watching(Effect.succeed(volume("error")))
    return Effect.map(Effect.flip(wait()), (error) => assert.strictEqual(error, "broken")).pipe(Effect.provide(layer))
  })

  it.effect("shows the judge that the volume is gone", () => {
    const { layer } = watching(Effect.fail(new VolumeNotFound({ id })))
    return Effect.map(Effect.flip(wait()), (error) => assert.strictEqual(error, "gone")).pipe(Effect.provide(layer))
  })

  it.effect("asks at growing pauses, up to four seconds", () => {
    const { times, layer } = watching(Effect.succeed(volume("creating")))
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(wait())
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(times, [0, 500, 1250, 2375, 4063, 6595, 10393, 14393, 18393])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(layer))
  })

  it.effect("asks sooner where an attachment is awaited", () => {
    const { times, layer } = watching(Effect.succeed(volume("attaching")))
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(wait("attach"))
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual(times, [0, 250, 625, 1188])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(layer))
  })

  it.effect("ends after two minutes for a caller without a deadline, with the last state", () => {
    const { layer } = watching(Effect.succeed(volume("creating")))
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(wait()))
      yield* TestClock.adjust("119 seconds")
      assert.strictEqual((yield* fiber.poll)._tag, "None")
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(typeof error === "string" ? error : error.message, "volume v1 is still creating")
    }).pipe(Effect.provide(layer))
  })

  it.effect("ends two seconds before the caller's deadline", () => {
    const { layer } = watching(Effect.succeed(volume("creating")))
    return Effect.gen(function* () {
      const fiber = yield* wait().pipe(Effect.provideService(CallDeadline, 60_000), Effect.fork)
      yield* TestClock.adjust("57999 millis")
      assert.strictEqual((yield* fiber.poll)._tag, "None")
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
    }).pipe(Effect.provide(layer))
  })

  it.effect("keeps as much for the answer where the wait begins late in the call", () => {
    const { layer } = watching(Effect.succeed(volume("creating")))
    return Effect.gen(function* () {
      yield* TestClock.adjust("10 seconds")
      const fiber = yield* wait().pipe(
        Effect.provideService(CallDeadline, 15_000),
        Effect.provideService(CallStart, 0),
        Effect.fork
      )
      yield* TestClock.adjust("3499 millis")
      assert.strictEqual((yield* fiber.poll)._tag, "None")
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
    }).pipe(Effect.provide(layer))
  })

  it.effect("keeps a tenth of a short time for the answer, also while a look hangs", () => {
    const { layer } = watching(Effect.never)
    return Effect.gen(function* () {
      const fiber = yield* wait().pipe(Effect.provideService(CallDeadline, 5_000), Effect.flip, Effect.fork)
      yield* TestClock.adjust("4500 millis")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(typeof error === "string" ? error : error._tag, "StillWorking")
    }).pipe(Effect.provide(layer))
  })

  it.effect("looks once even if the deadline is upon it", () => {
    const { layer } = watching(Effect.succeed(volume("available")))
    return Effect.map(wait().pipe(Effect.provideService(CallDeadline, 100)), (seen) =>
      assert.strictEqual(seen.status, "available")
    ).pipe(Effect.provide(layer))
  })

  it.effect.each(["unreachable", "unanswered", "throttled", "malformed"] as const)("looks again after %s", (reason) => {
    const { layer } = watching(Effect.fail(unable(reason)), Effect.succeed(volume("available")))
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(wait())
      yield* TestClock.adjust("500 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "available")
    }).pipe(Effect.provide(layer))
  })

  it.effect.each(["unauthenticated", "forbidden"] as const)("ends at once after %s, and names it", (reason) => {
    const { layer } = watching(Effect.succeed(volume("creating")), Effect.fail(unable(reason)))
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(wait()))
      yield* TestClock.adjust("500 millis")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(
        typeof error === "string" ? error : error.message,
        `volume v1 is still creating, but cannot be watched: Cinder could not show volume: ${reason}`
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("tells the judge how long it has waited", () => {
    const { layer } = watching(Effect.succeed(volume("creating")))
    return Effect.gen(function* () {
      const watch = yield* CloudWatch
      const fiber = yield* Effect.fork(
        watch.volume(id, "create", (_, waited) => (waited >= 1_000 ? settled(waited) : pending("creating")))
      )
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), 1_250)
    }).pipe(Effect.provide(layer))
  })

  it.effect("stops when the caller leaves", () => {
    const { times, layer } = watching(Effect.succeed(volume("creating")))
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(wait())
      yield* TestClock.adjust("600 millis")
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(times, [0, 500])
    }).pipe(Effect.provide(layer))
  })

  it.effect("waits for snapshots alike", () => {
    const snapshot: Snapshot = {
      id: SnapshotId("s1"),
      name: "s",
      status: "creating",
      volumeId: id,
      sizeGiB: 1,
      metadata: {},
      createdAt: 0
    }
    let looks = 0
    const cinder = Layer.mock(Cinder, {
      getSnapshot: (wanted) =>
        Effect.suspend(() => (looks++ === 0 ? Effect.succeed(snapshot) : new SnapshotNotFound({ id: wanted })))
    })
    return Effect.gen(function* () {
      const watch = yield* CloudWatch
      const fiber = yield* Effect.fork(
        watch.snapshot(snapshot.id, "delete", (seen) => (seen === undefined ? settled("gone") : pending(seen.status)))
      )
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "gone")
    }).pipe(Effect.provide(layerPolling().pipe(Layer.provide(cinder), Layer.provide(noServers))))
  })

  it.effect("looks at a server that Nova works on every four seconds", () => {
    const times: Array<number> = []
    const nova = Layer.mock(Nova, {
      getServer: (server) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          times.push(now)
          return aServer({ id: server, task: now < 7_000 ? "rebooting" : undefined })
        })
    })
    return Effect.gen(function* () {
      const watch = yield* CloudWatch
      const fiber = yield* Effect.fork(
        watch.server(ServerId("s1"), "task", (seen) =>
          seen?.task === undefined ? settled("rest") : pending(seen.task)
        )
      )
      yield* TestClock.adjust("8 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "rest")
      assert.deepStrictEqual(times, [0, 4_000, 8_000])
    }).pipe(Effect.provide(layerPolling().pipe(Layer.provide(nova), Layer.provide(Layer.mock(Cinder, {})))))
  })
})
