import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { layerCloudMemory, layerMetadataMemory, World, WorldFault } from "../../../src/adapters/memory/index.ts"
import { noHints } from "../../../src/domain/SchedulerHints.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { SnapshotId } from "../../../src/domain/Snapshot.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { Cinder, type NewVolume } from "../../../src/ports/Cinder.ts"
import { InstanceMetadata } from "../../../src/ports/InstanceMetadata.ts"
import { Nova } from "../../../src/ports/Nova.ts"
import { twoServers } from "./inWorld.ts"

const [node1, node2] = twoServers
const server1 = ServerId(node1.id)
const server2 = ServerId(node2.id)

const spec: NewVolume = {
  name: "pvc-1",
  description: "made by a test",
  sizeGiB: 1,
  zone: undefined,
  volumeType: undefined,
  source: undefined,
  hints: noHints,
  metadata: { cluster: "k8s" }
}

const unavailable = new WorldFault({ status: 503, kind: "serviceUnavailable", message: "no backend" })
const noVolume = VolumeId("no-volume")
const noSnapshot = SnapshotId("no-snapshot")
const noServer = ServerId("no-server")

const cloud = layerCloudMemory({ servers: twoServers, maxDisksPerServer: 2, quotas: { volumes: 3, snapshots: 2 } })

