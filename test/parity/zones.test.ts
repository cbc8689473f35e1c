import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect, Layer } from "effect"
import { VolumeCapability_AccessMode_Mode as Mode, makeCsiClient } from "../../src/adapters/csi/client.ts"
import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  NodeServiceCapability_RPC_Type as NodeRpc
} from "../../src/adapters/csi/gen/csi.ts"
import { makeOpenStackHttp } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { makeHostMemory, makeWorld } from "../../src/adapters/memory/index.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { layerNode, serveDriver } from "../../src/main/driver.ts"
import { InstanceMetadata } from "../../src/ports/InstanceMetadata.ts"
import { blockCapability, cloudConf, live, mountCapability, oneGiB, startWired } from "../support/wiredDriver.ts"
import { onCloud } from "./support/onCloud.ts"

const zoneKey = "topology.cinder.csi.openstack.org/zone"
const regionKey = "topology.kubernetes.io/region"

const withBlockStorage = (lines: string) => (authUrl: string) => `${cloudConf(authUrl)}[BlockStorage]\n${lines}\n`
const withZoneMap = (map: string) => (authUrl: string) => `${cloudConf(authUrl)}availability-zone-map = ${map}\n`

type Pairs = Readonly<Record<string, string>>
const term = (segments: Pairs) => ({ segments: new Map(Object.entries(segments)) })
const inZone = (zone: string, more: Pairs = {}) => term({ [zoneKey]: zone, ...more })
const inZones = (...zones: ReadonlyArray<string>) => ({
  accessibilityRequirements: {
    requisite: zones.map((zone) => inZone(zone)),
    preferred: zones.map((zone) => inZone(zone))
  }
})

const pairsOf = (places: ReadonlyArray<{ readonly segments: ReadonlyMap<string, string> }> = []) =>
  places.map(({ segments }) => Object.fromEntries(segments))

const twoZones = { volumeZones: [{ name: "nova" }, { name: "az2" }] }

type OnCloud = Pick<Effect.Effect.Success<ReturnType<typeof onCloud>>, "csi" | "world">

/** Where a new volume is, by the answer and by Cinder. */
const madeBy = ({ csi, world }: OnCloud, request: Parameters<OnCloud["csi"]["createVolume"]>[0]) =>
  Effect.gen(function* () {
    const { volume } = yield* csi.createVolume({ name: "pvc-1", ...oneGiB, ...request })
    const { zone } = yield* world.cinder.showVolume(volume?.volumeId ?? "")
    return { topology: pairsOf(volume?.accessibleTopology), zone }
  })

/** A node alone, whose metadata say that it is in this zone of Nova. */
const onNode = (conf: string, flags: ReadonlyArray<string> = [], zone = "nova") =>
  Effect.gen(function* () {
    const memory = yield* makeHostMemory()
    const world = yield* makeWorld({ serverZones: [zone], servers: [{ name: "node-1" }] }).pipe(
      Effect.provide(memory.layerDisks)
    )
    const { metadataUrl } = yield* makeOpenStackHttp({ world })
    const { csi } = yield* startWired(conf, ["--provide-controller-service=false", ...flags], {
      metadata: { searchOrder: ["metadataService"], baseUrls: [metadataUrl] }
    })
    return csi
  })

