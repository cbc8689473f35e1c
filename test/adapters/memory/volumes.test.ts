import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import type { WorldService } from "../../../src/adapters/memory/World.ts"
import { inWorld, twoServers, verdict } from "./inWorld.ts"

const slow = { create: "4 seconds", clone: "6 seconds", delete: "2 seconds", extend: "2 seconds" } as const

const statusOf = ({ cinder }: WorldService, id: string) => Effect.map(cinder.showVolume(id), ({ status }) => status)

describe("volumes in the World", () => {
  it.effect("are creating until the latency has passed, and available from then on", () =>
    inWorld({ latencies: slow }, (world) =>
      Effect.gen(function* () {
        const { id, status } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        yield* TestClock.adjust("3999 millis")
        const before = yield* statusOf(world, id)
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual([status, before, yield* statusOf(world, id)], ["creating", "creating", "available"])
      })
    )
  )

  it.effect("are available before the next request when nothing takes time", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        const { id, status } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        assert.deepStrictEqual([status, yield* statusOf(world, id)], ["creating", "available"])
      })
    )
  )

  it.effect("are refused a second deletion with 400 while they go, and with 404 when gone", () =>
    inWorld({ latencies: { delete: "2 seconds" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const remove = verdict(cinder.deleteVolume(id, { cascade: false }))
        const first = yield* remove
        const second = yield* remove
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual([first, second, yield* remove], ["accepted", 400, 404])
      })
    )
  )

  it.effect("go at once when the scheduler has not placed them yet", () =>
    inWorld({ latencies: { schedule: "1 second", create: "1 second" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* cinder.deleteVolume(id, { cascade: false })
        const gone = yield* verdict(cinder.showVolume(id))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual([gone, yield* verdict(cinder.showVolume(id))], [404, 404])
      })
    )
  )

  it.effect("are not deletable between the scheduler's choice and their end", () =>
    inWorld({ latencies: { schedule: "1 second", create: "1 second" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* verdict(cinder.deleteVolume(id, { cascade: false })), 400)
      })
    )
  )

  it.effect("end in error with a message when no backend of the zone has room", () =>
    inWorld({ volumeZones: [{ name: "nova", capacityGiB: 10 }] }, (world) =>
      Effect.gen(function* () {
        yield* world.cinder.createVolume({ sizeGiB: 8 })
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 3 })
        const [message] = yield* world.cinder.listMessages({ resourceId: id })
        assert.deepStrictEqual(
          [yield* statusOf(world, id), message?.eventId, message?.userMessage],
          ["error", "VOLUME_VOLUME_001_003", "schedule allocate volume:Could not find any available weighted backend."]
        )
      })
    )
  )

  it.effect("end in error where the zone has no backend for their type", () =>
    inWorld(
      {
        volumeZones: [{ name: "nova" }, { name: "mars" }],
        volumeTypes: [{ name: "fast" }, { name: "bulk", zones: ["nova"] }]
      },
      (world) =>
        Effect.gen(function* () {
          const { id } = yield* world.cinder.createVolume({ sizeGiB: 1, type: "bulk", zone: "mars" })
          assert.strictEqual(yield* statusOf(world, id), "error")
        })
    )
  )

  it.effect("leave the room of a zone to others when they are deleted", () =>
    inWorld({ volumeZones: [{ name: "nova", capacityGiB: 10 }] }, (world) =>
      Effect.gen(function* () {
        const first = yield* world.cinder.createVolume({ sizeGiB: 10 })
        yield* world.cinder.deleteVolume(first.id, { cascade: false })
        const second = yield* world.cinder.createVolume({ sizeGiB: 10 })
        assert.strictEqual(yield* statusOf(world, second.id), "available")
      })
    )
  )

  it.effect("keep their size while extending and have the new one after", () =>
    inWorld({ latencies: { extend: "2 seconds" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* cinder.extendVolume(id, 5, { allowInUse: false })
        const during = yield* cinder.showVolume(id)
        yield* TestClock.adjust("2 seconds")
        const after = yield* cinder.showVolume(id)
        assert.deepStrictEqual(
          [during.status, during.sizeGiB, after.status, after.sizeGiB],
          ["extending", 1, "available", 5]
        )
      })
    )
  )

  it.effect("stay in use when they are extended in use, and the server's log says so", () =>
    inWorld({ servers: twoServers }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(twoServers[0].id, id)
        yield* cinder.extendVolume(id, 2, { allowInUse: true })
        const { status, sizeGiB } = yield* cinder.showVolume(id)
        const [action] = yield* nova.listInstanceActions(twoServers[0].id)
        assert.deepStrictEqual([status, sizeGiB, action?.action], ["in-use", 2, "extend_volume"])
      })
    )
  )

  it.effect("fall back silently with the old size when an extension finds no room", () =>
    inWorld({ volumeZones: [{ name: "nova", capacityGiB: 10 }] }, ({ cinder }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 8 })
        yield* cinder.extendVolume(id, 11, { allowInUse: false })
        const { status, sizeGiB } = yield* cinder.showVolume(id)
        const { gigabytes } = yield* cinder.quotaSet
        assert.deepStrictEqual([status, sizeGiB, gigabytes.inUse, gigabytes.reserved], ["available", 8, 8, 0])
      })
    )
  )

  it.effect("refuse a size that is not larger", () =>
    inWorld({}, ({ cinder }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 2 })
        const { message } = yield* Effect.flip(cinder.extendVolume(id, 2, { allowInUse: false }))
        assert.strictEqual(
          message,
          "Invalid input received: New size for extend must be greater than current size. (current: 2, extended: 2)."
        )
      })
    )
  )

  it.effect("stamp updatedAt with a rename, attach and detach but not with metadata, snapshots or being cloned", () =>
    inWorld({ servers: twoServers }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const { id, updatedAt } = yield* cinder.createVolume({ sizeGiB: 1 })
        const moves = (request: Effect.Effect<unknown, unknown>) =>
          Effect.gen(function* () {
            const before = yield* cinder.showVolume(id)
            yield* TestClock.adjust("10 seconds")
            yield* request
            const after = yield* cinder.showVolume(id)
            return before.updatedAt !== after.updatedAt
          })
        assert.strictEqual(updatedAt, undefined)
        assert.isTrue(yield* moves(cinder.updateVolume(id, { name: "a" })))
        assert.isTrue(yield* moves(cinder.updateVolume(id, { name: "a" })))
        assert.isFalse(yield* moves(cinder.updateVolume(id, { metadata: { a: "1" } })))
        assert.isFalse(yield* moves(cinder.mergeVolumeMetadata(id, { b: "1" })))
        assert.isFalse(yield* moves(cinder.removeVolumeMetadata(id, "b")))
        assert.isFalse(yield* moves(cinder.createSnapshot({ volumeId: id })))
        assert.isFalse(yield* moves(cinder.createVolume({ sourceVolumeId: id })))
        assert.isTrue(yield* moves(nova.attachVolume(twoServers[0].id, id)))
        assert.isTrue(yield* moves(nova.detachVolume(twoServers[0].id, id)))
      })
    )
  )

  it.effect("keep the id of a source that is gone", () =>
    inWorld({}, ({ cinder }) =>
      Effect.gen(function* () {
        const source = yield* cinder.createVolume({ sizeGiB: 1 })
        const snapshot = yield* cinder.createSnapshot({ volumeId: source.id })
        const fromSnapshot = yield* cinder.createVolume({ snapshotId: snapshot.id })
        const clone = yield* cinder.createVolume({ sourceVolumeId: source.id })
        yield* cinder.deleteVolume(source.id, { cascade: true })
        assert.strictEqual(yield* verdict(cinder.showSnapshot(snapshot.id)), 404)
        assert.strictEqual((yield* cinder.showVolume(fromSnapshot.id)).snapshotId, snapshot.id)
        assert.strictEqual((yield* cinder.showVolume(clone.id)).sourceVolumeId, source.id)
      })
    )
  )

  it.effect.each([
    { what: "no size and no source", spec: {}, status: 400, text: /could not comply/ },
    { what: "size 0", spec: { sizeGiB: 0 }, status: 400, text: /less than the minimum of 1/ },
    { what: "half a GiB", spec: { sizeGiB: 0.5 }, status: 400, text: /not of type 'integer'/ },
    { what: "a name too long", spec: { sizeGiB: 1, name: "n".repeat(256) }, status: 400, text: /256 characters/ },
    { what: "an unknown zone", spec: { sizeGiB: 1, zone: "mars" }, status: 400, text: /zone 'mars' is invalid/ },
    { what: "an unknown type", spec: { sizeGiB: 1, type: "x" }, status: 404, text: /type with name x could not/ },
    { what: "an unknown snapshot", spec: { snapshotId: "x" }, status: 404, text: /Snapshot x could not be found/ },
    { what: "an unknown source", spec: { sourceVolumeId: "x" }, status: 404, text: /Volume x could not be found/ },
    { what: "an unknown backup", spec: { backupId: "x" }, status: 404, text: /Backup x could not be found/ },
    { what: "two sources", spec: { snapshotId: "x", backupId: "y" }, status: 400, text: /May specify only one/ },
    { what: "a bad metadata key", spec: { sizeGiB: 1, metadata: { ä: "v" } }, status: 400, text: /regexes/ }
  ])("are not made with $what", ({ spec, status, text }) =>
    inWorld({}, ({ cinder }) =>
      Effect.gen(function* () {
        const fault = yield* Effect.flip(cinder.createVolume(spec))
        assert.strictEqual(fault.status, status)
        assert.match(fault.message, text)
        assert.lengthOf((yield* cinder.listVolumes({})).rows, 0)
      })
    )
  )

  it.effect("are not made smaller than, in another zone than, or on another backend than their source", () =>
    inWorld(
      {
        volumeZones: [{ name: "nova" }, { name: "mars" }],
        volumeTypes: [{ name: "fast" }, { name: "bulk", backend: "tape" }]
      },
      ({ cinder }) =>
        Effect.gen(function* () {
          const { id } = yield* cinder.createVolume({ sizeGiB: 2 })
          const refused = (spec: { sizeGiB?: number; zone?: string; type?: string }) =>
            Effect.map(Effect.flip(cinder.createVolume({ sourceVolumeId: id, ...spec })), ({ message }) => message)
          assert.match(yield* refused({ sizeGiB: 1 }), /cannot be smaller than original volume size {2}2GB/)
          assert.match(yield* refused({ zone: "mars" }), /must be in the same availability zone/)
          assert.match(yield* refused({ type: "bulk" }), /requested type is not compatible/)
        })
    )
  )

  it.effect("change their type, unless a move would be needed that the policy forbids", () =>
    inWorld({ volumeTypes: [{ name: "fast" }, { name: "other" }, { name: "bulk", backend: "tape" }] }, ({ cinder }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const retyped = (type: string, policy?: "on-demand") =>
          Effect.zipRight(
            cinder.retypeVolume(id, { type, policy }),
            Effect.map(cinder.showVolume(id), (volume) => [volume.type, volume.status])
          )
        assert.deepStrictEqual(yield* retyped("other"), ["other", "available"])
        assert.deepStrictEqual(yield* retyped("bulk"), ["other", "available"])
        assert.deepStrictEqual(yield* retyped("bulk", "on-demand"), ["bulk", "available"])
      })
    )
  )

  it.effect("draw the same ids from the same seed and others from another", () =>
    Effect.gen(function* () {
      const firstId = (seed: number) =>
        inWorld({ seed }, ({ cinder }) => Effect.map(cinder.createVolume({ sizeGiB: 1 }), ({ id }) => id))
      const id = yield* firstId(7)
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.strictEqual(yield* firstId(7), id)
      assert.notStrictEqual(yield* firstId(8), id)
    })
  )
})
