import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect, Layer } from "effect"
import { VolumeCapability_AccessMode_Mode as Mode, makeCsiClient } from "../../src/adapters/csi/client.ts"
import { serveDriver } from "../../src/adapters/csi/driver.ts"
import { makeOpenStackHttp } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { makeHostMemory, makeWorld } from "../../src/adapters/memory/index.ts"
import { layerNode } from "../../src/domain/layers.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { InstanceMetadata } from "../../src/ports/InstanceMetadata.ts"
import { blockCapability, cloudConf, live, mountCapability, oneGiB, startWired } from "../support/wiredDriver.ts"
import { onCloud, withBlockStorage } from "./support/onCloud.ts"

describe("several nodes", () => {
  const world = { volumeTypes: [{ name: "fast" }, { name: "shared", multiattach: true }] }
  const shared = new Map([["type", "shared"]])
  const severalWriters = ["MULTI_NODE_MULTI_WRITER", "MULTI_NODE_SINGLE_WRITER"] as const

  for (const mode of [...severalWriters, "MULTI_NODE_READER_ONLY"] as const) {
    live(
      `P-24 a raw volume of a multi-attach type is attached to two (${mode}), by microversion 2.60`,
      Effect.gen(function* () {
        const { cloud, csi, nodeIds } = yield* onCloud({ world })
        const volumeCapability = blockCapability(Mode[mode])
        const request = { ...oneGiB, parameters: shared, volumeCapabilities: [volumeCapability] }
        const volumeId = (yield* csi.createVolume({ name: "pvc-1", ...request })).volume?.volumeId ?? ""
        for (const nodeId of nodeIds) yield* csi.controllerPublishVolume({ volumeId, nodeId, volumeCapability })
        const { entries } = yield* csi.listVolumes()
        assert.sameMembers(entries[0]?.status?.publishedNodeIds ?? [], nodeIds)
        const attachments = (yield* cloud.requests.recent).filter(
          ({ method, template }) => method === "POST" && template.endsWith("/os-volume_attachments")
        )
        assert.deepStrictEqual(
          attachments.map(({ microversion }) => microversion),
          ["compute 2.60", "compute 2.60"]
        )
      })
    )
  }

  live(
    "P-24 a volume of a multi-attach type for one node is refused to a second",
    Effect.gen(function* () {
      const { csi, nodeIds } = yield* onCloud({ world })
      const volumeId =
        (yield* csi.createVolume({ name: "pvc-1", ...oneGiB, parameters: shared })).volume?.volumeId ?? ""
      const [nodeId = "", otherId = ""] = nodeIds
      const publish = { volumeId, volumeCapability: mountCapability("ext4", Mode.SINGLE_NODE_MULTI_WRITER) }
      yield* csi.controllerPublishVolume({ ...publish, nodeId })
      const refusal = yield* Effect.flip(csi.controllerPublishVolume({ ...publish, nodeId: otherId }))
      assert.strictEqual(refusal.code, status.FAILED_PRECONDITION)
      assert.include(refusal.details, nodeId)
    })
  )

  live(
    "P-24 a type without multi-attach is refused, and nothing is left",
    Effect.gen(function* () {
      const { csi, world: cloud } = yield* onCloud({ world })
      const volumeCapabilities = [blockCapability(Mode.MULTI_NODE_MULTI_WRITER)]
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...oneGiB, volumeCapabilities }))
      assert.strictEqual(refusal.code, status.INVALID_ARGUMENT)
      assert.include(refusal.details, "multiattach")
      assert.deepStrictEqual((yield* cloud.cinder.listVolumes({})).rows, [])
    })
  )

  for (const mode of severalWriters) {
    live(
      `P-24 a new file system for several writing nodes (${mode}) needs a switch`,
      Effect.gen(function* () {
        const volumeCapabilities = [mountCapability("ext4", Mode[mode])]
        const request = { name: "pvc-1", ...oneGiB, parameters: shared, volumeCapabilities }
        const careful = yield* onCloud({ world })
        const refusal = yield* Effect.flip(careful.csi.createVolume(request))
        assert.strictEqual(refusal.code, status.INVALID_ARGUMENT)
        assert.include(refusal.details, "multi-writer-filesystem")
        const { id } = yield* careful.world.cinder.createVolume({ name: "old", sizeGiB: 1, type: "shared" })
        const unconfirmed = yield* careful.csi.validateVolumeCapabilities({ volumeId: id, volumeCapabilities })
        assert.isUndefined(unconfirmed.confirmed)
        assert.include(unconfirmed.message, "volumeMode Block")

        const allowed = yield* onCloud({ world, conf: withBlockStorage("multi-writer-filesystem = true") })
        const volumeId = (yield* allowed.csi.createVolume(request)).volume?.volumeId ?? ""
        const { confirmed } = yield* allowed.csi.validateVolumeCapabilities({ volumeId, volumeCapabilities })
        assert.isDefined(confirmed)
        const onOthers = yield* Effect.flip(
          allowed.csi.createVolume({ ...request, name: "pvc-2", parameters: new Map() })
        )
        assert.strictEqual(onOthers.code, status.INVALID_ARGUMENT)
      })
    )
  }

  live(
    "P-24 a file system that several nodes use already goes on: attached, staged and published on both",
    Effect.gen(function* () {
      const memory = yield* makeHostMemory({ directories: ["/kubelet/staging", "/kubelet/pod"] })
      const servers = [{ name: "node-1" }, { name: "node-2" }]
      const cloud = yield* makeWorld({ ...world, servers }).pipe(Effect.provide(memory.layerDisks))
      const { authUrl } = yield* makeOpenStackHttp({ world: cloud })
      const { csi, root } = yield* startWired(cloudConf(authUrl))
      const { id: volumeId } = yield* cloud.cinder.createVolume({ name: "old", sizeGiB: 1, type: "shared" })
      const volumeCapability = mountCapability("ext4", Mode.MULTI_NODE_MULTI_WRITER)

      for (const { name } of servers) {
        const nodeId = (yield* cloud.control.lookUpServer(name))?.id ?? ""
        const identity = Effect.succeed({ serverId: ServerId(nodeId), zone: "nova", source: "test" })
        const path = join(root, `${name}.sock`)
        yield* serveDriver({
          endpoint: { _tag: "Unix", path },
          vendorVersion: "test",
          withTopology: true,
          controller: undefined,
          node: layerNode({
            maxVolumes: 0,
            limitFromGuest: false,
            withTopology: true,
            additionalTopology: {},
            rescanOnResize: false,
            formatNoise: false,
            uuidGuard: "refuse"
          }).pipe(
            Layer.provide(memory.server(nodeId).layer),
            Layer.provide(Layer.succeed(InstanceMetadata, { identity, disks: Effect.succeed([]) }))
          )
        })
        const node = yield* makeCsiClient(`unix:${path}`)
        const { publishContext } = yield* csi.controllerPublishVolume({ volumeId, nodeId, volumeCapability })
        const staged = { volumeId, volumeCapability, publishContext, stagingTargetPath: "/kubelet/staging" }
        yield* node.nodeStageVolume(staged)
        yield* node.nodePublishVolume({ ...staged, targetPath: "/kubelet/pod/mount" })
        const mounts = yield* memory.server(nodeId).mounter.mounts
        assert.includeMembers(
          mounts.map(({ target }) => target),
          ["/kubelet/staging", "/kubelet/pod/mount"]
        )
      }
    })
  )
})