describe("a node", () => {
  const limitOf = (lines: string) =>
    Effect.flatMap(onNode(`[BlockStorage]\n${lines}\n`), (csi) =>
      Effect.map(csi.nodeGetInfo(), ({ maxVolumesPerNode }) => maxVolumesPerNode)
    )

  for (const { lines, is } of [
    { lines: "", is: 256n },
    { lines: "node-volume-attach-limit = 24", is: 24n },
    { lines: "node-volume-attach-limit = 256", is: 256n },
    { lines: "node-volume-attach-limit = 257", is: 256n },
    { lines: "node-volume-attach-limit = -1", is: 256n },
    { lines: "node-volume-attach-limit = 0", is: 0n }
  ]) {
    live(
      `P-11 takes ${is === 0n ? "any number of" : is} volumes with ${JSON.stringify(lines)}`,
      Effect.map(limitOf(lines), (limit) => assert.strictEqual(limit, is))
    )
  }

  for (const { zone, label } of [
    { zone: "nova", label: "nova" },
    { zone: "Zone_1.a-b", label: "Zone_1.a-b" },
    { zone: "my zone", label: "my-zone" },
    { zone: "rack  #7 / row 2", label: "rack-7-row-2" },
    { zone: "_(zürich)_", label: "z-rich" },
    { zone: "z".repeat(70), label: "z".repeat(63) },
    { zone: `${"z".repeat(62)} tail`, label: `${"z".repeat(62)}-` }
  ]) {
    live(
      `P-30 in zone ${JSON.stringify(zone)} is labelled as the Go driver does`,
      Effect.gen(function* () {
        const { accessibleTopology } = yield* (yield* onNode("", [], zone)).nodeGetInfo()
        assert.deepStrictEqual(Object.fromEntries(accessibleTopology?.segments ?? []), { [zoneKey]: label })
      })
    )
  }

  live(
    "P-30 adds the pairs of --additional-topology unchanged, of which its zone wins",
    Effect.gen(function* () {
      const pairs = ["example.com/Rack=A 7", `${regionKey}=one`]
      const csi = yield* onNode("", [`--additional-topology=${pairs.join(",")}`])
      const { accessibleTopology } = yield* csi.nodeGetInfo()
      assert.deepStrictEqual(Object.fromEntries(accessibleTopology?.segments ?? []), {
        [zoneKey]: "nova",
        "example.com/Rack": "A 7",
        [regionKey]: "one"
      })
      const named = yield* onNode("", [`--additional-topology=${zoneKey}=mine`])
      assert.deepStrictEqual(pairsOf([(yield* named.nodeGetInfo()).accessibleTopology ?? term({})]), [
        { [zoneKey]: "mine" }
      ])
    })
  )

  live(
    "P-30 says nothing of its place with --with-topology=false",
    Effect.gen(function* () {
      const csi = yield* onNode("", ["--with-topology=false", `--additional-topology=${regionKey}=one`])
      assert.isUndefined((yield* csi.nodeGetInfo()).accessibleTopology)
    })
  )
})

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

