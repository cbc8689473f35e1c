import assert from "node:assert/strict"
import { it } from "node:test"
import { Effect, Layer, Ref } from "effect"
import { VolumeCapability_AccessMode_Mode as Mode, makeCsiClient } from "effect-cinder-csi/grpc"
import { layerCloudMemory, World, WorldFault } from "effect-cinder-csi/memory"
import { AuditTrail, type Entry } from "./layerAudited.ts"
import { serveAudited } from "./serveAudited.ts"

/** A client, over a real socket, of the audited driver on a cloud in memory, and what has been written down. */
const served = (write: (entries: Ref.Ref<ReadonlyArray<Entry>>, entry: Entry) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    const world = yield* Layer.build(layerCloudMemory())
    const entries = yield* Ref.make<ReadonlyArray<Entry>>([])
    const { target } = yield* serveAudited(
      { _tag: "Tcp", address: { host: "127.0.0.1", port: 0 } },
      Layer.succeedContext(world)
    ).pipe(Effect.provideService(AuditTrail, { write: (entry) => write(entries, entry) }))
    const client = yield* makeCsiClient(target)
    const create = client.createVolume({
      name: "pvc-1",
      capacityRange: { requiredBytes: 1_073_741_824n, limitBytes: 0n },
      volumeCapabilities: [{ accessType: { $case: "block", value: {} }, accessMode: { mode: Mode.SINGLE_NODE_WRITER } }]
    })
    return { client, create, entries, world: yield* Effect.provide(World, world) }
  })

const writeDown = (entries: Ref.Ref<ReadonlyArray<Entry>>, entry: Entry) =>
  Ref.update(entries, (before) => [...before, entry])

it("writes down each change before it is asked for and after it is answered", () =>
  Effect.gen(function* () {
    const { client, create, entries } = yield* served(writeDown)
    const { volume } = yield* create
    const volumeId = volume?.volumeId ?? ""
    yield* client.deleteVolume({ volumeId })
    assert.deepEqual(yield* Ref.get(entries), [
      { change: "create volume", subject: "pvc-1", outcome: "asked" },
      { change: "create volume", subject: "pvc-1", outcome: "accepted" },
      { change: "delete volume", subject: volumeId, outcome: "asked" },
      { change: "delete volume", subject: volumeId, outcome: "accepted" }
    ])
  }).pipe(Effect.scoped, Effect.runPromise))

it("writes down what the cloud refuses", () =>
  Effect.gen(function* () {
    const { create, entries, world } = yield* served(writeDown)
    const full = new WorldFault({ status: 413, kind: "overLimit", message: "VolumeLimitExceeded: no more volumes" })
    yield* world.faults.failCall({ call: "createVolume", fault: full })
    const refusal = yield* Effect.flip(create)
    assert.match(refusal.message, /no more volumes/)
    assert.deepEqual(
      (yield* Ref.get(entries)).map(({ outcome }) => outcome),
      ["asked", "refused"]
    )
  }).pipe(Effect.scoped, Effect.runPromise))

it("asks for nothing that cannot be written down", () =>
  Effect.gen(function* () {
    const { create, world } = yield* served(() => Effect.die("the disk is full"))
    yield* Effect.flip(create)
    assert.equal((yield* world.calls.counts).createVolume, undefined)
  }).pipe(Effect.scoped, Effect.runPromise))
