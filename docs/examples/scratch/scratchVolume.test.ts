import assert from "node:assert/strict"
import { it } from "node:test"
import { Effect, Fiber, Layer, TestClock, TestContext } from "effect"
import { layerController, ServerId } from "effect-cinder-csi/domain"
import { layerCloudMemory, World, WorldFault } from "effect-cinder-csi/memory"
import { layerPolling } from "effect-cinder-csi/waiting"
import { scratchVolume } from "./scratchVolume.ts"

const server = ServerId("server-1")

/** A cloud with one server, in which a create takes 20 seconds and an attach 5. */
const cloud = layerPolling().pipe(
  Layer.provideMerge(
    layerCloudMemory({
      servers: [{ id: server, name: "one" }],
      latencies: { create: "20 seconds", attach: "5 seconds" }
    })
  )
)
const controller = layerController({ cluster: "test", withTopology: false, ignoreVolumeZone: false })

/** Each test has a cloud of its own, and a clock that stands still until the test moves it: no test waits. */
const test = <E>(name: string, body: Effect.Effect<void, E, Layer.Layer.Success<typeof controller> | World>) =>
  it(name, () =>
    Effect.runPromise(
      body.pipe(Effect.provide(Layer.provideMerge(controller, cloud)), Effect.provide(TestContext.TestContext))
    )
  )

test(
  "is attached while the scope is open, and gone afterwards",
  Effect.gen(function* () {
    const { cinder } = yield* World
    const shown = Effect.flatMap(scratchVolume(server), cinder.showVolume)
    const using = yield* Effect.fork(Effect.scoped(shown))
    yield* TestClock.adjust("60 seconds")
    assert.equal((yield* Fiber.join(using)).status, "in-use")
    assert.deepEqual((yield* cinder.listVolumes({})).rows, [])
  })
)

test(
  "is removed when the cloud fails between the create and the end of the attach",
  Effect.gen(function* () {
    const { cinder, faults } = yield* World
    yield* faults.failWork({ work: "attach", outcome: "fails", times: 10 })
    const using = yield* Effect.fork(Effect.scoped(Effect.flip(scratchVolume(server))))

    yield* TestClock.adjust("21 seconds")
    assert.deepEqual(
      (yield* cinder.listVolumes({})).rows.map(({ name, sizeGiB }) => ({ name, sizeGiB })),
      [{ name: "scratch-of-server-1", sizeGiB: 10 }]
    )

    yield* TestClock.adjust("5 minutes")
    assert.match((yield* Fiber.join(using)).message, /attach/)
    assert.deepEqual((yield* cinder.listVolumes({})).rows, [])
  })
)

test(
  "is not made twice when the answer to the create is lost",
  Effect.gen(function* () {
    const { calls, cinder, faults } = yield* World
    const lost = new WorldFault({ status: 504, kind: "computeFault", message: "Gateway Time-out" })
    yield* faults.failCall({ call: "createVolume", fault: lost, afterwards: true })
    const first = yield* Effect.fork(Effect.scoped(scratchVolume(server)))
    yield* TestClock.adjust("60 seconds")
    yield* Fiber.join(first)
    assert.equal((yield* calls.counts).createVolume, 1)
    assert.deepEqual((yield* cinder.listVolumes({})).rows, [])
  })
)
