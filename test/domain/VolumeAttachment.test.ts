import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, TestClock } from "effect"
import { World, type WorldOptions } from "../../src/adapters/memory/index.ts"
import { badRequest, conflict, serverFault } from "../../src/adapters/memory/worldErrors.ts"
import { layerPolling } from "../../src/adapters/waiting/PollingCloudWatch.ts"
import { ControllerSettings } from "../../src/domain/ControllerSettings.ts"
import { CloudFailure, ServerNotFound, VolumeNotFound } from "../../src/domain/errors.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { VolumeAttachment } from "../../src/domain/VolumeAttachment.ts"
import { VolumeProvisioning } from "../../src/domain/VolumeProvisioning.ts"
import { Cinder } from "../../src/ports/Cinder.ts"
import { Nova } from "../../src/ports/Nova.ts"
import { capturedLogs } from "../adapters/csi/stubs.ts"
import {
  detached,
  newVolume,
  node1,
  node2,
  placesOf,
  publishTo,
  twoNodes,
  unpublishFrom
} from "../support/attachments.ts"
import { blockOn, controllerOptions, inTime, mountOn, requestsOf } from "../support/controllerOnWorld.ts"

const slow: WorldOptions = { latencies: { attach: "5 seconds", detach: "4 seconds", bdmCleanup: "2 seconds" } }