describe("the zone of a volume", () => {
  live(
    "P-19 is answered as Cinder has it, under upstream's key alone",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones })
      const asked = { requisite: [inZone("az2", { [regionKey]: "one" })], preferred: [] }
      assert.deepStrictEqual(yield* madeBy(cloud, { accessibilityRequirements: asked }), {
        topology: [{ [zoneKey]: "az2" }],
        zone: "az2"
      })
      assert.deepStrictEqual(yield* madeBy(cloud, { name: "pvc-2" }), {
        topology: [{ [zoneKey]: "nova" }],
        zone: "nova"
      })
    })
  )

  live(
    "P-19 is the class's before the request's, and the first preferred before a requisite one",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones })
      const parameters = new Map([["availability", "az2"]])
      assert.strictEqual((yield* madeBy(cloud, { ...inZones("nova"), parameters })).zone, "az2")
      const order = { requisite: [inZone("nova"), inZone("az2")], preferred: [inZone("az2"), inZone("nova")] }
      assert.strictEqual((yield* madeBy(cloud, { name: "pvc-2", accessibilityRequirements: order })).zone, "az2")
    })
  )

  live(
    "P-19 is neither asked for nor answered with --with-topology=false",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones, flags: ["--with-topology=false"] })
      assert.deepStrictEqual(yield* madeBy(cloud, inZones("az2")), { topology: [], zone: "nova" })
    })
  )

  live(
    "P-19 is the next of the request when the first has no room",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: { volumeZones: [{ name: "nova", capacityGiB: 0 }, { name: "az2" }] } })
      assert.deepStrictEqual(yield* madeBy(cloud, inZones("nova", "az2")), {
        topology: [{ [zoneKey]: "az2" }],
        zone: "az2"
      })
    })
  )

  live(
    "P-19 is never outside the request, although Cinder falls back to another",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud({ world: { ...twoZones, availabilityZoneFallback: true } })
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...oneGiB, ...inZones("mars") }))
      assert.strictEqual(refusal.code, status.FAILED_PRECONDITION)
      assert.include(refusal.details, "Cinder's zones are nova, az2")
      assert.deepStrictEqual((yield* world.cinder.listVolumes({})).rows, [])
      const next = yield* madeBy({ csi, world }, { name: "pvc-2", ...inZones("mars", "az2") })
      assert.deepStrictEqual(next, { topology: [{ [zoneKey]: "az2" }], zone: "az2" })
    })
  )

  live(
    "P-19 is found behind a label that is no zone of Cinder, and answered as the label",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: { volumeZones: [{ name: "nova" }, { name: "my zone" }] } })
      assert.deepStrictEqual(yield* madeBy(cloud, inZones("my-zone")), {
        topology: [{ [zoneKey]: "my-zone" }],
        zone: "my zone"
      })
    })
  )

  live(
    "P-19 that is refused is answered with the zones that there are",
    Effect.gen(function* () {
      const { csi } = yield* onCloud({ world: twoZones })
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...oneGiB, ...inZones("mars") }))
      assert.strictEqual(refusal.code, status.INVALID_ARGUMENT)
      assert.include(refusal.details, "Cinder's zones are nova, az2")
    })
  )

  live(
    "P-19 is mapped there and back, without a word with Cinder about its zones",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones, conf: withZoneMap("my zone=az2, west=az2") })
      assert.deepStrictEqual(yield* madeBy(cloud, inZones("west")), {
        topology: [{ [zoneKey]: "my-zone" }, { [zoneKey]: "west" }],
        zone: "az2"
      })
      const { counts } = cloud.cloud.requests
      assert.isUndefined((yield* counts)["volume GET /os-availability-zone"])
      assert.deepStrictEqual(yield* madeBy(cloud, { name: "pvc-2", ...inZones("nova") }), {
        topology: [{ [zoneKey]: "nova" }],
        zone: "nova"
      })
    })
  )

  live(
    "P-19 is mapped by the map of the volume's own cloud",
    Effect.gen(function* () {
      const section = (name: string, authUrl: string, map: string) =>
        withZoneMap(map)(authUrl).replace("[Global]", `[Global "${name}"]`)
      const cloud = yield* onCloud({
        world: twoZones,
        conf: (authUrl) => section("one", authUrl, "west=nova") + section("two", authUrl, "west=az2"),
        flags: ["--cloud-name=one,two"]
      })
      for (const [name, zone] of [
        ["one", "nova"],
        ["two", "az2"]
      ] as const) {
        const secrets = new Map([["cloud", name]])
        assert.deepStrictEqual(yield* madeBy(cloud, { name, secrets, ...inZones("west") }), {
          topology: [{ [zoneKey]: "west" }],
          zone
        })
      }
    })
  )

  live(
    "P-12 ignore-volume-az answers with the preferred places as they came and takes what Cinder chose",
    Effect.gen(function* () {
      const cloud = yield* onCloud({
        world: { ...twoZones, availabilityZoneFallback: true },
        conf: withBlockStorage("ignore-volume-az = true")
      })
      const preferred = [inZone("west", { [regionKey]: "one" }), inZone("az2", { [regionKey]: "one" })]
      const asked = { requisite: preferred, preferred }
      assert.deepStrictEqual(yield* madeBy(cloud, { accessibilityRequirements: asked }), {
        topology: pairsOf(preferred),
        zone: "nova"
      })
      assert.deepStrictEqual(yield* madeBy(cloud, { name: "pvc-2" }), { topology: [], zone: "nova" })
    })
  )

  live(
    "P-12 without ignore-volume-az the volume's own zone is answered",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones, conf: withBlockStorage("ignore-volume-az = false") })
      const preferred = [inZone("az2", { [regionKey]: "one" })]
      assert.deepStrictEqual(
        (yield* madeBy(cloud, { accessibilityRequirements: { requisite: preferred, preferred } })).topology,
        [{ [zoneKey]: "az2" }]
      )
    })
  )
})

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
