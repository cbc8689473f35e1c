import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, TestClock } from "effect"
import { World } from "../../src/adapters/memory/index.ts"
import { makeAttachLimits } from "../../src/domain/attachLimits.ts"
import { makeOperationLocks } from "../../src/domain/OperationLocks.ts"
import { makePermits } from "../../src/domain/permits.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { VolumeProvisioning } from "../../src/domain/VolumeProvisioning.ts"
import { makeVolumeTally } from "../../src/domain/volumeTally.ts"
import { type DiskTraffic, HostMounter } from "../../src/ports/HostMounter.ts"
import { type Reading, Telemetry, watched } from "../../src/ports/Telemetry.ts"
import { newVolume, node1, publishTo, twoNodes, unpublishFrom } from "../support/attachments.ts"
import { controllerOnWorld, inTime, provisionRequest } from "../support/controllerOnWorld.ts"
import { recordingWatcher } from "../support/recordingWatcher.ts"
import { aServer } from "./decisions/facts.ts"
import {
  blockCapability,
  makeNode,
  nodeWithDisk,
  plugNew,
  publishRequest,
  servicesOn,
  stageRequest,
  stagingPath,
  targetPath,
  volumeId
} from "./nodeHarness.ts"

const counted = (mounter: HostMounter["Type"]) => Layer.succeed(HostMounter, mounter)

const readingOf = <Tag extends Reading["_tag"]>(readings: ReadonlyArray<Reading>, tag: Tag) =>
  readings.filter((reading): reading is Extract<Reading, { readonly _tag: Tag }> => reading._tag === tag)

const look = <A>(read: Effect.Effect<A> | undefined): Effect.Effect<A> =>
  Effect.flatMap(Effect.orDie(Effect.fromNullable(read)), (effect) => effect)

describe("who watches sees", () => {
  it.effect("what goes on for as long as it does, also when it is interrupted", () => {
    const { watcher, underway } = recordingWatcher()
    const lock = { _tag: "Lock" } as const
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(watched(lock)(Effect.never))
      yield* Effect.yieldNow()
      assert.deepStrictEqual(underway(), [lock])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(underway(), [])
    }).pipe(Effect.provideService(Telemetry, watcher))
  })

  it.effect("who stands in line, and nobody who got a place at once or has left", () => {
    const { begun, underway, watcher } = recordingWatcher()
    return Effect.gen(function* () {
      const withPermit = yield* makePermits(1, "format")
      const gate = yield* Deferred.make<void>()
      const first = yield* Effect.fork(withPermit(Deferred.await(gate)))
      yield* Effect.yieldNow()
      assert.deepStrictEqual(begun, [])
      const second = yield* Effect.fork(withPermit(Effect.void))
      const third = yield* Effect.fork(withPermit(Effect.void))
      yield* Effect.yieldNow()
      assert.deepStrictEqual(underway(), [
        { _tag: "Line", line: "format" },
        { _tag: "Line", line: "format" }
      ])
      yield* Fiber.interrupt(third)
      assert.lengthOf(underway(), 1)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.joinAll([first, second])
      assert.deepStrictEqual(underway(), [])
    }).pipe(Effect.provideService(Telemetry, watcher))
  })

  it.effect("a lock until it is free, and none where the key was taken", () => {
    const { underway, watcher } = recordingWatcher()
    return Effect.gen(function* () {
      const exclusively = yield* makeOperationLocks
      const gate = yield* Deferred.make<void>()
      const holder = yield* Effect.fork(exclusively(["volume v"], Deferred.await(gate)))
      yield* Effect.yieldNow()
      yield* Effect.flip(exclusively(["volume v"], Effect.void))
      assert.deepStrictEqual(underway(), [{ _tag: "Lock" }])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      assert.deepStrictEqual(underway(), [])
    }).pipe(Effect.provideService(Telemetry, watcher))
  })

  const cases = [
    ["a task of the server", { taskState: "rebooting" }, "server_task"],
    ["a compute host that is down", { computeUp: false }, "host_down"]
  ] as const

  it.effect.each(cases)("why a call waits for its server: %s", ([, state, reason]) => {
    const { underway, watcher } = recordingWatcher()
    return Effect.gen(function* () {
      const { control } = yield* World
      const id = yield* newVolume()
      if (reason === "host_down") yield* inTime(publishTo(id, node1), "1 seconds")
      yield* control.setServer(node1, state)
      const call = yield* Effect.fork(reason === "host_down" ? unpublishFrom(id, node1) : publishTo(id, node1))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(underway(), [
        { _tag: "Attachment", serverId: node1 },
        { _tag: "Lock" },
        { _tag: "Wait", reason }
      ])
      yield* Fiber.interrupt(call)
      assert.deepStrictEqual(underway(), [])
    }).pipe(Effect.provide(twoNodes()), Effect.provideService(Telemetry, watcher))
  })

  it.effect("what a call of the cloud waits for", () => {
    const { underway, watcher } = recordingWatcher()
    return Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const call = yield* Effect.fork(provision(provisionRequest()))
      yield* TestClock.adjust("700 millis")
      assert.deepStrictEqual(underway(), [{ _tag: "Lock" }, { _tag: "Wait", reason: "create" }])
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(call)
      assert.deepStrictEqual(underway(), [])
    }).pipe(
      Effect.provide(controllerOnWorld({ latencies: { create: "5 seconds" } })),
      Effect.provideService(Telemetry, watcher)
    )
  })

  it.effect("a node that waits for a disk", () => {
    const { underway, watcher } = recordingWatcher()
    return Effect.gen(function* () {
      const { memory, staging } = yield* makeNode()
      const call = yield* Effect.fork(staging.stage(stageRequest()))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(underway(), [{ _tag: "Lock" }, { _tag: "Wait", reason: "disk" }])
      yield* plugNew(memory, volumeId)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(call)
      assert.deepStrictEqual(underway(), [])
    }).pipe(Effect.provideService(Telemetry, watcher))
  })
})

