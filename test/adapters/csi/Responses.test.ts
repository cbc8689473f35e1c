import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeCsiClient } from "../../../src/adapters/csi/client.ts"
import { serve } from "../../../src/adapters/csi/server.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { SnapshotId } from "../../../src/domain/Snapshot.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { driver, mountCapability, provisioned, quiet, servicesOf } from "./stubs.ts"

const rpcTypes = (capabilities: ReadonlyArray<{ type: { value: { type: number } } | undefined }>) =>
  capabilities.map(({ type }) => type?.value.type)

describe("An answer", () => {
  it.scopedLive("says who the driver is", () =>
    Effect.gen(function* () {
      const { client } = yield* driver()
      const { name, vendorVersion } = yield* client.getPluginInfo()
      assert.deepStrictEqual([name, vendorVersion], ["cinder.csi.openstack.org", "1.2.3"])
    }).pipe(Effect.provide(quiet))
  )

  for (const [withTopology, services] of [
    [true, [1, 2]],
    [false, [1]]
  ] as const) {
    it.scopedLive(`names the plugin's capabilities with topology ${withTopology ? "on" : "off"}`, () =>
      Effect.gen(function* () {
        const { target } = yield* serve({
          endpoint: { _tag: "Tcp", address: { host: "127.0.0.1", port: 0 } },
          services: yield* servicesOf({}, withTopology)
        })
        const client = yield* makeCsiClient(target)
        const { capabilities } = yield* client.getPluginCapabilities()
        const of = (kind: string) => capabilities.filter(({ type }) => type?.$case === kind)
        assert.deepStrictEqual(rpcTypes(of("service")), [...services])
        assert.deepStrictEqual(rpcTypes(of("volumeExpansion")), [1, 2])
      }).pipe(Effect.provide(quiet))
    )
  }

  it.scopedLive("names the capabilities of controller and node", () =>
    Effect.gen(function* () {
      const { client } = yield* driver()
      const controller = rpcTypes((yield* client.controllerGetCapabilities()).capabilities)
      const node = rpcTypes((yield* client.nodeGetCapabilities()).capabilities)
      assert.deepStrictEqual([...controller].sort(), [1, 10, 12, 13, 2, 3, 5, 6, 7, 9])
      assert.deepStrictEqual(node, [1, 2, 3, 5])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("shows a volume as a whole, its size intact near 2^63", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({
        volumes: {
          provision: () =>
            Effect.succeed({
              id: VolumeId("vol-1"),
              sizeBytes: 2n ** 63n - 1n,
              context: { a: "b" },
              source: { _tag: "volume", id: VolumeId("vol-0") },
              topology: [{ zone: "b" }]
            })
        }
      })
      const { volume } = yield* client.createVolume({ name: "n", volumeCapabilities: [mountCapability] })
      assert.deepStrictEqual(volume, {
        volumeId: "vol-1",
        capacityBytes: 9_223_372_036_854_775_807n,
        volumeContext: new Map([["a", "b"]]),
        contentSource: { type: { $case: "volume", value: { volumeId: "vol-0" } } },
        accessibleTopology: [{ segments: new Map([["zone", "b"]]) }]
      })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("names the snapshot a volume comes from", () =>
    Effect.gen(function* () {
      const source = { _tag: "snapshot", id: SnapshotId("snap-1") } as const
      const { client } = yield* driver({ volumes: { provision: () => Effect.succeed({ ...provisioned, source }) } })
      const { volume } = yield* client.createVolume({ name: "n", volumeCapabilities: [mountCapability] })
      assert.deepStrictEqual(volume?.contentSource, { type: { $case: "snapshot", value: { snapshotId: "snap-1" } } })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("hands the publish context over", () =>
    Effect.gen(function* () {
      const { client } = yield* driver()
      const { publishContext } = yield* client.controllerPublishVolume({
        volumeId: "v",
        nodeId: "n",
        volumeCapability: mountCapability
      })
      assert.deepStrictEqual(publishContext, new Map([["DevicePath", "/dev/vdb"]]))
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("confirms the capabilities that were asked about", () =>
    Effect.gen(function* () {
      const { client } = yield* driver()
      const { confirmed } = yield* client.validateVolumeCapabilities({
        volumeId: "v",
        volumeCapabilities: [mountCapability],
        parameters: new Map([["type", "fast"]])
      })
      assert.deepStrictEqual(confirmed?.volumeCapabilities, [mountCapability])
      assert.strictEqual(confirmed?.parameters.size, 0)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("confirms nothing where there is a problem, and says which", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({ volumes: { validate: () => Effect.succeed({ problem: "not multiattach" }) } })
      const answer = yield* client.validateVolumeCapabilities({ volumeId: "v", volumeCapabilities: [mountCapability] })
      assert.deepStrictEqual(answer, { confirmed: undefined, message: "not multiattach" })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("lists volumes with the nodes they are published on, and the token of the next page", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({
        volumes: {
          list: (_, token) =>
            Effect.succeed({
              entries: [{ volume: provisioned, publishedOn: [ServerId("n")] }],
              nextToken: token === "" ? "more" : token === "more" ? undefined : "lost"
            })
        }
      })
      const { entries, nextToken } = yield* client.listVolumes()
      assert.deepStrictEqual(
        entries.map(({ volume, status }) => [volume?.volumeId, status?.publishedNodeIds]),
        [["vol-1", ["n"]]]
      )
      assert.strictEqual((yield* client.listVolumes({ startingToken: nextToken })).nextToken, "")
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("of the longest page is below the 4 MiB a client takes", () =>
    Effect.gen(function* () {
      const entry = {
        volume: {
          ...provisioned,
          id: VolumeId("6c1c1cb3-8a4f-4d4c-9f0b-000000000000"),
          context: { resizeRequired: "true", affinity: "6c1c1cb3-8a4f-4d4c-9f0b-000000000000" },
          topology: [{ "topology.cinder.csi.openstack.org/zone": "availability-zone-1" }]
        },
        publishedOn: [ServerId("6c1c1cb3-8a4f-4d4c-9f0b-000000000001")]
      }
      const { client } = yield* driver({
        volumes: {
          list: (most) => Effect.succeed({ entries: Array.from({ length: most }, () => entry), nextToken: undefined })
        }
      })
      assert.strictEqual((yield* client.listVolumes()).entries.length, 10_000)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("shows a snapshot with the moment it was cut", () =>
    Effect.gen(function* () {
      const { client } = yield* driver()
      const { snapshot } = yield* client.createSnapshot({ name: "n", sourceVolumeId: "vol-1" })
      assert.deepStrictEqual(snapshot, {
        snapshotId: "snap-1",
        sourceVolumeId: "vol-1",
        sizeBytes: 1_073_741_824n,
        creationTime: { seconds: 1_700_000_000n, nanos: 250_000_000 },
        readyToUse: true,
        groupSnapshotId: ""
      })
      const { entries, nextToken } = yield* client.listSnapshots()
      assert.deepStrictEqual([entries, nextToken], [[{ snapshot }], ""])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("tells sizes after an expansion", () =>
    Effect.gen(function* () {
      const { client } = yield* driver()
      const range = { requiredBytes: 2_147_483_648n, limitBytes: 0n }
      assert.deepStrictEqual(yield* client.controllerExpandVolume({ volumeId: "v", capacityRange: range }), {
        capacityBytes: 2_147_483_648n,
        nodeExpansionRequired: true
      })
      assert.deepStrictEqual(yield* client.nodeExpandVolume({ volumeId: "v", volumePath: "/p" }), {
        capacityBytes: 2_147_483_648n
      })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("tells how full a file system is, in bytes and inodes", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({
        nodeVolumes: {
          usage: () =>
            Effect.succeed({
              _tag: "mount",
              totalBytes: 10n,
              usedBytes: 4n,
              availableBytes: 5n,
              totalInodes: 3n,
              usedInodes: 1n,
              availableInodes: 2n
            })
        }
      })
      const { usage } = yield* client.nodeGetVolumeStats({ volumeId: "v", volumePath: "/p" })
      assert.deepStrictEqual(usage, [
        { unit: 1, total: 10n, used: 4n, available: 5n },
        { unit: 2, total: 3n, used: 1n, available: 2n }
      ])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("tells how large a raw device is", () =>
    Effect.gen(function* () {
      const { client } = yield* driver()
      const { usage } = yield* client.nodeGetVolumeStats({ volumeId: "v", volumePath: "/p" })
      assert.deepStrictEqual(usage, [{ unit: 1, total: 1_073_741_824n, used: 0n, available: 0n }])
    }).pipe(Effect.provide(quiet))
  )

  for (const [topology, segments] of [
    [{ zone: "nova" }, { segments: new Map([["zone", "nova"]]) }],
    [undefined, undefined]
  ] as const) {
    it.scopedLive(`tells what the node is, ${topology === undefined ? "without" : "with"} its place`, () =>
      Effect.gen(function* () {
        const { client } = yield* driver({
          nodeVolumes: { info: Effect.succeed({ serverId: ServerId("server-1"), maxVolumes: 24, topology }) }
        })
        assert.deepStrictEqual(yield* client.nodeGetInfo(), {
          nodeId: "server-1",
          maxVolumesPerNode: 24n,
          accessibleTopology: segments
        })
      }).pipe(Effect.provide(quiet))
    )
  }
})
