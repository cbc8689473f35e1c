import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { World } from "../../src/adapters/memory/index.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import type { PageRequest } from "../../src/ports/Cinder.ts"
import { CloudInventory } from "../../src/ports/CloudInventory.ts"
import { clouds } from "./clouds.ts"

const all: PageRequest = { limit: undefined, marker: undefined }
const servers = [{ name: "node-1" }, { name: "node-2" }, { name: "node-3" }]

const until = <A extends { readonly status: string }, E>(look: Effect.Effect<A, E>, status: string) =>
  Effect.repeat(look, { until: (row) => row.status === status, schedule: Schedule.spaced("5 millis") })

const spec = (name: string) => ({ name, description: `about ${name}`, sizeGiB: 1, metadata: { of: name } })

describe.each(clouds)("what a project has %s", (_, cloud) => {
  it.scopedLive("is listed with what is written on it", () =>
    Effect.gen(function* () {
      const { cinder, nova, control } = yield* World
      const volumeId = VolumeId((yield* cinder.createVolume(spec("v"))).id)
      yield* until(cinder.showVolume(volumeId), "available")
      const snapshot = yield* cinder.createSnapshot({ ...spec("s"), volumeId })
      yield* until(cinder.showSnapshot(snapshot.id), "available")
      const backup = yield* cinder.createBackup({ ...spec("b"), volumeId })
      yield* until(cinder.showBackup(backup.id), "available")
      const node = (yield* control.lookUpServer("node-2"))?.id ?? ""
      yield* nova.attachVolume(node, volumeId)
      yield* until(cinder.showVolume(volumeId), "in-use")

      const inventory = yield* CloudInventory
      const [volume] = (yield* inventory.volumes(all)).items
      assert.deepInclude(volume, { name: "v", description: "about v", metadata: { of: "v" }, status: "in-use" })
      assert.deepStrictEqual(
        volume?.attachments.map(({ serverId }) => serverId),
        [ServerId(node)]
      )
      const [cut] = (yield* inventory.snapshots(all)).items
      assert.deepInclude(cut, { name: "s", description: "about s", metadata: { of: "s" }, volumeId })
      const [copy] = (yield* inventory.backups(all)).items
      assert.deepInclude(copy, { name: "b", description: "about b", metadata: { of: "b" }, volumeId })
      const listed = (yield* inventory.servers(all)).items
      assert.deepStrictEqual(
        listed.map(({ name, volumeIds }) => [name, volumeIds]),
        [
          ["node-3", []],
          ["node-2", [volumeId]],
          ["node-1", []]
        ]
      )
      assert.strictEqual((yield* inventory.server(ServerId(node))).name, "node-2")
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("comes page by page, and a page whose marker is gone says so", () =>
    Effect.gen(function* () {
      const { cinder } = yield* World
      for (const name of ["a", "b", "c"]) {
        const { id } = yield* cinder.createVolume(spec(name))
        yield* until(cinder.showVolume(id), "available")
      }
      const inventory = yield* CloudInventory
      const first = yield* inventory.volumes({ limit: 2, marker: undefined })
      assert.deepStrictEqual(
        first.items.map(({ name }) => name),
        ["a", "b"]
      )
      const second = yield* inventory.volumes({ limit: 2, marker: first.next })
      assert.deepStrictEqual(
        second.items.map(({ name }) => name),
        ["c"]
      )
      assert.isUndefined(second.next)
      const some = yield* inventory.servers({ limit: 2, marker: undefined })
      const others = yield* inventory.servers({ limit: 2, marker: some.next })
      assert.deepStrictEqual(
        [...some.items, ...others.items].map(({ name }) => name),
        ["node-3", "node-2", "node-1"]
      )
      const gone = { limit: 2, marker: "00000000-0000-4000-8000-000000000000" }
      for (const list of [inventory.volumes, inventory.snapshots, inventory.backups, inventory.servers]) {
        assert.strictEqual(
          (yield* Effect.flip<unknown, { readonly _tag: string }, never>(list(gone)))._tag,
          "UnknownPageToken"
        )
      }
      assert.strictEqual((yield* Effect.flip(inventory.server(ServerId(gone.marker))))._tag, "ServerNotFound")
    }).pipe(Effect.provide(cloud({ servers })))
  )
})
