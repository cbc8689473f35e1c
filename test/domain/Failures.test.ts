import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FastCheck as fc, TestClock, TestContext } from "effect"
import { World, WorldFault, type WorldOptions } from "../../src/adapters/memory/index.ts"
import type { ServerId } from "../../src/domain/Server.ts"
import type { VolumeId } from "../../src/domain/Volume.ts"
import { asAttacher, untilDone } from "../support/attacher.ts"
import { newVolume, node1, node2, placesOf, publishTo, unpublishFrom } from "../support/attachments.ts"
import { controllerOnWorld, requestsOf } from "../support/controllerOnWorld.ts"
import { makeWriters } from "../support/writers.ts"

const latencies = {
  attach: "2 seconds",
  detach: "2 seconds",
  bdmCleanup: "1 second",
  rpcTimeout: "60 seconds"
} as const

/** A cloud whose disks are written to, and its writers. */
const cluster = (options: WorldOptions = {}) => {
  const writers = makeWriters()
  const servers = [
    { id: node1, name: "node-1" },
    { id: node2, name: "node-2" }
  ]
  const cloud = controllerOnWorld({ servers, latencies, ...options }, {}, 0, undefined, writers.layer)
  return { writers, cloud }
}
type Writers = ReturnType<typeof makeWriters>

/** The pod's disk comes to a server, as its VolumeAttachment says. */
const start = (volume: VolumeId, server: ServerId) => untilDone(publishTo(volume, server))
const stop = (volume: VolumeId, server: ServerId) => untilDone(unpublishFrom(volume, server))

/** No writer had company, and none has lost or doubled a record of another. */
const assertWhole = ({ breaches, entries }: Writers, volume: VolumeId) => {
  assert.deepStrictEqual(breaches, [])
  assert.deepStrictEqual(
    entries(volume).map(({ number }) => number),
    entries(volume).map((_, index) => index + 1)
  )
}

const passing = <A, E, R>(work: Effect.Effect<A, E, R>, time: `${number} ${"seconds" | "minutes"}`) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(work)
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  })

describe("a pod", () => {
  it.effect("moves between two servers and finds all it has written", () => {
    const { writers, cloud } = cluster()
    return Effect.gen(function* () {
      const volume = yield* newVolume()
      for (let turn = 0; turn < 10; turn += 1) {
        const server = turn % 2 === 0 ? node1 : node2
        yield* passing(start(volume, server), "10 seconds")
        assert.isTrue(writers.write(volume, server))
        yield* passing(stop(volume, server), "10 seconds")
        assert.isFalse(writers.write(volume, server))
      }
      assertWhole(writers, volume)
      assert.lengthOf(writers.entries(volume), 10)
    }).pipe(Effect.provide(cloud))
  })

  it.effect("writes on while its server is migrated live, of which nothing is asked meanwhile", () => {
    const { writers, cloud } = cluster()
    return Effect.gen(function* () {
      const { control } = yield* World
      const volume = yield* newVolume()
      yield* passing(start(volume, node1), "10 seconds")
      yield* control.setServer(node1, { taskState: "migrating" })
      const asked = yield* requestsOf(
        Effect.gen(function* () {
          const call = yield* Effect.fork(asAttacher(Effect.flip(unpublishFrom(volume, node1))))
          yield* TestClock.adjust("15 seconds")
          assert.include((yield* Fiber.join(call)).message, "migrating")
        })
      )
      assert.isAtMost(asked.detachVolume ?? 0, 1)
      assert.isTrue(writers.write(volume, node1))
      yield* control.setServer(node1, { taskState: undefined })
      yield* passing(stop(volume, node1), "10 seconds")
      yield* passing(start(volume, node2), "10 seconds")
      assert.isTrue(writers.write(volume, node2))
      assertWhole(writers, volume)
    }).pipe(Effect.provide(cloud))
  })

  it.effect("keeps its disk through a cold migration, and another comes to the server before that is confirmed", () => {
    const { writers, cloud } = cluster()
    return Effect.gen(function* () {
      const { control } = yield* World
      const volume = yield* newVolume()
      const other = yield* newVolume()
      yield* passing(start(volume, node1), "10 seconds")
      yield* control.setServer(node1, { taskState: "resize_migrating" })
      const waiting = yield* Effect.fork(start(other, node1))
      yield* TestClock.adjust("1 minute")
      assert.isFalse(writers.write(other, node1))
      yield* control.setServer(node1, { vmState: "resized", taskState: undefined })
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(waiting)
      assert.isTrue(writers.write(other, node1))
      assert.isTrue(writers.write(volume, node1))
      assertWhole(writers, volume)
    }).pipe(Effect.provide(cloud))
  })

  it.effect.each(["evacuated", "deleted"] as const)(
    "whose server's host is down stays whole and goes on elsewhere once the server is %s",
    (what) => {
      const { writers, cloud } = cluster()
      return Effect.gen(function* () {
        const { control, nova } = yield* World
        const volume = yield* newVolume()
        yield* passing(start(volume, node1), "10 seconds")
        assert.isTrue(writers.write(volume, node1))
        yield* control.setServer(node1, { computeUp: false })
        const moving = yield* Effect.fork(Effect.zipRight(stop(volume, node1), start(volume, node2)))
        yield* TestClock.adjust("1 hour")
        assert.isTrue(writers.write(volume, node1), "the guest may run on, so nobody else may have the disk")
        assert.deepStrictEqual((yield* placesOf(volume)).inCinder, [node1])
        if (what === "deleted") yield* nova.deleteServer(node1)
        else {
          yield* control.setServer(node1, { taskState: "rebuilding" })
          yield* TestClock.adjust("2 minutes")
          yield* control.setServer(node1, { taskState: undefined, vmState: "stopped", computeUp: true })
        }
        yield* TestClock.adjust("2 minutes")
        yield* Fiber.join(moving)
        assert.isTrue(writers.write(volume, node2))
        assertWhole(writers, volume)
      }).pipe(Effect.provide(cloud))
    }
  )

  it.effect("that finds no room goes to another server, and those that are there stay", () => {
    const { writers, cloud } = cluster({ maxDisksPerServer: 4 })
    return Effect.gen(function* () {
      const there: Array<VolumeId> = []
      for (let disk = 0; disk < 3; disk += 1) {
        const volume = yield* newVolume()
        yield* passing(start(volume, node1), "10 seconds")
        there.push(volume)
      }
      const late = yield* newVolume()
      const error = yield* passing(Effect.flip(publishTo(late, node1)), "10 seconds")
      assert.strictEqual(error._tag, "NodeFull")
      yield* passing(stop(late, node1), "10 seconds")
      yield* passing(start(late, node2), "10 seconds")
      assert.isTrue(writers.write(late, node2))
      for (const volume of there) assert.isTrue(writers.write(volume, node1))
      for (const volume of [...there, late]) assertWhole(writers, volume)
    }).pipe(Effect.provide(cloud))
  })
})

