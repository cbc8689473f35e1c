import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import type { WorldService } from "../../../src/adapters/memory/World.ts"
import type { VmState } from "../../../src/adapters/memory/worldTypes.ts"
import { inWorld, twoServers, verdict } from "./inWorld.ts"

const [node1, node2] = twoServers
const slow = { servers: twoServers, latencies: { attach: "4 seconds", detach: "4 seconds" } } as const

/** Everything that shows where a volume stands: Cinder's volume and rows, Nova's mappings. */
const look = ({ cinder, nova }: WorldService, id: string) =>
  Effect.gen(function* () {
    const volume = yield* cinder.showVolume(id)
    const { rows } = yield* cinder.listAttachments({ volumeId: id })
    const mappings = yield* nova.listServerVolumes(node1.id)
    return {
      status: volume.status,
      shown: volume.attachments.map(({ serverId }) => serverId),
      rows: rows.map(({ status }) => status),
      nova: mappings.some(({ volumeId }) => volumeId === id)
    }
  })

const refusalOf = <A>(request: Effect.Effect<A, { readonly message: string }>) =>
  Effect.map(Effect.flip(request), ({ message }) => message)

describe("attaching and detaching in the World", () => {
  it.effect("goes reserved, attaching, in-use, and Nova lists the volume from the start", () =>
    inWorld(slow, (world) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        const { device } = yield* world.nova.attachVolume(node1.id, id)
        const atOnce = yield* look(world, id)
        yield* TestClock.adjust("2 seconds")
        const halfway = yield* look(world, id)
        yield* TestClock.adjust("2 seconds")
        const after = yield* look(world, id)
        assert.strictEqual(device, "/dev/vdb")
        assert.deepStrictEqual(atOnce, { status: "reserved", shown: [], rows: ["reserved"], nova: true })
        assert.deepStrictEqual(halfway, { status: "attaching", shown: [], rows: ["attaching"], nova: true })
        assert.deepStrictEqual(after, { status: "in-use", shown: [node1.id], rows: ["attached"], nova: true })
      })
    )
  )

  it.effect("goes detaching, available, and Nova lists the volume a moment longer than Cinder", () =>
    inWorld({ ...slow, latencies: { detach: "4 seconds", bdmCleanup: "1 second" } }, (world) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        yield* world.nova.attachVolume(node1.id, id)
        yield* world.nova.detachVolume(node1.id, id)
        const atOnce = yield* look(world, id)
        yield* TestClock.adjust("2 seconds")
        const halfway = yield* look(world, id)
        yield* TestClock.adjust("2 seconds")
        const after = yield* look(world, id)
        const elsewhere = yield* refusalOf(world.nova.attachVolume(node2.id, id))
        yield* TestClock.adjust("1 second")
        const later = yield* look(world, id)
        assert.deepStrictEqual(atOnce, { status: "detaching", shown: [node1.id], rows: ["attached"], nova: true })
        assert.deepStrictEqual(halfway, { status: "detaching", shown: [], rows: ["detaching"], nova: true })
        assert.deepStrictEqual(after, { status: "available", shown: [], rows: [], nova: true })
        assert.strictEqual(elsewhere, `Invalid volume: volume ${id} is already attached to instances: ${node1.id}`)
        assert.deepStrictEqual(later, { status: "available", shown: [], rows: [], nova: false })
      })
    )
  )

  it.effect("refuses a second attachment with a text that names the server it is on", () =>
    inWorld(slow, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node1.id, id)
        const text = `Invalid volume: volume ${id} is already attached to instances: ${node1.id}`
        assert.strictEqual(yield* refusalOf(nova.attachVolume(node1.id, id)), text)
        assert.strictEqual(yield* refusalOf(nova.attachVolume(node2.id, id)), text)
      })
    )
  )

  it.effect("refuses to detach what is attaching or detaching, in Cinder's words", () =>
    inWorld(slow, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const detach = nova.detachVolume(node1.id, id)
        const text =
          /^Invalid volume: Invalid input received: Invalid volume: Unable to detach volume\. .* \(HTTP 400\)/
        yield* nova.attachVolume(node1.id, id)
        assert.match(yield* refusalOf(detach), text)
        yield* TestClock.adjust("4 seconds")
        yield* detach
        assert.match(yield* refusalOf(detach), text)
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual(yield* refusalOf(detach), `Instance ${node1.id} is not attached to volume ${id}`)
      })
    )
  )

  it.effect("passes on why Cinder does not reserve the volume", () =>
    inWorld({ servers: twoServers, latencies: { create: "1 second" } }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const creating = yield* refusalOf(nova.attachVolume(node1.id, id))
        assert.match(
          creating,
          /^Invalid input received: Invalid volume: Volume \S+ status must be available or downloading to reserve, but the current status is creating\. \(HTTP 400\) \(Request-ID: req-/
        )
      })
    )
  )

  const serverStates: ReadonlyArray<readonly [VmState, "accepted" | number]> = [
    ["active", "accepted"],
    ["stopped", "accepted"],
    ["paused", "accepted"],
    ["resized", "accepted"],
    ["shelved", "accepted"],
    ["shelved_offloaded", "accepted"],
    ["soft-delete", "accepted"],
    ["suspended", 409],
    ["rescued", 409],
    ["building", 409],
    ["error", 409]
  ]
  it.effect.each(serverStates)("on a server that is %s is %s", ([vmState, expected]) =>
    inWorld({ servers: twoServers }, ({ cinder, nova, control }) =>
      Effect.gen(function* () {
        const there = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node1.id, there.id)
        yield* control.setServer(node1.id, { vmState })
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const seen = [
          yield* verdict(nova.attachVolume(node1.id, id)),
          yield* verdict(nova.detachVolume(node1.id, there.id))
        ]
        assert.deepStrictEqual(seen, [expected, expected])
      })
    )
  )

  it.effect("is refused with 409 by a lock, a running task and a server that never ran", () =>
    inWorld({ servers: twoServers }, ({ cinder, nova, control }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const attach = Effect.flip(nova.attachVolume(node1.id, id))
        yield* control.setServer(node1.id, { locked: true })
        const locked = yield* attach
        yield* control.setServer(node1.id, { locked: false, taskState: "migrating" })
        const busy = yield* attach
        yield* control.setServer(node1.id, { taskState: undefined, launchedAt: undefined })
        const unborn = yield* attach
        assert.deepStrictEqual(
          [locked, busy, unborn].map(({ status, message }) => [status, message]),
          [
            [409, `Instance ${node1.id} is locked`],
            [409, `Cannot 'attach_volume' instance ${node1.id} while it is in task_state migrating`],
            [409, `Instance ${node1.id} is in an invalid state for 'attach_volume'`]
          ]
        )
      })
    )
  )

  it.effect("is accepted on a paused server, whose guest then does not let go of a volume", () =>
    inWorld(slow, (world) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        yield* world.nova.attachVolume(node1.id, id)
        yield* TestClock.adjust("4 seconds")
        yield* world.control.setServer(node1.id, { vmState: "paused" })
        yield* world.nova.detachVolume(node1.id, id)
        yield* TestClock.adjust("4 seconds")
        const after = yield* look(world, id)
        const [action] = yield* world.nova.listInstanceActions(node1.id)
        assert.deepStrictEqual(after, { status: "in-use", shown: [node1.id], rows: ["attached"], nova: true })
        assert.deepStrictEqual([action?.action, action?.message], ["detach_volume", "Error"])
      })
    )
  )

  it.effect("shows in-use at once on a server that is shelved away, and refuses multiattach and tags there", () =>
    inWorld({ ...slow, volumeTypes: [{ name: "fast" }, { name: "multi", multiattach: true }] }, (world) =>
      Effect.gen(function* () {
        const { cinder, nova, control } = world
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const multi = yield* cinder.createVolume({ sizeGiB: 1, type: "multi" })
        yield* control.setServer(node1.id, { vmState: "shelved_offloaded" })
        const tagged = yield* verdict(nova.attachVolume(node1.id, id, { tag: "csi" }))
        yield* nova.attachVolume(node1.id, id)
        assert.strictEqual((yield* look(world, id)).status, "in-use")
        assert.deepStrictEqual([tagged, yield* verdict(nova.attachVolume(node1.id, multi.id))], [400, 400])
      })
    )
  )

  it.effect("is refused with 403 when the server is full, its root disk included", () =>
    inWorld({ servers: twoServers, maxDisksPerServer: 2 }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const first = yield* cinder.createVolume({ sizeGiB: 1 })
        const second = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node1.id, first.id)
        const { status, message } = yield* Effect.flip(nova.attachVolume(node1.id, second.id))
        assert.deepStrictEqual(
          [status, message],
          [403, "The maximum allowed number of disk devices (2) to attach to a single instance has been exceeded."]
        )
        assert.strictEqual((yield* cinder.showVolume(second.id)).status, "available")
      })
    )
  )

  it.effect("takes the wanted device name, and refuses one that is taken or malformed", () =>
    inWorld({ servers: twoServers }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const first = yield* cinder.createVolume({ sizeGiB: 1 })
        const second = yield* cinder.createVolume({ sizeGiB: 1 })
        const { device } = yield* nova.attachVolume(node1.id, first.id, { device: "/dev/vdq" })
        const taken = yield* verdict(nova.attachVolume(node1.id, second.id, { device: "/dev/vdq" }))
        const malformed = yield* verdict(nova.attachVolume(node1.id, second.id, { device: "../x" }))
        assert.deepStrictEqual([device, taken, malformed], ["/dev/vdq", 409, 400])
      })
    )
  )

  it.effect("is refused across zones only where the cloud says so", () =>
    Effect.gen(function* () {
      const options = {
        servers: twoServers,
        volumeZones: [{ name: "nova" }, { name: "mars" }]
      }
      const attach = (crossZoneAttach: boolean) =>
        inWorld({ ...options, crossZoneAttach }, ({ cinder, nova }) =>
          Effect.gen(function* () {
            const { id } = yield* cinder.createVolume({ sizeGiB: 1, zone: "mars" })
            return yield* verdict(nova.attachVolume(node1.id, id))
          })
        )
      assert.deepStrictEqual([yield* attach(true), yield* attach(false)], ["accepted", 400])
    })
  )

  it.effect("refuses multiattach volumes to callers below microversion 2.60", () =>
    inWorld({ servers: twoServers, volumeTypes: [{ name: "multi", multiattach: true }] }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        assert.strictEqual(
          yield* refusalOf(nova.attachVolume(node1.id, id, { multiattachAllowed: false })),
          "Multiattach volumes are only supported starting with compute API version 2.60."
        )
      })
    )
  )

  it.effect("works on one volume of a server after the other, and on two servers side by side", () =>
    inWorld(slow, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const volumes = yield* Effect.replicateEffect(cinder.createVolume({ sizeGiB: 1 }), 3)
        const [first = "", second = "", third = ""] = volumes.map(({ id }) => id)
        yield* nova.attachVolume(node1.id, first)
        yield* nova.attachVolume(node1.id, second)
        yield* nova.attachVolume(node2.id, third)
        const statuses = Effect.map(cinder.listVolumes({ sort: { key: "created_at", direction: "asc" } }), ({ rows }) =>
          rows.map(({ status }) => status)
        )
        yield* TestClock.adjust("4 seconds")
        const early = yield* statuses
        yield* TestClock.adjust("4 seconds")
        assert.deepStrictEqual(early, ["in-use", "reserved", "in-use"])
        assert.deepStrictEqual(yield* statuses, ["in-use", "in-use", "in-use"])
      })
    )
  )

  it.effect("does not detach a multiattach volume from a server that it is still waiting for", () =>
    inWorld({ ...slow, volumeTypes: [{ name: "fast" }, { name: "multi", multiattach: true }] }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const before = yield* cinder.createVolume({ sizeGiB: 1 })
        const { id } = yield* cinder.createVolume({ sizeGiB: 1, type: "multi" })
        yield* nova.attachVolume(node1.id, before.id)
        yield* nova.attachVolume(node1.id, id)
        yield* nova.attachVolume(node2.id, id)
        yield* TestClock.adjust("4 seconds")
        const { status } = yield* cinder.showVolume(id)
        assert.deepStrictEqual([status, yield* verdict(nova.detachVolume(node1.id, id))], ["in-use", 400])
      })
    )
  )

  it.effect("makes the request itself wait for the server where that is wanted", () =>
    inWorld({ ...slow, attachWaitsForServer: true }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const first = yield* cinder.createVolume({ sizeGiB: 1 })
        const second = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node1.id, first.id)
        const waiting = yield* Effect.fork(nova.attachVolume(node1.id, second.id))
        yield* TestClock.adjust("3 seconds")
        const early = yield* Fiber.poll(waiting)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(waiting)
        assert.strictEqual(early._tag, "None")
        assert.strictEqual((yield* cinder.showVolume(second.id)).status, "reserved")
      })
    )
  )

  it.effect(
    "times out with 500 when the compute host is dead, and in old releases a detach there stays until the host is back",
    () =>
      inWorld({ servers: twoServers, detachAsksForHost: false }, (world) =>
        Effect.gen(function* () {
          const { cinder, nova, control } = world
          const there = yield* cinder.createVolume({ sizeGiB: 1 })
          const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
          yield* nova.attachVolume(node1.id, there.id)
          yield* control.setServer(node1.id, { computeUp: false })
          const attach = yield* Effect.fork(Effect.flip(nova.attachVolume(node1.id, id)))
          yield* nova.detachVolume(node1.id, there.id)
          yield* TestClock.adjust("60 seconds")
          const fault = yield* Fiber.join(attach)
          const stuck = yield* look(world, there.id)
          yield* control.setServer(node1.id, { computeUp: true })
          yield* TestClock.adjust(0)
          assert.strictEqual(fault.status, 500)
          assert.match(fault.message, /MessagingTimeout/)
          assert.deepStrictEqual([stuck.status, (yield* look(world, there.id)).status], ["detaching", "available"])
        })
      )
  )

  it.effect("refuses a detach from a server whose compute host is dead before anything is changed", () =>
    inWorld({ servers: twoServers }, (world) =>
      Effect.gen(function* () {
        const { cinder, nova, control } = world
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node1.id, id)
        yield* control.setServer(node1.id, { computeUp: false })
        const fault = yield* Effect.flip(nova.detachVolume(node1.id, id))
        assert.deepStrictEqual([fault.status, fault.message], [409, "Service is unavailable at this time."])
        assert.strictEqual((yield* look(world, id)).status, "in-use")
      })
    )
  )

  it.effect("frees the volumes of a server that is deleted and takes those with it that were meant to go", () =>
    inWorld({ servers: twoServers, latencies: { serverDelete: "1 second" } }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const kept = yield* cinder.createVolume({ sizeGiB: 1 })
        const bound = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node1.id, kept.id)
        yield* nova.attachVolume(node1.id, bound.id, { deleteOnTermination: true })
        yield* nova.deleteServer(node1.id)
        const going = yield* verdict(nova.attachVolume(node1.id, kept.id))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(going, 409)
        assert.strictEqual((yield* cinder.showVolume(kept.id)).status, "available")
        assert.strictEqual(yield* verdict(cinder.showVolume(bound.id)), 404)
        assert.strictEqual(yield* verdict(nova.detachVolume(node1.id, kept.id)), 404)
      })
    )
  )

  it.effect("leaves Cinder's attachment behind when a server is lost, and only then lets a member remove it", () =>
    inWorld({ servers: twoServers }, (world) =>
      Effect.gen(function* () {
        const { cinder, nova, control } = world
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const { attachmentId } = yield* nova.attachVolume(node1.id, id)
        const refused = yield* Effect.flip(cinder.deleteAttachment(attachmentId))
        yield* control.loseServer(node1.id)
        const stale = yield* cinder.showVolume(id)
        yield* cinder.deleteAttachment(attachmentId)
        assert.deepStrictEqual(
          [refused.status, refused.message],
          [409, `ConflictNovaUsingAttachment: Detach volume from instance ${node1.id} using the Compute API`]
        )
        assert.deepStrictEqual([stale.status, (yield* cinder.showVolume(id)).status], ["in-use", "available"])
      })
    )
  )

  it.effect("keeps the root disk", () =>
    inWorld({}, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const root = yield* cinder.createVolume({ sizeGiB: 1 })
        const server = yield* nova.createServer({ name: "from-volume", rootVolumeId: root.id })
        const listed = yield* nova.listServerVolumes(server.id)
        assert.deepStrictEqual(
          [listed.map(({ device }) => device), yield* verdict(nova.detachVolume(server.id, root.id))],
          [["/dev/vda"], 400]
        )
      })
    )
  )

  it.effect("logs an action under the caller's request id, open while it runs", () =>
    inWorld(slow, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(node1.id, id, { requestId: "req-1" })
        const open = yield* nova.showInstanceAction(node1.id, "req-1")
        yield* TestClock.adjust("4 seconds")
        const closed = yield* nova.showInstanceAction(node1.id, "req-1")
        assert.deepStrictEqual(
          [open, closed].map(({ events }) => events.map(({ event, result }) => [event, result])),
          [[["compute_attach_volume", undefined]], [["compute_attach_volume", "Success"]]]
        )
      })
    )
  )
})