describe("Cinder in memory", () => {
  it.effect("tells of a volume all that the port asks for", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const nova = yield* Nova
      const { id, createdAt } = yield* cinder.createVolume(spec)
      yield* nova.attach(server1, id, false)
      const { attachments, ...volume } = yield* cinder.getVolume(id)
      assert.deepStrictEqual(volume, {
        id,
        name: "pvc-1",
        status: "in-use",
        sizeGiB: 1,
        zone: "nova",
        volumeType: "fast",
        multiattach: false,
        encrypted: false,
        source: undefined,
        metadata: { cluster: "k8s" },
        createdAt,
        updatedAt: 0
      })
      assert.deepStrictEqual(
        attachments.map(({ serverId, device }) => ({ serverId, device })),
        [{ serverId: server1, device: "/dev/vdb" }]
      )
    }).pipe(Effect.provide(cloud))
  )

  it.effect("finds every volume of a name, oldest first", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const first = yield* cinder.createVolume(spec)
      const second = yield* cinder.createVolume(spec)
      const found = yield* cinder.findVolumes("pvc-1")
      assert.deepStrictEqual(
        found.map(({ id }) => id),
        [first.id, second.id]
      )
    }).pipe(Effect.provide(cloud))
  )

  it.effect("pages oldest first and ends when nothing can follow", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const first = yield* cinder.createVolume(spec)
      const second = yield* cinder.createVolume(spec)
      const third = yield* cinder.createVolume(spec)
      const start = yield* cinder.listVolumes({ limit: 2, marker: undefined })
      const rest = yield* cinder.listVolumes({ limit: 2, marker: start.next })
      assert.deepStrictEqual(
        [start, rest].map(({ items, next }) => [items.map(({ id }) => id), next]),
        [
          [[first.id, second.id], second.id],
          [[third.id], undefined]
        ]
      )
    }).pipe(Effect.provide(cloud))
  )

  it.effect("makes volumes and snapshots from each other and says what they came from", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const origin = yield* cinder.createVolume(spec)
      const snapshot = yield* cinder.createSnapshot({
        volumeId: origin.id,
        name: "snap-1",
        description: "",
        metadata: { a: "b" }
      })
      const fromSnapshot = yield* cinder.createVolume({ ...spec, source: { _tag: "snapshot", id: snapshot.id } })
      const clone = yield* cinder.createVolume({ ...spec, source: { _tag: "volume", id: origin.id } })
      const listed = yield* cinder.listSnapshots({ limit: undefined, marker: undefined }, origin.id)
      const elsewhere = yield* cinder.listSnapshots({ limit: undefined, marker: undefined }, clone.id)
      assert.deepStrictEqual(fromSnapshot.source, { _tag: "snapshot", id: snapshot.id })
      assert.deepStrictEqual(clone.source, { _tag: "volume", id: origin.id })
      assert.deepStrictEqual(yield* cinder.getSnapshot(snapshot.id), { ...snapshot, status: "available" })
      assert.deepStrictEqual(yield* cinder.findSnapshots("snap-1"), listed.items)
      assert.deepStrictEqual(elsewhere.items, [])
    }).pipe(Effect.provide(cloud))
  )

  it.effect("says which thing is missing, and counts a missing thing as deleted", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const tagOf = <A, E extends { readonly _tag: string }>(request: Effect.Effect<A, E>) =>
        Effect.map(Effect.flip(request), ({ _tag }) => _tag)
      const snapshot = { volumeId: noVolume, name: "s", description: "", metadata: {} }
      assert.deepStrictEqual(
        [
          yield* tagOf(cinder.getVolume(noVolume)),
          yield* tagOf(cinder.extendVolume(noVolume, 2, false)),
          yield* tagOf(cinder.createSnapshot(snapshot)),
          yield* tagOf(cinder.getSnapshot(noSnapshot)),
          yield* tagOf(cinder.listVolumes({ limit: 1, marker: "gone" })),
          yield* tagOf(cinder.listSnapshots({ limit: 1, marker: "gone" }, undefined))
        ],
        [
          "VolumeNotFound",
          "VolumeNotFound",
          "VolumeNotFound",
          "SnapshotNotFound",
          "UnknownPageToken",
          "UnknownPageToken"
        ]
      )
      yield* cinder.deleteVolume(noVolume)
      yield* cinder.deleteSnapshot(noSnapshot)
    }).pipe(Effect.provide(cloud))
  )

  it.effect("tells a missing source from a missing volume by its reason", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const failure = yield* Effect.flip(cinder.createVolume({ ...spec, source: { _tag: "snapshot", id: noSnapshot } }))
      assert.deepInclude(failure, {
        _tag: "CloudFailure",
        service: "Cinder",
        reason: "notFound",
        detail: "Snapshot no-snapshot could not be found."
      })
    }).pipe(Effect.provide(cloud))
  )

  it.effect("names the quota that is used up", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      yield* Effect.replicateEffect(cinder.createVolume(spec), 3)
      const refused = yield* Effect.flip(cinder.createVolume(spec))
      assert.strictEqual(refused._tag, "QuotaExceeded")
      assert.match(refused.message, /quota 'volumes'/)
    }).pipe(Effect.provide(cloud))
  )

  it.effect("grows a volume in use only by the request for it", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const nova = yield* Nova
      const { id } = yield* cinder.createVolume(spec)
      yield* nova.attach(server1, id, false)
      const refused = yield* Effect.flip(cinder.extendVolume(id, 2, false))
      yield* cinder.extendVolume(id, 2, true)
      assert.deepInclude(refused, { _tag: "CloudFailure", reason: "invalid" })
      assert.strictEqual((yield* cinder.getVolume(id)).sizeGiB, 2)
    }).pipe(Effect.provide(cloud))
  )

  it.effect("repeats reads and deletions that were not answered, and never a creation", () =>
    Effect.gen(function* () {
      const { faults, calls } = yield* World
      const cinder = yield* Cinder
      const { id } = yield* cinder.createVolume(spec)
      yield* faults.failCall({ call: "showVolume", fault: unavailable, times: 2 })
      yield* faults.failCall({ call: "deleteVolume", fault: unavailable, times: 2 })
      yield* faults.failCall({ call: "createVolume", fault: unavailable })
      yield* cinder.getVolume(id)
      yield* cinder.deleteVolume(id)
      const failure = yield* Effect.flip(cinder.createVolume(spec))
      assert.deepInclude(failure, { _tag: "CloudFailure", reason: "unreachable" })
      assert.deepStrictEqual(yield* calls.counts, { createVolume: 2, showVolume: 3, deleteVolume: 3 })
    }).pipe(Effect.provide(cloud))
  )

  it.effect("explains a failure with Cinder's newest message, and nothing with nothing", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const cinder = yield* Cinder
      yield* faults.failWork({ work: "create", outcome: "noBackend" })
      const { id } = yield* cinder.createVolume(spec)
      assert.deepStrictEqual(
        [(yield* cinder.getVolume(id)).status, yield* cinder.explain(id), yield* cinder.explain(noVolume)],
        ["error", "schedule allocate volume:Could not find any available weighted backend.", undefined]
      )
    }).pipe(Effect.provide(cloud))
  )
})