describe("VolumeAttachment.publish", () => {
  it.effect("answers once Cinder shows the attachment, with what the node needs", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      const context = yield* inTime(publishTo(id, node1))
      assert.deepStrictEqual(context, { DevicePath: "/dev/vdb", "cinder.csi.openstack.org/sizeBytes": "2147483648" })
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes(slow)))
  )

  it.effect("tells the node that a volume is encrypted", () =>
    Effect.gen(function* () {
      const context = yield* inTime(publishTo(yield* newVolume("secret"), node1))
      assert.strictEqual(context["cinder.csi.openstack.org/encrypted"], "true")
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("costs a look at volume and server, one request and the polls", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      const counts = yield* requestsOf(inTime(publishTo(id, node1)))
      assert.deepStrictEqual(counts, { showVolume: 2, showServer: 1, attachVolume: 1 })
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("answers a repetition alike for two looks", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      const first = yield* inTime(publishTo(id, node1))
      const counts = yield* requestsOf(
        Effect.map(publishTo(id, node1), (again) => assert.deepStrictEqual(again, first))
      )
      assert.deepStrictEqual(counts, { showVolume: 1, showServer: 1 })
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("goes on with the attachment of a call that was interrupted after its request", () =>
    Effect.gen(function* () {
      const { calls } = yield* World
      const id = yield* newVolume()
      const first = yield* Effect.fork(publishTo(id, node1))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(first)
      yield* inTime(publishTo(id, node1))
      assert.strictEqual((yield* calls.counts).attachVolume, 1)
    }).pipe(Effect.provide(twoNodes(slow)))
  )

  it.effect("lets a request in flight end when the call is interrupted, and keeps an unpublish out until then", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      const first = yield* Effect.fork(publishTo(id, node1))
      yield* TestClock.adjust("1 second")
      const interruption = yield* Effect.fork(Fiber.interrupt(first))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(unpublishFrom(id, node1)))._tag, "OperationPending")
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(interruption)
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
      yield* inTime(unpublishFrom(id, node1))
      assert.deepStrictEqual(yield* placesOf(id), detached)
    }).pipe(Effect.provide(twoNodes({}, "5 seconds")))
  )

  it.effect("waits for the attachment when the answer to its request was lost", () =>
    Effect.gen(function* () {
      const { faults, calls } = yield* World
      const id = yield* newVolume()
      yield* faults.failCall({ call: "attachVolume", fault: serverFault("gateway gave up"), afterwards: true })
      yield* inTime(publishTo(id, node1))
      assert.strictEqual((yield* calls.counts).attachVolume, 1)
    }).pipe(Effect.provide(twoNodes(slow)))
  )

  it.effect("passes on that no answer came when nothing happens afterwards", () =>
    Effect.gen(function* () {
      const { faults, calls } = yield* World
      const id = yield* newVolume()
      yield* faults.failCall({ call: "attachVolume", fault: serverFault("gateway gave up") })
      const error = yield* Effect.flip(inTime(publishTo(id, node1)))
      assert.isTrue(error._tag === "CloudFailure" && error.reason === "unanswered")
      assert.strictEqual((yield* calls.counts).attachVolume, 1)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("refuses a volume that is attached elsewhere and names the server", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      yield* inTime(publishTo(id, node1))
      const error = yield* Effect.flip(publishTo(id, node2))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, node1)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("attaches a multiattach volume to two servers for a mode of several nodes alone", () =>
    Effect.gen(function* () {
      const id = yield* newVolume("shared")
      yield* inTime(publishTo(id, node1, "MULTI_NODE_MULTI_WRITER"))
      const error = yield* Effect.flip(publishTo(id, node2, "SINGLE_NODE_WRITER"))
      assert.strictEqual(error._tag, "Refused")
      yield* inTime(publishTo(id, node2, "MULTI_NODE_MULTI_WRITER"))
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1, node2])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("attaches a file system to several nodes for volumes that there are, and says once what is at risk", () =>
    Effect.gen(function* () {
      const { lines, layer } = capturedLogs()
      const { publish } = yield* VolumeAttachment
      const volumeId = yield* newVolume("shared")
      const request = { volumeId, capability: mountOn("MULTI_NODE_MULTI_WRITER"), readOnly: false }
      yield* inTime(Effect.provide(publish({ ...request, serverId: node1 }), layer))
      yield* inTime(Effect.provide(publish({ ...request, serverId: node2 }), layer))
      assert.deepStrictEqual((yield* placesOf(volumeId)).inCinder, [node1, node2])
      assert.strictEqual(lines.filter((line) => line.includes("a second node that writes to it destroys it")).length, 1)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("waits for a volume that is being made", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      yield* inTime(publishTo(id, node1))
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes({ latencies: { create: "7 seconds" } })))
  )

  it.effect("reports an attachment that Nova gave up as not ready, and asks once", () =>
    Effect.gen(function* () {
      const { faults, calls } = yield* World
      const id = yield* newVolume()
      yield* faults.failWork({ work: "attach", outcome: "fails" })
      const error = yield* Effect.flip(inTime(publishTo(id, node1)))
      assert.strictEqual(error._tag, "NotReady")
      assert.include(error.message, "gave it up")
      assert.strictEqual((yield* calls.counts).attachVolume, 1)
    }).pipe(Effect.provide(twoNodes(slow)))
  )

  it.effect("passes on that the server is full", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      const error = yield* Effect.flip(inTime(publishTo(id, node1)))
      assert.strictEqual(error._tag, "NodeFull")
    }).pipe(Effect.provide(twoNodes({ maxDisksPerServer: 1 })))
  )

  it.effect("does not ask a server that Nova is working on, and says so when the time is over", () =>
    Effect.gen(function* () {
      const { control, calls } = yield* World
      const id = yield* newVolume()
      yield* control.setServer(node1, { taskState: "rebooting" })
      const error = yield* Effect.flip(inTime(publishTo(id, node1)))
      assert.strictEqual(error._tag, "NotReady")
      assert.include(error.message, "rebooting")
      assert.isUndefined((yield* calls.counts).attachVolume)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("asks once more when a task that began after its look is over", () =>
    Effect.gen(function* () {
      const { faults, calls } = yield* World
      const id = yield* newVolume()
      yield* faults.failCall({ call: "attachVolume", fault: conflict("Cannot 'attach_volume' while migrating") })
      yield* inTime(publishTo(id, node1), "5 seconds")
      assert.strictEqual((yield* calls.counts).attachVolume, 2)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("says what Nova said where it refuses for ever and nothing tells why", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const id = yield* newVolume()
      const fault = conflict("The supplied device path (/dev/vdb) is in use.")
      yield* faults.failCall({ call: "attachVolume", fault, times: 100 })
      const error = yield* Effect.flip(inTime(publishTo(id, node1), "5 minutes"))
      assert.strictEqual(error._tag, "NotReady")
      assert.include(error.message, "device path")
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("refuses for good what Nova calls impossible", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const id = yield* newVolume()
      const fault = badRequest("volume and instance are not in the same availability_zone")
      yield* faults.failCall({ call: "attachVolume", fault })
      assert.strictEqual((yield* Effect.flip(publishTo(id, node1)))._tag, "Refused")
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("is not ready as long as Nova lists the volume on its former server", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* newVolume()
      yield* inTime(publishTo(id, node1))
      yield* nova.detachVolume(node1, id)
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual((yield* placesOf(id)).status, "available")
      assert.strictEqual((yield* Effect.flip(publishTo(id, node2)))._tag, "NotReady")
      yield* TestClock.adjust("5 seconds")
      yield* inTime(publishTo(id, node2))
    }).pipe(Effect.provide(twoNodes(slow)))
  )

  it.effect("says which of volume and server is unknown", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      assert.strictEqual((yield* Effect.flip(publishTo(VolumeId("fake-vol-id"), node1)))._tag, "VolumeNotFound")
      assert.strictEqual((yield* Effect.flip(publishTo(id, ServerId("fake-node"))))._tag, "ServerNotFound")
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect.each([
    ["Nova", "VolumeNotFound"],
    ["Cinder", "ServerNotFound"]
  ] as const)("says what is unknown although %s does not answer", ([silent, tag]) => {
    const reason = "unanswered"
    const unanswered = new CloudFailure({
      service: silent,
      operation: "look",
      reason,
      detail: "",
      requestId: undefined
    })
    const silence = Effect.timeoutFail(Effect.never, { duration: "1 minute", onTimeout: () => unanswered })
    const services = Layer.mergeAll(
      Layer.mock(Cinder, {
        getVolume: (id) => (silent === "Cinder" ? silence : Effect.fail(new VolumeNotFound({ id })))
      }),
      Layer.mock(Nova, {
        getServer: (id) => (silent === "Nova" ? silence : Effect.fail(new ServerNotFound({ id })))
      })
    )
    const attachment = VolumeAttachment.layer.pipe(
      Layer.provide(layerPolling()),
      Layer.provide(services),
      Layer.provide(Layer.succeed(ControllerSettings, controllerOptions))
    )
    return Effect.gen(function* () {
      const error = yield* Effect.flip(publishTo(VolumeId("v"), node1))
      assert.strictEqual(error._tag, tag)
    }).pipe(Effect.provide(attachment))
  })

  it.effect("does not offer read-only publishing", () =>
    Effect.gen(function* () {
      const { publish } = yield* VolumeAttachment
      const request = { volumeId: VolumeId("v"), serverId: node1, capability: blockOn(), readOnly: true }
      assert.strictEqual((yield* Effect.flip(publish(request)))._tag, "InvalidInput")
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("keeps the volume's deletion out while it attaches", () =>
    Effect.gen(function* () {
      const { remove } = yield* VolumeProvisioning
      const id = yield* newVolume()
      const attaching = yield* Effect.fork(publishTo(id, node1))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(remove(id)))._tag, "OperationPending")
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(attaching)
    }).pipe(Effect.provide(twoNodes(slow)))
  )
})

describe("VolumeAttachment.unpublish", () => {
  const published = Effect.gen(function* () {
    const id = yield* newVolume()
    yield* inTime(publishTo(id, node1))
    return id
  })

  it.effect("answers once Nova and Cinder agree that the volume is detached", () =>
    Effect.gen(function* () {
      const id = yield* published
      const fiber = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* placesOf(id), { status: "available", inCinder: [], inNova: [node1] })
      assert.isTrue((yield* Fiber.poll(fiber))._tag === "None")
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(yield* placesOf(id), detached)
    }).pipe(Effect.provide(twoNodes(slow)))
  )

  it.effect("costs a look at volume and server, one request and the polls", () =>
    Effect.gen(function* () {
      const id = yield* published
      const counts = yield* requestsOf(inTime(unpublishFrom(id, node1)))
      assert.deepStrictEqual(counts, { showVolume: 2, showServer: 1, detachVolume: 1 })
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("succeeds where nothing is attached, for two looks", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      assert.deepStrictEqual(yield* requestsOf(unpublishFrom(id, node1)), { showVolume: 1, showServer: 1 })
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("succeeds when volume or server are gone", () =>
    Effect.gen(function* () {
      const id = yield* newVolume()
      yield* unpublishFrom(VolumeId("fake-vol-id"), node1)
      yield* unpublishFrom(id, ServerId("fake-node"))
      yield* unpublishFrom(VolumeId("fake-vol-id"), undefined)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("leaves the attachment to another server alone", () =>
    Effect.gen(function* () {
      const id = yield* published
      yield* unpublishFrom(id, node2)
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("detaches from every server when none is named", () =>
    Effect.gen(function* () {
      const id = yield* newVolume("shared")
      yield* inTime(publishTo(id, node1, "MULTI_NODE_MULTI_WRITER"))
      yield* inTime(publishTo(id, node2, "MULTI_NODE_MULTI_WRITER"))
      yield* inTime(unpublishFrom(id, undefined))
      assert.deepStrictEqual(yield* placesOf(id), detached)
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("waits for an attachment in progress and then detaches", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const id = yield* newVolume()
      yield* nova.attachVolume(node1, id)
      yield* inTime(unpublishFrom(id, node1))
      assert.deepStrictEqual(yield* placesOf(id), detached)
    }).pipe(Effect.provide(twoNodes(slow)))
  )

  it.effect("waits for a detachment in progress instead of asking again", () =>
    Effect.gen(function* () {
      const { calls } = yield* World
      const id = yield* published
      const first = yield* Effect.fork(unpublishFrom(id, node1))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(first)
      yield* inTime(unpublishFrom(id, node1))
      assert.deepStrictEqual(yield* placesOf(id), detached)
      assert.strictEqual((yield* calls.counts).detachVolume, 1)
    }).pipe(Effect.provide(twoNodes(slow)))
  )

  it.effect("says at the end of its time under which id Nova logged the request", () => {
    const withIds = Layer.effect(
      Nova,
      Effect.map(Nova, (nova) => ({
        ...nova,
        detach: (server: ServerId, volume: VolumeId) =>
          Effect.map(nova.detach(server, volume), (answer) =>
            answer._tag === "Accepted" ? { ...answer, requestId: "req-9" } : answer
          )
      }))
    )
    const attachment = VolumeAttachment.layer.pipe(
      Layer.provide(withIds),
      Layer.provide(Layer.succeed(ControllerSettings, controllerOptions))
    )
    return Effect.gen(function* () {
      const id = yield* published
      yield* (yield* World).faults.freeze("detach")
      const error = yield* Effect.flip(inTime(Effect.provide(unpublishFrom(id, node1), attachment), "3 minutes"))
      assert.strictEqual(error._tag, "StillWorking")
      assert.match(
        error.message,
        /^volume \S+ is still detaching, unchanged since \S+ \(req-9\); if that is minutes ago/
      )
    }).pipe(Effect.provide(twoNodes()))
  })

  it.effect("reports a guest that holds on to the disk as not ready", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const id = yield* published
      yield* faults.failWork({ work: "detach", outcome: "fails" })
      const error = yield* Effect.flip(inTime(unpublishFrom(id, node1)))
      assert.strictEqual(error._tag, "NotReady")
      assert.include(error.message, "guest")
    }).pipe(Effect.provide(twoNodes(slow)))
  )

  it.effect.each([
    { what: "is locked", change: { locked: true }, says: "unlock" },
    { what: "is being worked on", change: { taskState: "migrating" }, says: "migrating" },
    { what: "is suspended", change: { vmState: "suspended" as const }, says: "resume" },
    { what: "is in error", change: { vmState: "error" as const }, says: "administrator" }
  ])("says why a server that $what keeps the volume", ({ change, says }) =>
    Effect.gen(function* () {
      const { control } = yield* World
      const id = yield* published
      yield* control.setServer(node1, change)
      const error = yield* Effect.flip(inTime(unpublishFrom(id, node1)))
      assert.strictEqual(error._tag, "NotReady")
      assert.include(error.message, says)
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("never removes the attachment of a server that vanished, and says what to do", () =>
    Effect.gen(function* () {
      const { control, calls } = yield* World
      const id = yield* published
      yield* control.loseServer(node1)
      const error = yield* Effect.flip(inTime(unpublishFrom(id, node1)))
      assert.strictEqual(error._tag, "NotReady")
      assert.include(error.message, "no such server")
      assert.isUndefined((yield* calls.counts).deleteAttachment)
      assert.deepStrictEqual((yield* placesOf(id)).inCinder, [node1])
    }).pipe(Effect.provide(twoNodes()))
  )

  it.effect("detaches from a server that is shut off", () =>
    Effect.gen(function* () {
      const { control } = yield* World
      const id = yield* published
      yield* control.setServer(node1, { vmState: "stopped" })
      yield* inTime(unpublishFrom(id, node1))
      assert.deepStrictEqual(yield* placesOf(id), detached)
    }).pipe(Effect.provide(twoNodes()))
  )
})