const lost = new WorldFault({ status: 504, kind: "computeFault", message: "Gateway Timeout" })

interface Trouble {
  readonly kind:
    | "reboot"
    | "migrate"
    | "hostDown"
    | "suspend"
    | "lock"
    | "lostBefore"
    | "lostAfter"
    | "noAttach"
    | "noDetach"
  readonly node: ServerId
  readonly seconds: number
  readonly pause: number
}

const trouble: fc.Arbitrary<Trouble> = fc.record({
  kind: fc.constantFrom(
    "reboot",
    "migrate",
    "hostDown",
    "suspend",
    "lock",
    "lostBefore",
    "lostAfter",
    "noAttach",
    "noDetach"
  ),
  node: fc.constantFrom(node1, node2),
  seconds: fc.integer({ min: 1, max: 90 }),
  pause: fc.integer({ min: 0, max: 20 })
})

/** One thing goes wrong and is put right again after its time. */
const meet = ({ kind, node, seconds, pause }: Trouble) =>
  Effect.gen(function* () {
    const { control, faults } = yield* World
    yield* Effect.sleep(`${pause} seconds`)
    const rest = { taskState: undefined, vmState: "active", locked: false, computeUp: true } as const
    const during = (change: Parameters<typeof control.setServer>[1]) =>
      control
        .setServer(node, change)
        .pipe(
          Effect.zipRight(Effect.sleep(`${seconds} seconds`)),
          Effect.zipRight(control.setServer(node, rest)),
          Effect.orDie
        )
    switch (kind) {
      case "reboot":
        return yield* during({ taskState: "rebooting" })
      case "migrate":
        return yield* during({ taskState: "migrating" })
      case "hostDown":
        return yield* during({ computeUp: false })
      case "suspend":
        return yield* during({ vmState: "suspended" })
      case "lock":
        return yield* during({ locked: true })
      case "lostBefore":
      case "lostAfter":
        return yield* faults.failCall({ call: "attachVolume", fault: lost, afterwards: kind === "lostAfter" })
      case "noAttach":
        return yield* faults.failWork({ work: "attach", outcome: "fails" })
      case "noDetach":
        return yield* faults.failWork({ work: "detach", outcome: "fails" })
    }
  })

describe("pods that move while servers, hosts and answers fail", () => {
  it.effect(
    "never share a disk, lose nothing, and all arrive",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.array(trouble, { maxLength: 8 }), (troubles) => {
            const { writers, cloud } = cluster()
            const life = Effect.gen(function* () {
              const volumes = yield* Effect.all([newVolume(), newVolume()])
              const pods = yield* Effect.fork(
                Effect.forEach(
                  volumes,
                  (volume, index) =>
                    Effect.forEach([0, 1, 2, 3], (turn) => {
                      const server = (turn + index) % 2 === 0 ? node1 : node2
                      return start(volume, server).pipe(
                        Effect.tap(() => Effect.sync(() => assert.isTrue(writers.write(volume, server)))),
                        Effect.zipLeft(Effect.sleep("3 seconds")),
                        Effect.zipLeft(stop(volume, server))
                      )
                    }),
                  { concurrency: "unbounded" }
                )
              )
              const world = yield* Effect.fork(Effect.forEach(troubles, meet))
              yield* TestClock.adjust("40 minutes")
              yield* Fiber.join(world)
              yield* Fiber.join(pods)
              for (const volume of volumes) {
                assertWhole(writers, volume)
                assert.lengthOf(writers.entries(volume), 4)
                assert.strictEqual((yield* placesOf(volume)).status, "available")
              }
            })
            return Effect.runPromise(life.pipe(Effect.provide(cloud), Effect.provide(TestContext.TestContext)))
          }),
          { numRuns: 10 }
        )
      ),
    60_000
  )
})
