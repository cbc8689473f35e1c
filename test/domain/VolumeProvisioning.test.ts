import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, TestClock } from "effect"
import { World, type WorldOptions } from "../../src/adapters/memory/index.ts"
import { badRequest, serverFault } from "../../src/adapters/memory/worldErrors.ts"
import { SnapshotId } from "../../src/domain/Snapshot.ts"
import { zoneKey } from "../../src/domain/Topology.ts"
import { VolumeId, type VolumeSource } from "../../src/domain/Volume.ts"
import { VolumeProvisioning } from "../../src/domain/VolumeProvisioning.ts"
import {
  blockOn,
  controllerOnWorld,
  GiB,
  inTime,
  mountOn,
  provisionRequest,
  requestsOf
} from "../support/controllerOnWorld.ts"

const slow: WorldOptions = { latencies: { create: "8 seconds", delete: "5 seconds", extend: "6 seconds" } }

const twoZones: WorldOptions = { volumeZones: [{ name: "az1" }, { name: "az2" }] }

const inZones = (...zones: ReadonlyArray<string>) => {
  const terms = zones.map((zone) => ({ [zoneKey]: zone }))
  return { preferred: terms, requisite: terms }
}

const range = (requiredBytes: bigint, limitBytes?: bigint) => ({ requiredBytes, limitBytes })

const allVolumes = Effect.flatMap(World, ({ cinder }) => cinder.listVolumes({})).pipe(Effect.map(({ rows }) => rows))

