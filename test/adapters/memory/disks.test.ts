import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope, TestClock } from "effect"
import { DiskBackend, DiskBackendFault, type DiskBackendService } from "../../../src/adapters/memory/DiskBackend.ts"
import { World, type WorldService } from "../../../src/adapters/memory/World.ts"
import { layerWorld, makeWorld } from "../../../src/adapters/memory/worldLayer.ts"
import type { WorldOptions } from "../../../src/adapters/memory/worldSettings.ts"
import { twoServers } from "./inWorld.ts"

const [node1, node2] = twoServers

/** Notes what it is asked to do, and fails what it is told to fail. */
const noting = (log: Array<string>, failing: ReadonlyArray<string>): DiskBackendService => {
  const step =
    (name: string) =>
    (...what: ReadonlyArray<unknown>) =>
      Effect.suspend(() => {
        log.push([name, ...what.map((part) => (typeof part === "object" ? JSON.stringify(part) : `${part}`))].join(" "))
        return failing.includes(name)
          ? new DiskBackendFault({ operation: name, problem: "no space left on device" })
          : Effect.void
      })
  return {
    create: step("create"),
    remove: step("remove"),
    resize: step("resize"),
    createSnapshot: step("createSnapshot"),
    removeSnapshot: step("removeSnapshot"),
    createBackup: step("createBackup"),
    removeBackup: step("removeBackup"),
    plug: step("plug"),
    unplug: step("unplug")
  }
}

const withDisks = <A, E>(
  options: WorldOptions,
  failing: ReadonlyArray<string>,
  test: (world: WorldService, log: ReadonlyArray<string>) => Effect.Effect<A, E>
) =>
  Effect.suspend(() => {
    const log: Array<string> = []
    return Effect.flatMap(World, (world) => test(world, log)).pipe(
      Effect.provide(layerWorld(options)),
      Effect.provide(Layer.succeed(DiskBackend, noting(log, failing)))
    )
  })

const statusOf = ({ cinder }: WorldService, id: string) => Effect.map(cinder.showVolume(id), ({ status }) => status)

describe("the disks behind the World", () => {
  it.effect("see the whole life of a volume, each step once", () =>
    withDisks({ servers: twoServers }, [], ({ cinder, nova }, log) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node1.id, id)
        yield* cinder.extendVolume(id, 2, { allowInUse: true })
        const snapshot = yield* cinder.createSnapshot({ volumeId: id, force: true })
        const copy = yield* cinder.createVolume({ snapshotId: snapshot.id })
        yield* nova.detachVolume(node1.id, id)
        yield* cinder.deleteVolume(id, { cascade: true })
        assert.deepStrictEqual(log, [
          `create ${id} 1 undefined`,
          `plug ${node1.id} ${id}`,
          `resize ${id} 2`,
          `createSnapshot ${snapshot.id} ${id}`,
          `create ${copy.id} 2 {"kind":"snapshot","id":"${snapshot.id}"}`,
          `unplug ${node1.id} ${id}`,
          `removeSnapshot ${snapshot.id}`,
          `remove ${id}`
        ])
      })
    )
  )

  it.effect("unplug everything from a server that is deleted", () =>
    withDisks({ servers: twoServers }, [], ({ cinder, nova }, log) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node2.id, id)
        yield* nova.deleteServer(node2.id)
        assert.strictEqual(log.at(-1), `unplug ${node2.id} ${id}`)
      })
    )
  )

  it.effect("have nothing to do for a volume that the scheduler could not place", () =>
    withDisks({ volumeZones: [{ name: "nova", capacityGiB: 1 }] }, [], ({ cinder }, log) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 2 })
        yield* cinder.deleteVolume(id, { cascade: false })
        assert.deepStrictEqual(log, [])
      })
    )
  )

  it.effect("have nothing to do for a volume that was deleted before the scheduler placed it", () =>
    withDisks({ latencies: { schedule: "1 second" } }, [], ({ cinder }, log) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 2 })
        yield* cinder.deleteVolume(id, { cascade: false })
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(log, [])
      })
    )
  )

  it.effect("make a volume end in error when they cannot make it", () =>
    withDisks({}, ["create"], (world) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        assert.strictEqual(yield* statusOf(world, id), "error")
      })
    )
  )

  it.effect("make an attach fall back to available when they cannot plug in", () =>
    withDisks({ servers: twoServers }, ["plug"], (world, log) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        yield* world.nova.attachVolume(node1.id, id)
        assert.strictEqual(yield* statusOf(world, id), "available")
        assert.notInclude(log.join(" "), "unplug")
      })
    )
  )

  it.effect(
    "make a detach end in-use when they do not let go, and the volume keep its size when they cannot grow",
    () =>
      withDisks({ servers: twoServers }, ["unplug", "resize"], (world) =>
        Effect.gen(function* () {
          const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
          yield* world.nova.attachVolume(node1.id, id)
          yield* world.nova.detachVolume(node1.id, id)
          const detached = yield* statusOf(world, id)
          yield* world.cinder.extendVolume(id, 2, { allowInUse: true })
          const { status, sizeGiB } = yield* world.cinder.showVolume(id)
          assert.deepStrictEqual([detached, status, sizeGiB], ["in-use", "error_extending", 1])
        })
      )
  )

  it.effect("copy when a request is accepted, not when its latency has passed", () =>
    withDisks({ latencies: { snapshot: "1 minute" } }, [], ({ cinder }, log) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const snapshot = yield* cinder.createSnapshot({ volumeId: id })
        assert.strictEqual(log.at(-1), `createSnapshot ${snapshot.id} ${id}`)
      })
    )
  )

  it.effect("are not asked any more once the World's scope is closed", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const scope = yield* Scope.make()
      const world = yield* makeWorld({ latencies: { delete: "1 second" } }).pipe(
        Effect.provideService(DiskBackend, noting(log, [])),
        Scope.extend(scope)
      )
      const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
      yield* world.cinder.deleteVolume(id, { cascade: false })
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log, [`create ${id} 1 undefined`])
    })
  )
})
