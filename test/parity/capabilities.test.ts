import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect } from "effect"
import { VolumeCapability_AccessMode_Mode as Mode } from "../../src/adapters/csi/client.ts"
import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  NodeServiceCapability_RPC_Type as NodeRpc
} from "../../src/adapters/csi/gen/csi.ts"
import { live, mountCapability, oneGiB } from "../support/wiredDriver.ts"
import { onCloud, withBlockStorage } from "./support/onCloud.ts"
import { onNode } from "./support/onNode.ts"

describe("what is announced", () => {
  const controllerOfUpstream = [
    "CREATE_DELETE_VOLUME",
    "PUBLISH_UNPUBLISH_VOLUME",
    "LIST_VOLUMES",
    "LIST_VOLUMES_PUBLISHED_NODES",
    "CREATE_DELETE_SNAPSHOT",
    "LIST_SNAPSHOTS",
    "EXPAND_VOLUME",
    "CLONE_VOLUME",
    "GET_VOLUME"
  ]
  const nodeOfUpstream = ["STAGE_UNSTAGE_VOLUME", "EXPAND_VOLUME", "GET_VOLUME_STATS"]

  interface Announced {
    readonly type?: { readonly $case: string; readonly value: { readonly type: number } } | undefined
  }
  const namesIn = (numbers: Readonly<Record<string, number>>, capabilities: ReadonlyArray<Announced>) =>
    capabilities.map(({ type }) => Object.keys(numbers).find((name) => numbers[name] === type?.value.type))

  const announced = (lines: string) =>
    Effect.gen(function* () {
      const { csi } = yield* onCloud({ conf: withBlockStorage(lines) })
      const node = yield* onNode(`[BlockStorage]\n${lines}\n`)
      return {
        controller: namesIn(ControllerRpc, (yield* csi.controllerGetCapabilities()).capabilities),
        node: namesIn(NodeRpc, (yield* node.nodeGetCapabilities()).capabilities)
      }
    })

  live(
    "P-14 is upstream's name, and its plug-in capabilities with and without topology",
    Effect.gen(function* () {
      for (const withTopology of [true, false]) {
        const { csi } = yield* onCloud({ flags: [`--with-topology=${withTopology}`] })
        assert.strictEqual((yield* csi.getPluginInfo()).name, "cinder.csi.openstack.org")
        const { capabilities } = yield* csi.getPluginCapabilities()
        const told = capabilities.map(({ type }) => `${type?.$case} ${type?.value.type}`)
        // 1: CONTROLLER_SERVICE and ONLINE; 2: VOLUME_ACCESSIBILITY_CONSTRAINTS and OFFLINE.
        const always = ["service 1", "volumeExpansion 1", "volumeExpansion 2"]
        assert.sameMembers(told, withTopology ? [...always, "service 2"] : always)
      }
    })
  )

  live(
    "P-14 is upstream's set and SINGLE_NODE_MULTI_WRITER",
    Effect.gen(function* () {
      const { controller, node } = yield* announced("")
      assert.includeMembers(controller, [...controllerOfUpstream, "SINGLE_NODE_MULTI_WRITER"])
      assert.notIncludeMembers(controller, ["PUBLISH_READONLY", "UNKNOWN"])
      assert.includeMembers(node, [...nodeOfUpstream, "SINGLE_NODE_MULTI_WRITER"])
      assert.notIncludeMembers(node, ["VOLUME_MOUNT_GROUP", "UNKNOWN"])
    })
  )

  live(
    "P-14 is upstream's set without SINGLE_NODE_MULTI_WRITER where it is switched off",
    Effect.gen(function* () {
      const { controller, node } = yield* announced("single-node-multi-writer = false")
      assert.includeMembers(controller, controllerOfUpstream)
      assert.includeMembers(node, nodeOfUpstream)
      assert.notInclude([...controller, ...node], "SINGLE_NODE_MULTI_WRITER")
    })
  )

  for (const lines of ["", "single-node-multi-writer = false"]) {
    for (const mode of ["SINGLE_NODE_WRITER", "SINGLE_NODE_MULTI_WRITER", "SINGLE_NODE_SINGLE_WRITER"] as const) {
      live(
        `P-14 accepts ${mode} ${lines === "" ? "announced" : "not announced"}`,
        Effect.gen(function* () {
          const { csi, nodeIds } = yield* onCloud({ conf: withBlockStorage(lines) })
          const volumeCapability = mountCapability("ext4", Mode[mode])
          const volumeCapabilities = [volumeCapability]
          const { volume } = yield* csi.createVolume({ name: "pvc-1", ...oneGiB, volumeCapabilities })
          const volumeId = volume?.volumeId ?? ""
          const [nodeId = "", otherId = ""] = nodeIds
          yield* csi.controllerPublishVolume({ volumeId, nodeId, volumeCapability })
          const { confirmed } = yield* csi.validateVolumeCapabilities({ volumeId, volumeCapabilities })
          assert.isDefined(confirmed)
          const elsewhere = yield* Effect.flip(
            csi.controllerPublishVolume({ volumeId, nodeId: otherId, volumeCapability })
          )
          assert.strictEqual(elsewhere.code, status.FAILED_PRECONDITION)
        })
      )
    }
  }
})