describe("VolumeProvisioning.provision", () => {
  it.effect("makes a volume as the Go driver does and answers once it is available", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const parameters = { "csi.storage.k8s.io/pvc/name": "data", "csi.storage.k8s.io/pvc/namespace": "shop" }
      const volume = yield* inTime(provision(provisionRequest({ capacity: range(GiB + 1n), parameters })))
      const [made] = yield* allVolumes
      assert.deepStrictEqual(volume, {
        id: VolumeId(made?.id ?? ""),
        sizeBytes: 2n * GiB,
        context: { "cinder.csi.openstack.org/createdEmpty": "true" },
        source: undefined,
        topology: [{ [zoneKey]: "nova" }]
      })
      assert.strictEqual(made?.status, "available")
      assert.strictEqual(made?.name, "pvc-1")
      assert.strictEqual(made?.description, "Created by OpenStack Cinder CSI driver")
      assert.deepStrictEqual(made?.metadata, { ...parameters, "cinder.csi.openstack.org/cluster": "k8s" })
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("costs one list, one creation and the polls", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const counts = yield* requestsOf(inTime(provision(provisionRequest())))
      assert.deepStrictEqual(counts, { listVolumes: 1, createVolume: 1, showVolume: 1 })
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("answers a repetition with the same volume for one list", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const first = yield* inTime(provision(provisionRequest()))
      const counts = yield* requestsOf(
        Effect.map(provision(provisionRequest()), (again) => assert.deepStrictEqual(again, first))
      )
      assert.deepStrictEqual(counts, { listVolumes: 1 })
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("refuses another size under the same name and makes nothing", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      yield* inTime(provision(provisionRequest({ capacity: range(GiB, GiB) })))
      const error = yield* Effect.flip(provision(provisionRequest({ capacity: range(2n * GiB, 2n * GiB) })))
      assert.strictEqual(error._tag, "AlreadyExists")
      assert.include(error.message, "has 1 GiB, not 2 GiB")
      assert.strictEqual((yield* allVolumes).length, 1)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("answers a second call for a name in progress with OperationPending", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const first = yield* Effect.fork(provision(provisionRequest()))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Effect.flip(provision(provisionRequest())))._tag, "OperationPending")
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(first)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("works on different names at the same time", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const names = ["a", "b", "c"]
      const all = Effect.forEach(names, (name) => provision(provisionRequest({ name })), { concurrency: "unbounded" })
      const volumes = yield* inTime(all, "15 seconds")
      assert.strictEqual(new Set(volumes.map(({ id }) => id)).size, 3)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("adopts the volume of a call that was interrupted after its request", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const first = yield* Effect.fork(provision(provisionRequest()))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(first)
      const volume = yield* inTime(provision(provisionRequest()))
      const made = yield* allVolumes
      assert.deepStrictEqual(
        made.map(({ id }) => id),
        [volume.id]
      )
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("lets a request in flight end when the call is interrupted, and keeps the name locked until then", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const first = yield* Effect.fork(provision(provisionRequest()))
      yield* TestClock.adjust("1 second")
      const interruption = yield* Effect.fork(Fiber.interrupt(first))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(provision(provisionRequest())))._tag, "OperationPending")
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(interruption)
      const volume = yield* inTime(provision(provisionRequest()))
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ id }) => id),
        [volume.id]
      )
    }).pipe(Effect.provide(controllerOnWorld({}, {}, "5 seconds")))
  )

  it.effect("adopts the volume of a request whose answer was lost", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { provision } = yield* VolumeProvisioning
      yield* faults.failCall({ call: "createVolume", fault: serverFault("gateway gave up"), afterwards: true })
      const volume = yield* inTime(provision(provisionRequest()))
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ id }) => id),
        [volume.id]
      )
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("does not repeat a request without an answer whose volume does not show", () =>
    Effect.gen(function* () {
      const { faults, calls } = yield* World
      const { provision } = yield* VolumeProvisioning
      yield* faults.failCall({ call: "createVolume", fault: serverFault("gateway gave up") })
      const error = yield* Effect.flip(inTime(provision(provisionRequest())))
      assert.isTrue(error._tag === "CloudFailure" && error.reason === "unanswered")
      assert.strictEqual((yield* calls.counts).createVolume, 1)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("says StillWorking when the time is over and goes on with the same volume later", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { provision } = yield* VolumeProvisioning
      yield* faults.freeze("create")
      const error = yield* Effect.flip(inTime(provision(provisionRequest()), "3 minutes"))
      assert.strictEqual(error._tag, "StillWorking")
      yield* faults.release("create")
      const volume = yield* inTime(provision(provisionRequest()))
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ id }) => id),
        [volume.id]
      )
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("deletes what is left of its failed creation and tells why it failed", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { provision } = yield* VolumeProvisioning
      yield* faults.failWork({ work: "create", outcome: "fails" })
      const error = yield* Effect.flip(inTime(provision(provisionRequest())))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, "Driver failed to create the volume")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* allVolumes, [])
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("replaces what an earlier call's failed creation left behind", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { provision } = yield* VolumeProvisioning
      yield* faults.failWork({ work: "create", outcome: "fails" })
      const first = yield* Effect.fork(provision(provisionRequest()))
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 minute")
      const remains = (yield* allVolumes).map(({ id, status }) => ({ id, status }))
      assert.strictEqual(remains[0]?.status, "error")
      const volume = yield* inTime(provision(provisionRequest()))
      yield* TestClock.adjust("1 minute")
      const left = yield* allVolumes
      assert.deepStrictEqual(
        left.map(({ id }) => id),
        [volume.id]
      )
      assert.notStrictEqual(volume.id, remains[0]?.id)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("leaves a failed volume alone that does not carry its mark", () =>
    Effect.gen(function* () {
      const { cinder, control } = yield* World
      const { provision } = yield* VolumeProvisioning
      const other = yield* cinder.createVolume({ name: "pvc-1", sizeGiB: 1, zone: "nova" })
      yield* control.resetVolumeStatus(other.id, "error")
      const error = yield* Effect.flip(provision(provisionRequest()))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, other.id)
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ id }) => id),
        [other.id]
      )
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("adopts the oldest of several volumes of the name that fits, and deletes none", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const { provision } = yield* VolumeProvisioning
      yield* cinder.createVolume({ name: "pvc-1", sizeGiB: 7 })
      yield* TestClock.adjust("1 second")
      const fitting = yield* cinder.createVolume({ name: "pvc-1", sizeGiB: 1 })
      yield* TestClock.adjust("1 second")
      yield* cinder.createVolume({ name: "pvc-1", sizeGiB: 1 })
      assert.strictEqual((yield* provision(provisionRequest())).id, VolumeId(fitting.id))
      assert.strictEqual((yield* allVolumes).length, 3)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("waits for a volume of the name to be gone before it makes a new one", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const { provision } = yield* VolumeProvisioning
      const old = yield* cinder.createVolume({ name: "pvc-1", sizeGiB: 1 })
      yield* TestClock.adjust("10 seconds")
      yield* cinder.deleteVolume(old.id, { cascade: false })
      const volume = yield* inTime(provision(provisionRequest()))
      assert.notStrictEqual(volume.id, VolumeId(old.id))
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ id }) => id),
        [volume.id]
      )
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("tries the next allowed zone when the first has no room", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const volume = yield* inTime(provision(provisionRequest({ topology: inZones("az1", "az2") })))
      assert.deepStrictEqual(volume.topology, [{ [zoneKey]: "az2" }])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ zone }) => zone),
        ["az2"]
      )
    }).pipe(Effect.provide(controllerOnWorld({ volumeZones: [{ name: "az1", capacityGiB: 0 }, { name: "az2" }] })))
  )

  it.effect("says NoCapacity when no allowed zone has room", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const error = yield* Effect.flip(inTime(provision(provisionRequest({ topology: inZones("az1") }))))
      assert.strictEqual(error._tag, "NoCapacity")
      assert.include(error.message, "zone az1")
    }).pipe(Effect.provide(controllerOnWorld({ volumeZones: [{ name: "az1", capacityGiB: 0 }, { name: "az2" }] })))
  )

  it.effect("takes the zone of the parameter before the topology", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const request = provisionRequest({ topology: inZones("az1"), parameters: { availability: "az2" } })
      assert.deepStrictEqual((yield* inTime(provision(request))).topology, [{ [zoneKey]: "az2" }])
    }).pipe(Effect.provide(controllerOnWorld(twoZones)))
  )

  it.effect("finds the zone behind a node's label, and knows it the next time", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const topology = inZones("my-zone", "az2")
      const first = yield* requestsOf(
        Effect.map(inTime(provision(provisionRequest({ topology }))), (volume) =>
          assert.deepStrictEqual(volume.topology, [{ [zoneKey]: "my-zone" }])
        )
      )
      assert.include(first, { createVolume: 2, listVolumeZones: 1 })
      const second = yield* requestsOf(inTime(provision(provisionRequest({ name: "pvc-2", topology }))))
      assert.strictEqual(second["createVolume"], 1)
      assert.isUndefined(second["listVolumeZones"])
      yield* TestClock.adjust("5 minutes")
      const later = yield* requestsOf(inTime(provision(provisionRequest({ name: "pvc-3", topology }))))
      assert.include(later, { createVolume: 2, listVolumeZones: 1 })
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ zone }) => zone),
        ["my zone", "my zone", "my zone"]
      )
    }).pipe(
      Effect.provide(controllerOnWorld({ volumeZones: [{ name: "nova" }, { name: "my zone" }, { name: "az2" }] }))
    )
  )

  it.effect("asks for no zones as long as Cinder takes what nodes carry", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const counts = yield* requestsOf(inTime(provision(provisionRequest({ topology: inZones("az2") }))))
      assert.isUndefined(counts["listVolumeZones"])
    }).pipe(Effect.provide(controllerOnWorld(twoZones)))
  )

  it.effect("tries the next zone, and the zone behind a label, when Cinder falls back to one that is not allowed", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const next = yield* inTime(provision(provisionRequest({ topology: inZones("mars", "az2") })))
      assert.deepStrictEqual(next.topology, [{ [zoneKey]: "az2" }])
      const behind = yield* inTime(provision(provisionRequest({ name: "pvc-2", topology: inZones("my-zone") })))
      assert.deepStrictEqual(behind.topology, [{ [zoneKey]: "my-zone" }])
      yield* TestClock.adjust("1 minute")
      assert.sameMembers(
        (yield* allVolumes).map(({ zone }) => zone),
        ["az2", "my zone"]
      )
    }).pipe(
      Effect.provide(
        controllerOnWorld({
          volumeZones: [{ name: "nova" }, { name: "my zone" }, { name: "az2" }],
          availabilityZoneFallback: true,
          latencies: { create: "3 seconds", delete: "3 seconds" }
        })
      )
    )
  )

  it.effect("leaves no volume behind when every zone that is allowed falls back to another", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const error = yield* Effect.flip(inTime(provision(provisionRequest({ topology: inZones("mars", "venus") }))))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, "zone mars: made in nova; zone venus: made in nova; Cinder's zones are nova")
      assert.include(error.message, "availability-zone-map")
      assert.deepStrictEqual(yield* allVolumes, [])
    }).pipe(Effect.provide(controllerOnWorld({ availabilityZoneFallback: true })))
  )

  it.effect("takes what Cinder falls back to when the volume's zone is to be ignored", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const topology = inZones("mars")
      const counts = yield* requestsOf(
        Effect.map(inTime(provision(provisionRequest({ topology }))), (volume) =>
          assert.deepStrictEqual(volume.topology, topology.preferred)
        )
      )
      assert.strictEqual(counts["createVolume"], 1)
    }).pipe(Effect.provide(controllerOnWorld({ availabilityZoneFallback: true }, { ignoreVolumeZone: true })))
  )

  it.effect("makes a volume in the zone of Cinder that the nodes' zones are mapped to", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const volume = yield* inTime(provision(provisionRequest({ topology: inZones("nova-2") })))
      assert.deepStrictEqual(volume.topology, [{ [zoneKey]: "nova-1" }, { [zoneKey]: "nova-2" }])
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ zone }) => zone),
        ["az2"]
      )
      const again = yield* inTime(provision(provisionRequest({ topology: inZones("nova-1") })))
      assert.strictEqual(again.id, volume.id)
    }).pipe(
      Effect.provide(
        controllerOnWorld(twoZones, {
          zoneMap: new Map([
            ["nova-1", "az2"],
            ["nova-2", "az2"]
          ])
        })
      )
    )
  )

  it.effect("goes on without the list of zones where Cinder does not give it", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { provision } = yield* VolumeProvisioning
      yield* faults.failCall({ call: "listVolumeZones", fault: badRequest("no") })
      const volume = yield* inTime(provision(provisionRequest({ topology: inZones("mars", "az2") })))
      assert.deepStrictEqual(volume.topology, [{ [zoneKey]: "az2" }])
    }).pipe(Effect.provide(controllerOnWorld(twoZones)))
  )

  it.effect("reports the preferred topology as it came when zones of volumes are ignored", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const topology = inZones("az2", "az1")
      assert.deepStrictEqual((yield* inTime(provision(provisionRequest({ topology })))).topology, topology.preferred)
    }).pipe(Effect.provide(controllerOnWorld(twoZones, { ignoreVolumeZone: true })))
  )

  it.effect("neither asks for nor reports a zone when topology is switched off", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const volume = yield* inTime(provision(provisionRequest({ topology: inZones("az2") })))
      assert.deepStrictEqual(volume.topology, [])
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ zone }) => zone),
        ["az1"]
      )
    }).pipe(Effect.provide(controllerOnWorld(twoZones, { withTopology: false })))
  )

  it.effect.each([
    {
      what: "a zone that Cinder does not know",
      request: { topology: inZones("mars") },
      field: "accessibility_requirements"
    },
    {
      what: "an unknown zone in the class",
      request: { parameters: { availability: "mars" } },
      field: `parameters["availability"]`
    },
    { what: "a type that Cinder does not know", request: { parameters: { type: "gold" } }, field: `parameters["type"]` }
  ])("refuses $what and names the field", ({ what, request, field }) =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const error = yield* Effect.flip(inTime(provision(provisionRequest(request))))
      assert.isTrue(error._tag === "InvalidInput" && error.field === field, error.message)
      assert.strictEqual(error.message.includes("Cinder's zones are nova"), what.includes("zone"))
      assert.deepStrictEqual(yield* allVolumes, [])
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("passes an exceeded quota on", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const error = yield* Effect.flip(inTime(provision(provisionRequest())))
      assert.strictEqual(error._tag, "QuotaExceeded")
    }).pipe(Effect.provide(controllerOnWorld({ quotas: { volumes: 0 } })))
  )

  it.effect("deletes its new volume again when several nodes are asked for and the type has no multiattach", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const request = provisionRequest({ capabilities: [blockOn("MULTI_NODE_MULTI_WRITER")] })
      const error = yield* Effect.flip(inTime(provision(request)))
      assert.isTrue(error._tag === "InvalidInput" && error.field === "volume_capabilities")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* allVolumes, [])
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("makes a volume for several nodes of a multiattach type", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const capabilities = [blockOn("MULTI_NODE_MULTI_WRITER")]
      yield* inTime(provision(provisionRequest({ capabilities, parameters: { type: "shared" } })))
      assert.deepStrictEqual(
        (yield* allVolumes).map(({ type, status }) => [type, status]),
        [["shared", "available"]]
      )
    }).pipe(
      Effect.provide(controllerOnWorld({ volumeTypes: [{ name: "fast" }, { name: "shared", multiattach: true }] }))
    )
  )

  it.effect("refuses a file system that several nodes would write, before it asks the cloud", () =>
    Effect.gen(function* () {
      const { calls } = yield* World
      const { provision } = yield* VolumeProvisioning
      const request = provisionRequest({ capabilities: [mountOn("MULTI_NODE_MULTI_WRITER")] })
      const error = yield* Effect.flip(provision(request))
      assert.isTrue(error._tag === "InvalidInput" && error.field === "volume_capabilities")
      assert.strictEqual(yield* calls.total, 0)
    }).pipe(Effect.provide(controllerOnWorld()))
  )
})

