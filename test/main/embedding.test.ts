import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { layerCloudMemory, World } from "../../src/adapters/memory/index.ts"
import {
  bytesOf,
  Clouds,
  layerClouds,
  layerController,
  layerPolling,
  ServerId,
  VolumeAttachment,
  VolumeProvisioning
} from "../../src/main/index.ts"

const disk = { access: { _tag: "mount", fsType: "ext4", flags: [] }, mode: "SINGLE_NODE_WRITER" } as const

const volumeFor = (server: ServerId) =>
  Effect.gen(function* () {
    const volumes = yield* VolumeProvisioning
    const attachments = yield* VolumeAttachment
    const { id } = yield* volumes.provision({
      name: `scratch-of-${server}`,
      capacity: { requiredBytes: bytesOf(10), limitBytes: undefined },
      capabilities: [disk],
      parameters: {},
      source: undefined,
      topology: undefined
    })
    yield* attachments.publish({ volumeId: id, serverId: server, capability: disk, readOnly: false })
    return id
  })

const inMemory = (seed: number) => layerPolling().pipe(Layer.provideMerge(layerCloudMemory({ seed })))

const cloud = layerPolling().pipe(Layer.provideMerge(layerCloudMemory({ servers: [{ id: "server-1", name: "one" }] })))
const controller = layerController({ cluster: "test", withTopology: false, ignoreVolumeZone: false })

describe("a program that embeds the core", () => {
  it.effect("runs on the cloud in memory", () =>
    Effect.gen(function* () {
      const world = yield* World
      const id = yield* volumeFor(ServerId("server-1"))
      const volume = yield* world.cinder.showVolume(id)
      assert.strictEqual(volume.status, "in-use")
    }).pipe(Effect.provide(Layer.provideMerge(controller, cloud)))
  )

  it.effect("serves several clouds side by side", () =>
    Effect.gen(function* () {
      const { served, listVolumes } = yield* Clouds
      const made: Array<string> = []
      for (const services of served.values()) {
        const { id } = yield* services.volumes.provision({
          name: "scratch",
          capacity: { requiredBytes: bytesOf(1), limitBytes: undefined },
          capabilities: [disk],
          parameters: {},
          source: undefined,
          topology: undefined
        })
        assert.strictEqual((yield* services.volumes.list(0, "")).entries.length, 1)
        made.push(id)
      }
      assert.strictEqual(new Set(made).size, 2)
      const { entries } = yield* listVolumes(0, "")
      assert.deepStrictEqual(
        entries.map(({ volume }) => volume.id),
        made
      )
      assert.deepStrictEqual([...served.keys()], ["north", "south"])
    }).pipe(
      Effect.provide(
        layerClouds(
          new Map([
            ["south", Layer.provide(controller, inMemory(1))],
            ["north", Layer.provide(controller, inMemory(2))]
          ])
        )
      )
    )
  )
})