describe("readings", () => {
  it.effect("of full servers count those that Nova found full within five minutes", () => {
    const { readings, watcher } = recordingWatcher()
    const server = aServer()
    return Effect.gen(function* () {
      const limits = yield* makeAttachLimits
      const full = look(readingOf(readings, "FullServers")[0]?.read)
      assert.strictEqual(yield* full, 0)
      yield* limits.noteFull(server, "no more PCI slots")
      yield* limits.noteFull({ ...server, id: ServerId("server-2") }, "no more PCI slots")
      assert.strictEqual(yield* full, 2)
      yield* limits.noteDetached(server.id)
      assert.strictEqual(yield* full, 1)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* full, 0)
    }).pipe(Effect.provideService(Telemetry, watcher))
  })

  it.effect("of volumes are what the last whole list had", () => {
    const { readings, watcher } = recordingWatcher()
    return Effect.gen(function* () {
      const { list, provision } = yield* VolumeProvisioning
      const [reading] = readingOf(readings, "Volumes")
      assert.isUndefined(yield* look(reading?.read))
      for (const name of ["pvc-1", "pvc-2", "pvc-3"]) yield* inTime(provision(provisionRequest({ name })))
      const first = yield* list(2, "")
      assert.isUndefined(yield* look(reading?.read))
      yield* list(2, first.nextToken ?? "")
      assert.deepStrictEqual([...((yield* look(reading?.read)) ?? [])], [["available", 3]])
    }).pipe(Effect.provide(controllerOnWorld()), Effect.provideService(Telemetry, watcher))
  })

  it("of volumes leave out a page that follows no page", () => {
    const tally = makeVolumeTally()
    tally.add({ token: "", volumes: [{ status: "available" }], nextToken: "a" })
    tally.add({ token: "b", volumes: [{ status: "error" }], nextToken: undefined })
    assert.isUndefined(tally.complete())
    tally.add({ token: "a", volumes: [{ status: "in-use" }], nextToken: undefined })
    assert.deepStrictEqual(
      [...(tally.complete() ?? [])],
      [
        ["available", 1],
        ["in-use", 1]
      ]
    )
  })

  const traffic: DiskTraffic = {
    reads: 1,
    readBytes: 512,
    readSeconds: 0.001,
    writes: 2,
    writtenBytes: 1024,
    writeSeconds: 0.002,
    inFlight: 1,
    busySeconds: 0.003
  }

  it.effect.each([
    ["a file system", stageRequest()],
    ["a raw disk", stageRequest({ capability: blockCapability() })]
  ] as const)("of disks are those of the staged volumes: %s", ([, request]) => {
    const { readings, watcher } = recordingWatcher()
    return Effect.gen(function* () {
      const { host, memory } = yield* nodeWithDisk()
      yield* plugNew(memory, "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed")
      const counting: HostMounter["Type"] = { ...host.mounter, trafficOf: () => Effect.succeed(traffic) }
      const { staging } = yield* servicesOn({ ...host, layer: counted(counting) })
      const disks = look(readingOf(readings, "StagedDisks").at(-1)?.read)
      assert.deepStrictEqual(yield* disks, [])
      yield* staging.stage(request)
      assert.deepStrictEqual(yield* disks, [{ volumeId, traffic }])
      yield* staging.unstage(volumeId, stagingPath)
      assert.deepStrictEqual(yield* disks, [])
    }).pipe(Effect.provideService(Telemetry, watcher))
  })

  it.effect("of disks come back after a restart as kubelet asks for the figures of a volume", () => {
    const { readings, watcher } = recordingWatcher()
    return Effect.gen(function* () {
      const { host, publishing, staging } = yield* nodeWithDisk()
      yield* staging.stage(stageRequest())
      yield* publishing.publish(publishRequest())
      const counting: HostMounter["Type"] = { ...host.mounter, trafficOf: () => Effect.succeed(traffic) }
      const { volumes } = yield* servicesOn({ ...host, layer: counted(counting) })
      const disks = look(readingOf(readings, "StagedDisks").at(-1)?.read)
      assert.deepStrictEqual(yield* disks, [])
      yield* volumes.usage(volumeId, targetPath)
      assert.deepStrictEqual(yield* disks, [{ volumeId, traffic }])
    }).pipe(Effect.provideService(Telemetry, watcher))
  })

  it.effect("of the node's room are what kubelet was told, and what is attached now", () => {
    const { readings, watcher } = recordingWatcher()
    return Effect.gen(function* () {
      const { host } = yield* nodeWithDisk()
      const { volumes } = yield* servicesOn(host, { maxVolumes: 20, limitFromGuest: true })
      const room = look(readingOf(readings, "NodeRoom").at(-1)?.read)
      assert.deepStrictEqual(yield* room, { limit: undefined, attached: 1 })
      yield* volumes.info
      assert.deepStrictEqual(yield* room, { limit: 20, attached: 1 })
    }).pipe(Effect.provideService(Telemetry, watcher))
  })
})