describe("VolumeProvisioning.provision from a source", () => {
  const source = Effect.gen(function* () {
    const { cinder } = yield* World
    const volume = yield* cinder.createVolume({ name: "origin", sizeGiB: 3 })
    yield* TestClock.adjust("10 seconds")
    const snapshot = yield* cinder.createSnapshot({ volumeId: volume.id, name: "cut" })
    const fromVolume: VolumeSource = { _tag: "volume", id: VolumeId(volume.id) }
    const fromSnapshot: VolumeSource = { _tag: "snapshot", id: SnapshotId(snapshot.id) }
    return { fromVolume, fromSnapshot }
  })
  const unbounded = { requiredBytes: undefined, limitBytes: undefined }

  it.effect("makes a copy of the source's size that says its file system may have to grow", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const { fromVolume, fromSnapshot } = yield* source
      for (const [name, from] of [
        ["clone", fromVolume],
        ["restored", fromSnapshot]
      ] as const) {
        const volume = yield* inTime(provision(provisionRequest({ name, source: from, capacity: unbounded })))
        assert.strictEqual(volume.sizeBytes, 3n * GiB)
        assert.deepStrictEqual(volume.source, from)
        assert.deepStrictEqual(volume.context, { "cinder.csi.openstack.org/resizeRequired": "true" })
      }
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("still answers a repetition when the source is gone", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const { provision } = yield* VolumeProvisioning
      const { fromSnapshot } = yield* source
      const request = provisionRequest({ source: fromSnapshot, capacity: unbounded })
      const first = yield* inTime(provision(request))
      yield* cinder.deleteSnapshot(fromSnapshot.id)
      assert.deepStrictEqual(yield* provision(request), first)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("refuses a size below the source's", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const { fromVolume } = yield* source
      const error = yield* Effect.flip(provision(provisionRequest({ source: fromVolume, capacity: range(2n * GiB) })))
      assert.strictEqual(error._tag, "OutOfRange")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("says which source is missing", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const snapshot = { _tag: "snapshot", id: SnapshotId("non-existing-snapshot-id") } as const
      const volume = { _tag: "volume", id: VolumeId("fake-vol-id") } as const
      assert.strictEqual(
        (yield* Effect.flip(provision(provisionRequest({ source: snapshot }))))._tag,
        "SnapshotNotFound"
      )
      assert.strictEqual((yield* Effect.flip(provision(provisionRequest({ source: volume }))))._tag, "VolumeNotFound")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("does not copy from a snapshot that is being cut", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const { fromSnapshot } = yield* source
      const error = yield* Effect.flip(provision(provisionRequest({ source: fromSnapshot, capacity: unbounded })))
      assert.strictEqual(error._tag, "NotReady")
    }).pipe(Effect.provide(controllerOnWorld({ latencies: { snapshot: "1 hour" } })))
  )

  it.effect("goes to the source's zone when Cinder refuses the preferred one for a copy", () =>
    Effect.gen(function* () {
      const { provision } = yield* VolumeProvisioning
      const { fromVolume } = yield* source
      const request = provisionRequest({ source: fromVolume, capacity: unbounded, topology: inZones("az2", "az1") })
      assert.deepStrictEqual((yield* inTime(provision(request))).topology, [{ [zoneKey]: "az1" }])
    }).pipe(Effect.provide(controllerOnWorld(twoZones)))
  )
})

describe("VolumeProvisioning.remove", () => {
  const made = Effect.gen(function* () {
    const { provision } = yield* VolumeProvisioning
    return yield* inTime(provision(provisionRequest()))
  })

  it.effect("answers once the volume is gone, for one deletion and the polls", () =>
    Effect.gen(function* () {
      const { remove } = yield* VolumeProvisioning
      const { id } = yield* made
      const counts = yield* requestsOf(inTime(remove(id)))
      assert.deepStrictEqual(counts, { deleteVolume: 1, showVolume: 1 })
      assert.deepStrictEqual(yield* allVolumes, [])
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("waits while Cinder deletes", () =>
    Effect.gen(function* () {
      const { remove } = yield* VolumeProvisioning
      const { id } = yield* made
      const fiber = yield* Effect.fork(remove(id))
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual((yield* allVolumes)[0]?.status, "deleting")
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(yield* allVolumes, [])
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("succeeds for a volume that never was and for one that is gone", () =>
    Effect.gen(function* () {
      const { remove } = yield* VolumeProvisioning
      const { id } = yield* made
      yield* inTime(remove(VolumeId("fake-vol-id")))
      yield* inTime(remove(id))
      yield* inTime(remove(id))
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("resumes a deletion that an interrupted call began", () =>
    Effect.gen(function* () {
      const { remove } = yield* VolumeProvisioning
      const { id } = yield* made
      const first = yield* Effect.fork(remove(id))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(first)
      yield* inTime(remove(id))
      assert.deepStrictEqual(yield* allVolumes, [])
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("refuses an attached volume and names the server", () =>
    Effect.gen(function* () {
      const { nova, settings } = yield* World
      const { remove } = yield* VolumeProvisioning
      const { id } = yield* made
      const serverId = settings.servers[0]?.id ?? ""
      yield* nova.attachVolume(serverId, id)
      const error = yield* Effect.flip(inTime(remove(id)))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, serverId)
    }).pipe(
      Effect.provide(controllerOnWorld({ servers: [{ id: "11111111-1111-4111-8111-111111111111", name: "node-1" }] }))
    )
  )

  it.effect("refuses a volume with snapshots and names them", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const { remove } = yield* VolumeProvisioning
      const { id } = yield* made
      const snapshot = yield* cinder.createSnapshot({ volumeId: id, name: "cut" })
      const error = yield* Effect.flip(inTime(remove(id)))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, snapshot.id)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("says who must act when Cinder cannot delete it", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { remove } = yield* VolumeProvisioning
      const { id } = yield* made
      yield* faults.failWork({ work: "delete", outcome: "fails" })
      const first = yield* Effect.flip(inTime(remove(id)))
      const second = yield* Effect.flip(inTime(remove(id)))
      for (const error of [first, second]) {
        assert.strictEqual(error._tag, "Refused")
        assert.include(error.message, "administrator")
      }
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("reports a deletion that the backend undid as not ready", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { remove } = yield* VolumeProvisioning
      const { id } = yield* made
      yield* faults.failWork({ work: "delete", outcome: "reverts" })
      assert.strictEqual((yield* Effect.flip(inTime(remove(id))))._tag, "NotReady")
      yield* inTime(remove(id))
      assert.deepStrictEqual(yield* allVolumes, [])
    }).pipe(Effect.provide(controllerOnWorld()))
  )
})

describe("VolumeProvisioning.expand", () => {
  const made = Effect.gen(function* () {
    const { provision } = yield* VolumeProvisioning
    return yield* inTime(provision(provisionRequest({ capacity: range(2n * GiB) })))
  })

  it.effect("grows the volume and answers with its real size", () =>
    Effect.gen(function* () {
      const { expand } = yield* VolumeProvisioning
      const { id } = yield* made
      const expanded = yield* inTime(expand(id, range(4n * GiB + 1n), undefined))
      assert.deepStrictEqual(expanded, { sizeBytes: 5n * GiB, nodeExpansionRequired: true })
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("costs one look, one request and the polls; nothing to do costs one look", () =>
    Effect.gen(function* () {
      const { expand } = yield* VolumeProvisioning
      const { id } = yield* made
      const grow = inTime(expand(id, range(4n * GiB), mountOn()))
      assert.deepStrictEqual(yield* requestsOf(grow), { showVolume: 2, extendVolume: 1 })
      assert.deepStrictEqual(yield* requestsOf(grow), { showVolume: 1 })
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("waits for an extension that an interrupted call began", () =>
    Effect.gen(function* () {
      const { calls } = yield* World
      const { expand } = yield* VolumeProvisioning
      const { id } = yield* made
      const first = yield* Effect.fork(expand(id, range(4n * GiB), undefined))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(first)
      assert.strictEqual((yield* inTime(expand(id, range(4n * GiB), undefined))).sizeBytes, 4n * GiB)
      assert.strictEqual((yield* calls.counts).extendVolume, 1)
    }).pipe(Effect.provide(controllerOnWorld(slow)))
  )

  it.effect("does not take a dropped extension for a success", () =>
    Effect.gen(function* () {
      const { expand } = yield* VolumeProvisioning
      const { id } = yield* made
      const error = yield* Effect.flip(inTime(expand(id, range(9n * GiB), undefined)))
      assert.strictEqual(error._tag, "NoCapacity")
    }).pipe(Effect.provide(controllerOnWorld({ volumeZones: [{ name: "nova", capacityGiB: 5 }] })))
  )

  it.effect("explains a failed extension and who must act", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { expand } = yield* VolumeProvisioning
      const { id } = yield* made
      yield* faults.failWork({ work: "extend", outcome: "fails" })
      const error = yield* Effect.flip(inTime(expand(id, range(4n * GiB), undefined)))
      assert.strictEqual(error._tag, "Refused")
      assert.include(error.message, "Volume Driver failed to extend volume")
      assert.include(error.message, "administrator")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("passes Cinder's refusal of a volume in use on", () =>
    Effect.gen(function* () {
      const { faults } = yield* World
      const { expand } = yield* VolumeProvisioning
      const { id } = yield* made
      yield* faults.failCall({ call: "extendVolume", fault: badRequest("Invalid volume: must be available to extend") })
      const error = yield* Effect.flip(inTime(expand(id, range(4n * GiB), undefined)))
      assert.strictEqual(error._tag, "Refused")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("passes an exceeded quota on", () =>
    Effect.gen(function* () {
      const { expand } = yield* VolumeProvisioning
      const { id } = yield* made
      const error = yield* Effect.flip(inTime(expand(id, range(9n * GiB), undefined)))
      assert.strictEqual(error._tag, "QuotaExceeded")
    }).pipe(Effect.provide(controllerOnWorld({ quotas: { gigabytes: 5 } })))
  )

  it.effect("says that a volume is unknown", () =>
    Effect.gen(function* () {
      const { expand } = yield* VolumeProvisioning
      const error = yield* Effect.flip(expand(VolumeId("fake-vol-id"), range(GiB), undefined))
      assert.strictEqual(error._tag, "VolumeNotFound")
    }).pipe(Effect.provide(controllerOnWorld()))
  )
})

describe("VolumeProvisioning.validate", () => {
  it.effect("confirms what the volume serves and names what it does not", () =>
    Effect.gen(function* () {
      const { provision, validate } = yield* VolumeProvisioning
      const { id } = yield* inTime(provision(provisionRequest()))
      const problemOf = (capability: ReturnType<typeof blockOn>) =>
        Effect.map(validate({ volumeId: id, capabilities: [capability] }), ({ problem }) => problem)
      assert.isUndefined(yield* problemOf(mountOn()))
      assert.isUndefined(yield* problemOf(blockOn("SINGLE_NODE_READER_ONLY")))
      assert.include(yield* problemOf(blockOn("MULTI_NODE_MULTI_WRITER")), "multiattach")
      assert.include(yield* problemOf(mountOn("SINGLE_NODE_WRITER", "ntfs")), "ntfs")
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("wants capabilities and a volume that exists", () =>
    Effect.gen(function* () {
      const { validate } = yield* VolumeProvisioning
      const volumeId = VolumeId("fake-vol-id")
      assert.strictEqual((yield* Effect.flip(validate({ volumeId, capabilities: [] })))._tag, "InvalidInput")
      assert.strictEqual((yield* Effect.flip(validate({ volumeId, capabilities: [mountOn()] })))._tag, "VolumeNotFound")
    }).pipe(Effect.provide(controllerOnWorld()))
  )
})

describe("VolumeProvisioning.list", () => {
  const make = (count: number) =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      for (let number = 0; number < count; number++) {
        yield* cinder.createVolume({ name: `v${number}`, sizeGiB: 1 })
        yield* TestClock.adjust("1 second")
      }
      return (yield* cinder.listVolumes({ sort: { key: "created_at", direction: "asc" } })).rows.map(({ id }) => id)
    })

  it.effect("gives all in one page when no bound is set", () =>
    Effect.gen(function* () {
      const { list } = yield* VolumeProvisioning
      const ids = yield* make(5)
      const page = yield* list(0, "")
      assert.deepStrictEqual(
        page.entries.map(({ volume }) => volume.id),
        ids
      )
      assert.isUndefined(page.nextToken)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("goes on from a token to the end", () =>
    Effect.gen(function* () {
      const { list } = yield* VolumeProvisioning
      const ids = yield* make(5)
      const first = yield* list(2, "")
      assert.deepStrictEqual(
        first.entries.map(({ volume }) => volume.id),
        ids.slice(0, 2)
      )
      const rest = yield* list(0, first.nextToken ?? "")
      assert.deepStrictEqual(
        rest.entries.map(({ volume }) => volume.id),
        ids.slice(2)
      )
      assert.isUndefined(rest.nextToken)
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("goes on from a token although the entry that it names is gone", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      const { list } = yield* VolumeProvisioning
      const ids = yield* make(5)
      const first = yield* list(2, "")
      yield* cinder.deleteVolume(ids[1] ?? "", { cascade: false })
      const rest = yield* list(2, first.nextToken ?? "")
      assert.deepStrictEqual(
        rest.entries.map(({ volume }) => volume.id),
        ids.slice(2, 4)
      )
    }).pipe(Effect.provide(controllerOnWorld()))
  )

  it.effect("refuses a token that is not its own and a negative bound", () =>
    Effect.gen(function* () {
      const { list } = yield* VolumeProvisioning
      assert.strictEqual((yield* Effect.flip(list(0, "invalid-token")))._tag, "UnknownPageToken")
      assert.strictEqual((yield* Effect.flip(list(-1, "")))._tag, "InvalidInput")
    }).pipe(Effect.provide(controllerOnWorld()))
  )
})

describe("VolumeProvisioning.get", () => {
  it.effect("tells on which servers the volume is", () =>
    Effect.gen(function* () {
      const { nova } = yield* World
      const { provision, get } = yield* VolumeProvisioning
      const { id } = yield* inTime(provision(provisionRequest()))
      assert.deepStrictEqual((yield* get(id)).publishedOn, [])
      yield* nova.attachVolume("11111111-1111-4111-8111-111111111111", id)
      const listed = yield* get(id)
      assert.deepStrictEqual(listed.publishedOn.map(String), ["11111111-1111-4111-8111-111111111111"])
      assert.strictEqual(listed.volume.sizeBytes, GiB)
    }).pipe(
      Effect.provide(controllerOnWorld({ servers: [{ id: "11111111-1111-4111-8111-111111111111", name: "node-1" }] }))
    )
  )
})
