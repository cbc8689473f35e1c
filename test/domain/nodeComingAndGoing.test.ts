import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Logger, LogLevel, TestClock } from "effect"
import { ClusterFailure, NodeChanged } from "../../src/domain/clusterErrors.ts"
import { removeStartupTaint } from "../../src/domain/nodeComing.ts"
import { awaitGoing } from "../../src/domain/nodeGoing.ts"
import { type OwnNode, startupTaint } from "../../src/domain/OwnNode.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { OwnNodes } from "../../src/ports/OwnNodes.ts"

interface Here {
  node: OwnNode | undefined
  isRegistered: boolean
  attachments: ReadonlyArray<string>
  down: boolean
  changedMeanwhile: boolean
  removals: number
  lists: number
}

const here = (change: Partial<Here> = {}): Here => ({
  node: {
    name: "node-1",
    uid: "uid-1",
    resourceVersion: "1",
    unschedulable: true,
    taints: [{ key: startupTaint, value: undefined, effect: "NoExecute" }],
    volumes: []
  },
  isRegistered: false,
  attachments: [],
  down: false,
  changedMeanwhile: false,
  removals: 0,
  lists: 0,
  ...change
})

const layerOf = (state: Here) => {
  const answer = <A>(read: () => A) =>
    Effect.suspend(() =>
      state.down ? Effect.fail(new ClusterFailure({ operation: "ask", detail: "down" })) : Effect.sync(read)
    )
  return Layer.succeed(OwnNodes, {
    look: answer(() => state.node),
    registered: () => answer(() => (state.isRegistered ? ServerId("s") : undefined)),
    attachments: answer(() => {
      state.lists += 1
      return state.attachments
    }),
    removeStartupTaint: (node) =>
      Effect.suspend(() => {
        if (state.changedMeanwhile) {
          state.changedMeanwhile = false
          return Effect.fail(new NodeChanged({ name: node.name }))
        }
        state.removals += 1
        state.node = { ...node, taints: [] }
        return Effect.void
      })
  })
}

/** The effect in the background, over a node that the test changes while time passes. */
const beside = <A, E>(self: Effect.Effect<A, E, OwnNodes>, state: Here) =>
  Effect.fork(self.pipe(Effect.provide(layerOf(state)), Logger.withMinimumLogLevel(LogLevel.None)))
const isRunning = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) =>
  Effect.map(Fiber.poll(fiber), ({ _tag }) => _tag === "None")

describe("a node plugin that begins", () => {
  it.effect("takes the taint away once it is registered, and asks no more", () =>
    Effect.gen(function* () {
      const state = here()
      const fiber = yield* beside(removeStartupTaint, state)
      yield* TestClock.adjust("5 minutes")
      assert.isTrue(yield* isRunning(fiber))
      assert.strictEqual(state.removals, 0)
      state.isRegistered = true
      yield* TestClock.adjust("40 seconds")
      assert.isFalse(yield* isRunning(fiber))
      assert.strictEqual(state.removals, 1)
    })
  )

  it.effect("tries again after a conflict, and for as long as Kubernetes does not answer", () =>
    Effect.gen(function* () {
      const state = here({ isRegistered: true, down: true, changedMeanwhile: true })
      const fiber = yield* beside(removeStartupTaint, state)
      yield* TestClock.adjust("2 hours")
      assert.isTrue(yield* isRunning(fiber))
      state.down = false
      yield* TestClock.adjust("80 seconds")
      assert.isFalse(yield* isRunning(fiber))
      assert.strictEqual(state.removals, 1)
    })
  )
})

describe("a node plugin that ends on a node that is emptied", () => {
  it.effect("waits until its volumes are gone, and lists attachments only then", () =>
    Effect.gen(function* () {
      const state = here({ attachments: ["pv-1"] })
      const cordoned = state.node
      if (cordoned !== undefined) state.node = { ...cordoned, volumes: ["v1"] }
      const fiber = yield* beside(awaitGoing(Duration.minutes(5)), state)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(state.lists, 0)
      state.node = cordoned
      yield* TestClock.adjust("1 minute")
      assert.isTrue(yield* isRunning(fiber))
      state.attachments = []
      yield* TestClock.adjust("3 seconds")
      assert.isFalse(yield* isRunning(fiber))
      yield* Fiber.join(fiber)
    })
  )

  it.effect("says at the end of its time what is still there", () =>
    Effect.gen(function* () {
      const fiber = yield* beside(awaitGoing(Duration.minutes(1)), here({ attachments: ["pv-1", "pv-2"] }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(
        (yield* Effect.flip(Fiber.join(fiber))).message,
        "after 1m the node plugin ends although volumes are still here: pv-1, pv-2"
      )
    })
  )

  it.effect("does not end early because Kubernetes does not answer", () =>
    Effect.gen(function* () {
      const state = here({ down: true })
      const fiber = yield* beside(awaitGoing(Duration.minutes(5)), state)
      yield* TestClock.adjust("4 minutes")
      assert.isTrue(yield* isRunning(fiber))
      state.down = false
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(fiber)
    })
  )

  it.effect("does not wait at all where it is only replaced", () =>
    Effect.gen(function* () {
      const state = here({ attachments: ["pv-1"] })
      if (state.node !== undefined) state.node = { ...state.node, unschedulable: false, volumes: ["v1"] }
      yield* Effect.provide(awaitGoing(Duration.minutes(5)), layerOf(state))
      assert.strictEqual(state.lists, 0)
    })
  )
})