describe("Nova in memory", () => {
  it.effect("tells of a server all that the port asks for", () =>
    Effect.gen(function* () {
      const { control } = yield* World
      const cinder = yield* Cinder
      const nova = yield* Nova
      const { id } = yield* cinder.createVolume(spec)
      yield* nova.attach(server1, id, false)
      yield* control.setServer(node1.id, { taskState: "migrating", locked: true })
      assert.deepStrictEqual(yield* nova.getServer(server1), {
        id: server1,
        name: "node-1",
        status: "MIGRATING",
        task: "migrating",
        locked: true,
        zone: "nova",
        volumeIds: [id],
        updatedAt: 0
      })
    }).pipe(Effect.provide(cloud))
  )

  it.effect("says whether the server, the volume or room is missing", () =>
    Effect.gen(function* () {
      const cinder = yield* Cinder
      const nova = yield* Nova
      const first = yield* cinder.createVolume(spec)
      const second = yield* cinder.createVolume(spec)
      yield* nova.attach(server1, first.id, false)
      const faults = [
        yield* Effect.flip(nova.getServer(noServer)),
        yield* Effect.flip(nova.attach(noServer, second.id, false)),
        yield* Effect.flip(nova.attach(server1, noVolume, false)),
        yield* Effect.flip(nova.attach(server1, second.id, false)),
        yield* Effect.flip(nova.attach(server2, first.id, false))
      ]
      assert.deepStrictEqual(
        faults.map((fault) => (fault._tag === "CloudFailure" ? fault.reason : fault._tag)),
        ["ServerNotFound", "ServerNotFound", "VolumeNotFound", "NodeFull", "invalid"]
      )
    }).pipe(Effect.provide(cloud))
  )

  it.effect("calls a lock a conflict", () =>
    Effect.gen(function* () {
      const { control } = yield* World
      const cinder = yield* Cinder
      const nova = yield* Nova
      const { id } = yield* cinder.createVolume(spec)
      yield* control.setServer(node1.id, { locked: true })
      const failure = yield* Effect.flip(nova.attach(server1, id, false))
      assert.deepInclude(failure, { _tag: "CloudFailure", service: "Nova", reason: "conflict" })
    }).pipe(Effect.provide(cloud))
  )

  it.effect("detaches once and then knows of no attachment, server or volume", () =>
    Effect.gen(function* () {
      const accepted = { _tag: "Accepted", requestId: undefined }
      const notAttached = { _tag: "NotAttached" }
      const cinder = yield* Cinder
      const nova = yield* Nova
      const { id } = yield* cinder.createVolume(spec)
      yield* nova.attach(server1, id, false)
      assert.deepStrictEqual(
        [
          yield* nova.detach(server1, id),
          yield* nova.detach(server1, id),
          yield* nova.detach(noServer, id),
          yield* nova.detach(server1, noVolume)
        ],
        [accepted, notAttached, notAttached, notAttached]
      )
    }).pipe(Effect.provide(cloud))
  )
})

describe("instance metadata in memory", () => {
  it.effect("is that of the named server and no call to the cloud", () =>
    Effect.gen(function* () {
      const { calls } = yield* World
      const { identity } = yield* InstanceMetadata
      assert.deepStrictEqual(yield* identity, { serverId: server2, zone: "nova", source: "in-memory metadata" })
      assert.strictEqual(yield* calls.total, 0)
    }).pipe(Effect.provide(layerMetadataMemory("node-2")), Effect.provide(cloud))
  )

  it.effect("is unknown where the World has no such server", () =>
    Effect.gen(function* () {
      const { identity } = yield* InstanceMetadata
      assert.match((yield* Effect.flip(identity)).message, /no server node-9/)
    }).pipe(Effect.provide(layerMetadataMemory("node-9")), Effect.provide(cloud))
  )
})
