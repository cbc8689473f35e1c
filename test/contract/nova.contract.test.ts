import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { World } from "../../src/adapters/memory/index.ts"
import { WorldFault } from "../../src/adapters/memory/worldErrors.ts"
import { noHints } from "../../src/domain/SchedulerHints.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { isAttachedTo, VolumeId } from "../../src/domain/Volume.ts"
import { Cinder } from "../../src/ports/Cinder.ts"
import { Nova } from "../../src/ports/Nova.ts"
import { clouds } from "./clouds.ts"

const servers = [{ name: "node-1" }, { name: "node-2" }]
const gone = "00000000-0000-4000-8000-000000000000"

const outcome = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => ("reason" in error ? error.reason : error._tag))

const serverNamed = (name: string) =>
  Effect.gen(function* () {
    const { control } = yield* World
    return ServerId((yield* control.lookUpServer(name))?.id ?? "")
  })

const newVolume = (volumeType?: string) =>
  Effect.gen(function* () {
    const cinder = yield* Cinder
    const { id } = yield* cinder.createVolume({
      name: "pvc-1",
      description: "",
      sizeGiB: 1,
      zone: undefined,
      volumeType,
      source: undefined,
      hints: noHints,
      metadata: {}
    })
    yield* cinder.getVolume(id)
    return id
  })

describe.each(clouds)("Nova %s", (_, cloud) => {
  it.scopedLive("shows a server with its volumes", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const id = yield* serverNamed("node-1")
      const volume = yield* newVolume()
      yield* nova.attach(id, volume, false)
      const { updatedAt, ...shown } = yield* nova.getServer(id)
      assert.isNumber(updatedAt)
      assert.deepStrictEqual(shown, {
        id,
        name: "node-1",
        status: "ACTIVE",
        task: undefined,
        locked: false,
        zone: "nova",
        volumeIds: [volume]
      })
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("knows no server of another id", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      for (const id of [gone, "nope", "", "a/b", "../x"]) {
        assert.strictEqual(yield* outcome(nova.getServer(ServerId(id))), "ServerNotFound")
      }
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("attaches and detaches", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const cinder = yield* Cinder
      const id = yield* serverNamed("node-1")
      const volume = yield* newVolume()
      yield* nova.attach(id, volume, false)
      const attached = yield* cinder.getVolume(volume)
      assert.strictEqual(attached.status, "in-use")
      assert.isTrue(isAttachedTo(attached, id))
      assert.strictEqual((yield* nova.detach(id, volume))._tag, "Accepted")
      const detached = yield* cinder.getVolume(volume)
      assert.deepStrictEqual([detached.status, detached.attachments], ["available", []])
      assert.strictEqual((yield* nova.detach(id, volume))._tag, "NotAttached")
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("takes an unknown server or volume for not attached", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const id = yield* serverNamed("node-1")
      const volume = yield* newVolume()
      assert.strictEqual((yield* nova.detach(id, volume))._tag, "NotAttached")
      assert.strictEqual((yield* nova.detach(ServerId(gone), volume))._tag, "NotAttached")
      assert.strictEqual((yield* nova.detach(id, VolumeId(gone)))._tag, "NotAttached")
      assert.strictEqual((yield* nova.detach(ServerId("a/b"), VolumeId("")))._tag, "NotAttached")
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("tells a missing server from a missing volume", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const id = yield* serverNamed("node-1")
      const volume = yield* newVolume()
      assert.strictEqual(yield* outcome(nova.attach(ServerId(gone), volume, false)), "ServerNotFound")
      assert.strictEqual(yield* outcome(nova.attach(id, VolumeId(gone), false)), "VolumeNotFound")
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("refuses a volume that is attached already, here or elsewhere", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const here = yield* serverNamed("node-1")
      const there = yield* serverNamed("node-2")
      const volume = yield* newVolume()
      yield* nova.attach(here, volume, false)
      assert.strictEqual(yield* outcome(nova.attach(here, volume, false)), "invalid")
      assert.strictEqual(yield* outcome(nova.attach(there, volume, false)), "invalid")
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("attaches a volume of a multiattach type to two servers, if asked so", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const cinder = yield* Cinder
      const here = yield* serverNamed("node-1")
      const there = yield* serverNamed("node-2")
      const volume = yield* newVolume("multi")
      assert.isTrue((yield* cinder.getVolume(volume)).multiattach)
      assert.strictEqual(yield* outcome(nova.attach(here, volume, false)), "invalid")
      yield* nova.attach(here, volume, true)
      yield* nova.attach(there, volume, true)
      assert.strictEqual((yield* cinder.getVolume(volume)).attachments.length, 2)
    }).pipe(Effect.provide(cloud({ servers, volumeTypes: [{ name: "fast" }, { name: "multi", multiattach: true }] })))
  )

  it.scopedLive("says that a server is full", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const id = yield* serverNamed("node-1")
      yield* nova.attach(id, yield* newVolume(), false)
      assert.strictEqual(yield* outcome(nova.attach(id, yield* newVolume(), false)), "NodeFull")
    }).pipe(Effect.provide(cloud({ servers, maxDisksPerServer: 2 })))
  )

  it.scopedLive("refuses to change a locked server", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const { control } = yield* World
      const id = yield* serverNamed("node-1")
      const volume = yield* newVolume()
      yield* nova.attach(id, volume, false)
      yield* control.setServer(id, { locked: true }).pipe(Effect.orDie)
      assert.isTrue((yield* nova.getServer(id)).locked)
      assert.strictEqual(yield* outcome(nova.attach(id, yield* newVolume(), false)), "conflict")
      assert.strictEqual(yield* outcome(nova.detach(id, volume)), "conflict")
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("leaves it to Cinder to remove what a vanished server left attached, and only that", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const cinder = yield* Cinder
      const { control } = yield* World
      const id = yield* serverNamed("node-1")
      const volume = yield* newVolume()
      yield* nova.attach(id, volume, false)
      const attachment = (yield* cinder.getVolume(volume)).attachments[0]?.attachmentId ?? ""
      assert.strictEqual(yield* outcome(cinder.removeAttachment(attachment)), "conflict")
      yield* control.loseServer(id).pipe(Effect.orDie)
      yield* cinder.removeAttachment(attachment)
      yield* cinder.removeAttachment(attachment)
      const { status, attachments } = yield* cinder.getVolume(volume)
      assert.deepStrictEqual([status, attachments], ["available", []])
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("extends a volume in use only if told that it is", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const cinder = yield* Cinder
      const volume = yield* newVolume()
      yield* nova.attach(yield* serverNamed("node-1"), volume, false)
      assert.strictEqual(yield* outcome(cinder.extendVolume(volume, 3, false)), "invalid")
      yield* cinder.extendVolume(volume, 3, true)
      const { sizeGiB, status } = yield* cinder.getVolume(volume)
      assert.deepStrictEqual([sizeGiB, status], [3, "in-use"])
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("snapshots a volume in use, and refuses to delete it", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const cinder = yield* Cinder
      const volume = yield* newVolume()
      yield* nova.attach(yield* serverNamed("node-1"), volume, false)
      yield* cinder.createSnapshot({ volumeId: volume, name: "s", description: "", metadata: {} })
      assert.strictEqual(yield* outcome(cinder.deleteVolume(volume)), "invalid")
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("does not repeat an attachment whose answer was lost", () =>
    Effect.gen(function* () {
      const nova = yield* Nova
      const { faults, calls } = yield* World
      const id = yield* serverNamed("node-1")
      const volume = yield* newVolume()
      const lost = new WorldFault({ status: 504, kind: "computeFault", message: "Gateway Timeout" })
      yield* faults.failCall({ call: "attachVolume", fault: lost, afterwards: true })
      assert.strictEqual(yield* outcome(nova.attach(id, volume, false)), "unanswered")
      assert.strictEqual((yield* calls.counts).attachVolume, 1)
      assert.deepStrictEqual((yield* nova.getServer(id)).volumeIds, [volume])
    }).pipe(Effect.provide(cloud({ servers })))
  )
})
