import { assert, describe, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Deferred, Effect } from "effect"
import type { CsiClient, RpcFailure } from "../../../src/adapters/csi/client.ts"
import type { VolumeCapability, VolumeContentSource } from "../../../src/adapters/csi/gen/csi.ts"
import { PathNotFound } from "../../../src/domain/errors.ts"
import type { NodePublishRequest } from "../../../src/domain/NodePublishing.ts"
import type { StageRequest } from "../../../src/domain/NodeStaging.ts"
import type { NodeExpandRequest } from "../../../src/domain/NodeVolumes.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { SnapshotId } from "../../../src/domain/Snapshot.ts"
import type { SnapshotFilter } from "../../../src/domain/SnapshotProvisioning.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import type { PublishRequest } from "../../../src/domain/VolumeAttachment.ts"
import type { ProvisionRequest } from "../../../src/domain/VolumeProvisioning.ts"
import { blockCapability, driver, mountCapability, oneGiB, provisioned, quiet } from "./stubs.ts"

const mount = (mountFlags: Array<string>, fsType = "ext4"): VolumeCapability => ({
  accessType: { $case: "mount", value: { fsType, mountFlags, volumeMountGroup: "" } },
  accessMode: { mode: 1 }
})

/** A number no release of the specification has, as a newer orchestrator might send it. */
const unknownMode = (): VolumeCapability => {
  const capability: VolumeCapability = { ...mountCapability, accessMode: { mode: 1 } }
  Object.assign(capability.accessMode ?? {}, { mode: 99 })
  return capability
}

const create = { name: "pvc-1", volumeCapabilities: [mountCapability] }
const from = (type: VolumeContentSource["type"]) => ({ ...create, volumeContentSource: { type } })
const sized = (requiredBytes: bigint, limitBytes: bigint) => ({
  ...create,
  capacityRange: { requiredBytes, limitBytes }
})
const stage = { volumeId: "v", stagingTargetPath: "/s", volumeCapability: mountCapability }
const publish = { volumeId: "v", targetPath: "/t", stagingTargetPath: "/s", volumeCapability: mountCapability }

type Call = (client: CsiClient) => Effect.Effect<unknown, RpcFailure>

/** What is refused, with the field that the message must name first. */
const refusals: ReadonlyArray<readonly [what: string, field: string, call: Call]> = [
  ["CreateVolume without name", "name", (c) => c.createVolume({ ...create, name: "" })],
  ["CreateVolume with a name of 129 bytes", "name", (c) => c.createVolume({ ...create, name: `${"é".repeat(64)}x` })],
  ["CreateVolume with a control character in its name", "name", (c) => c.createVolume({ ...create, name: "a\u0007b" })],
  ["CreateVolume without capabilities", "volume_capabilities", (c) => c.createVolume({ name: "n" })],
  [
    "CreateVolume without access type",
    "volume_capabilities[0].access_type",
    (c) => c.createVolume({ ...create, volumeCapabilities: [{ ...mountCapability, accessType: undefined }] })
  ],
  [
    "CreateVolume without access mode in its second capability",
    "volume_capabilities[1].access_mode",
    (c) =>
      c.createVolume({
        ...create,
        volumeCapabilities: [mountCapability, { ...mountCapability, accessMode: undefined }]
      })
  ],
  [
    "CreateVolume with access mode UNKNOWN",
    "volume_capabilities[0].access_mode",
    (c) => c.createVolume({ ...create, volumeCapabilities: [{ ...mountCapability, accessMode: { mode: 0 } }] })
  ],
  [
    "CreateVolume with an access mode of the future",
    "volume_capabilities[0].access_mode",
    (c) => c.createVolume({ ...create, volumeCapabilities: [unknownMode()] })
  ],
  [
    "CreateVolume with 5 KiB of mount flags",
    "volume_capabilities[0].mount.mount_flags",
    (c) => c.createVolume({ ...create, volumeCapabilities: [mount(Array(50).fill("x".repeat(100)))] })
  ],
  [
    "CreateVolume with an endless file system name",
    "volume_capabilities[0].mount.fs_type",
    (c) => c.createVolume({ ...create, volumeCapabilities: [mount([], "x".repeat(129))] })
  ],
  ["CreateVolume with a range without bounds", "capacity_range", (c) => c.createVolume(sized(0n, 0n))],
  ["CreateVolume with a negative size", "capacity_range.required_bytes", (c) => c.createVolume(sized(-1n, 0n))],
  ["CreateVolume with a negative limit", "capacity_range.limit_bytes", (c) => c.createVolume(sized(1n, -(2n ** 63n)))],
  ["CreateVolume from nothing", "volume_content_source.type", (c) => c.createVolume(from(undefined))],
  [
    "CreateVolume from a snapshot without id",
    "volume_content_source.snapshot.snapshot_id",
    (c) => c.createVolume(from({ $case: "snapshot", value: { snapshotId: "" } }))
  ],
  [
    "CreateVolume from a volume without id",
    "volume_content_source.volume.volume_id",
    (c) => c.createVolume(from({ $case: "volume", value: { volumeId: "" } }))
  ],
  [
    "CreateVolume with mutable parameters",
    "mutable_parameters",
    (c) => c.createVolume({ ...create, mutableParameters: new Map([["k", "v"]]) })
  ],
  ["DeleteVolume without id", "volume_id", (c) => c.deleteVolume()],
  ["ControllerPublishVolume without anything", "volume_id", (c) => c.controllerPublishVolume()],
  ["ControllerPublishVolume without node", "node_id", (c) => c.controllerPublishVolume({ volumeId: "v" })],
  [
    "ControllerPublishVolume without capability",
    "volume_capability",
    (c) => c.controllerPublishVolume({ volumeId: "v", nodeId: "n" })
  ],
  [
    "ControllerPublishVolume with an id of 129 bytes",
    "volume_id",
    (c) => c.controllerPublishVolume({ volumeId: "v".repeat(129), nodeId: "n", volumeCapability: mountCapability })
  ],
  ["ControllerUnpublishVolume without volume", "volume_id", (c) => c.controllerUnpublishVolume({ nodeId: "n" })],
  [
    "ValidateVolumeCapabilities without id",
    "volume_id",
    (c) => c.validateVolumeCapabilities({ volumeCapabilities: [mountCapability] })
  ],
  [
    "ValidateVolumeCapabilities without capabilities",
    "volume_capabilities",
    (c) => c.validateVolumeCapabilities({ volumeId: "v" })
  ],
  ["ListVolumes with a negative length", "max_entries", (c) => c.listVolumes({ maxEntries: -1 })],
  ["ControllerGetVolume without id", "volume_id", (c) => c.controllerGetVolume()],
  ["ControllerExpandVolume without id", "volume_id", (c) => c.controllerExpandVolume({ capacityRange: oneGiB })],
  ["ControllerExpandVolume without range", "capacity_range", (c) => c.controllerExpandVolume({ volumeId: "v" })],
  [
    "ControllerExpandVolume with a capability without mode",
    "volume_capability.access_mode",
    (c) =>
      c.controllerExpandVolume({
        volumeId: "v",
        capacityRange: oneGiB,
        volumeCapability: { ...mountCapability, accessMode: undefined }
      })
  ],
  ["CreateSnapshot without source", "source_volume_id", (c) => c.createSnapshot({ name: "n" })],
  ["CreateSnapshot without name", "name", (c) => c.createSnapshot({ sourceVolumeId: "v" })],
  ["DeleteSnapshot without id", "snapshot_id", (c) => c.deleteSnapshot()],
  ["ListSnapshots with a negative length", "max_entries", (c) => c.listSnapshots({ maxEntries: -1 })],
  ["NodeStageVolume without id", "volume_id", (c) => c.nodeStageVolume({ ...stage, volumeId: "" })],
  [
    "NodeStageVolume without path",
    "staging_target_path",
    (c) => c.nodeStageVolume({ ...stage, stagingTargetPath: "" })
  ],
  [
    "NodeStageVolume without capability",
    "volume_capability",
    (c) => c.nodeStageVolume({ ...stage, volumeCapability: undefined })
  ],
  ["NodeUnstageVolume without id", "volume_id", (c) => c.nodeUnstageVolume({ stagingTargetPath: "/s" })],
  ["NodeUnstageVolume without path", "staging_target_path", (c) => c.nodeUnstageVolume({ volumeId: "v" })],
  ["NodePublishVolume without id", "volume_id", (c) => c.nodePublishVolume({ ...publish, volumeId: "" })],
  ["NodePublishVolume with an id alone", "target_path", (c) => c.nodePublishVolume({ volumeId: "v" })],
  [
    "NodePublishVolume without capability and staging path",
    "volume_capability",
    (c) => c.nodePublishVolume({ volumeId: "v", targetPath: "/t" })
  ],
  ["NodeUnpublishVolume without id", "volume_id", (c) => c.nodeUnpublishVolume({ targetPath: "/t" })],
  ["NodeUnpublishVolume without path", "target_path", (c) => c.nodeUnpublishVolume({ volumeId: "v" })],
  ["NodeGetVolumeStats without id", "volume_id", (c) => c.nodeGetVolumeStats({ volumePath: "some/path" })],
  ["NodeGetVolumeStats without path", "volume_path", (c) => c.nodeGetVolumeStats({ volumeId: "v" })],
  ["NodeExpandVolume without id", "volume_id", (c) => c.nodeExpandVolume({ volumePath: "some/path" })],
  ["NodeExpandVolume without path", "volume_path", (c) => c.nodeExpandVolume({ volumeId: "v" })]
]

describe("A request that is refused as invalid", () => {
  for (const [what, field, call] of refusals) {
    it.scopedLive(what, () =>
      Effect.gen(function* () {
        const { client } = yield* driver()
        const failure = yield* Effect.flip(call(client))
        assert.strictEqual(failure.code, status.INVALID_ARGUMENT)
        assert.strictEqual(failure.details.split(" ")[0], field)
      }).pipe(Effect.provide(quiet))
    )
  }
})

describe("An RPC that is not advertised", () => {
  for (const [what, call] of [
    ["GetCapacity", (c: CsiClient) => c.getCapacity()],
    ["ControllerModifyVolume", (c: CsiClient) => c.controllerModifyVolume()],
    ["GetSnapshot", (c: CsiClient) => c.getSnapshot()]
  ] as const) {
    it.scopedLive(`${what} is UNIMPLEMENTED, with a sentence`, () =>
      Effect.gen(function* () {
        const { client } = yield* driver()
        const failure = yield* Effect.flip(call(client))
        assert.strictEqual(failure.code, status.UNIMPLEMENTED)
        assert.include(failure.details, "is not supported")
      }).pipe(Effect.provide(quiet))
    )
  }
})

/** What a method of the domain was called with. */
const seen = <A>() =>
  Effect.map(Deferred.make<A>(), (box) => ({ put: (value: A) => Deferred.succeed(box, value), box }))

describe("A request reaches the domain", () => {
  it.scopedLive("with a name of 128 bytes, TAB, LF and CR", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<ProvisionRequest>()
      const { client } = yield* driver({ volumes: { provision: (r) => Effect.as(put(r), provisioned) } })
      const name = `\t\n\r${"é".repeat(62)}x`
      yield* client.createVolume({ ...create, name })
      assert.strictEqual((yield* Deferred.await(box)).name, name)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("as a whole: CreateVolume", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<ProvisionRequest>()
      const { client } = yield* driver({ volumes: { provision: (r) => Effect.as(put(r), provisioned) } })
      yield* client.createVolume({
        name: "pvc-1",
        capacityRange: { requiredBytes: 2n ** 63n - 1n, limitBytes: 0n },
        volumeCapabilities: [mount(["noatime"]), { ...blockCapability, accessMode: { mode: 7 } }],
        parameters: new Map([["type", "fast"]]),
        secrets: new Map([["password", "x"]]),
        volumeContentSource: { type: { $case: "snapshot", value: { snapshotId: "snap-1" } } },
        accessibilityRequirements: { requisite: [{ segments: new Map([["zone", "b"]]) }], preferred: [] }
      })
      assert.deepEqual(yield* Deferred.await(box), {
        name: "pvc-1",
        capacity: { requiredBytes: 9_223_372_036_854_775_807n, limitBytes: undefined },
        capabilities: [
          { access: { _tag: "mount", fsType: "ext4", flags: ["noatime"] }, mode: "SINGLE_NODE_WRITER" },
          { access: { _tag: "block" }, mode: "SINGLE_NODE_MULTI_WRITER" }
        ],
        parameters: { type: "fast" },
        source: { _tag: "snapshot", id: SnapshotId("snap-1") },
        topology: { requisite: [{ zone: "b" }], preferred: [] }
      })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("with keys that objects inherit, neither lost nor made up", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<ProvisionRequest>()
      const { client } = yield* driver({ volumes: { provision: (r) => Effect.as(put(r), provisioned) } })
      yield* client.createVolume({
        ...create,
        parameters: new Map([
          ["__proto__", "polluted"],
          ["toString", "text"]
        ])
      })
      const { parameters } = yield* Deferred.await(box)
      assert.deepStrictEqual(Object.entries(parameters), [
        ["__proto__", "polluted"],
        ["toString", "text"]
      ])
      assert.isUndefined(parameters["constructor"])
      assert.isUndefined(Object.getOwnPropertyDescriptor(Object.prototype, "polluted"))
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("without a topology when its requirement names no place", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<ProvisionRequest>()
      const { client } = yield* driver({ volumes: { provision: (r) => Effect.as(put(r), provisioned) } })
      yield* client.createVolume({ ...create, accessibilityRequirements: { requisite: [], preferred: [] } })
      assert.isUndefined((yield* Deferred.await(box)).topology)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("with read-only set: ControllerPublishVolume", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<PublishRequest>()
      const { client } = yield* driver({ attachments: { publish: (r) => Effect.as(put(r), {}) } })
      yield* client.controllerPublishVolume({
        volumeId: "v",
        nodeId: "n",
        volumeCapability: blockCapability,
        readonly: true
      })
      assert.deepEqual(yield* Deferred.await(box), {
        volumeId: VolumeId("v"),
        serverId: ServerId("n"),
        capability: { access: { _tag: "block" }, mode: "SINGLE_NODE_WRITER" },
        readOnly: true
      })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("for every server when no node is named: ControllerUnpublishVolume", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<unknown>()
      const { client } = yield* driver({ attachments: { unpublish: (...given) => Effect.asVoid(put(given)) } })
      yield* client.controllerUnpublishVolume({ volumeId: "v" })
      assert.deepStrictEqual(yield* Deferred.await(box), ["v", undefined])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("with an id too long to exist where something is taken away", () =>
    Effect.gen(function* () {
      const { client } = yield* driver()
      const id = "v".repeat(300)
      yield* client.deleteVolume({ volumeId: id })
      yield* client.deleteSnapshot({ snapshotId: id })
      yield* client.controllerUnpublishVolume({ volumeId: id, nodeId: id })
      yield* client.nodeUnpublishVolume({ volumeId: id, targetPath: "/t" })
      yield* client.nodeUnstageVolume({ volumeId: id, stagingTargetPath: "/s" })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("with both contexts: NodeStageVolume", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<StageRequest>()
      const { client } = yield* driver({ staging: { stage: (r) => Effect.asVoid(put(r)) } })
      yield* client.nodeStageVolume({
        ...stage,
        publishContext: new Map([["DevicePath", "/dev/vdb"]]),
        volumeContext: new Map([["resizeRequired", "true"]])
      })
      const { publishContext, volumeContext } = yield* Deferred.await(box)
      assert.deepStrictEqual(
        [{ ...publishContext }, { ...volumeContext }],
        [{ DevicePath: "/dev/vdb" }, { resizeRequired: "true" }]
      )
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("with both paths: NodePublishVolume", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<NodePublishRequest>()
      const { client } = yield* driver({ publishing: { publish: (r) => Effect.asVoid(put(r)) } })
      yield* client.nodePublishVolume({ ...publish, readonly: true })
      const { stagingPath, targetPath, readOnly } = yield* Deferred.await(box)
      assert.deepStrictEqual([stagingPath, targetPath, readOnly], ["/s", "/t", true])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("without size and capability: NodeExpandVolume", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<NodeExpandRequest>()
      const { client } = yield* driver({ nodeVolumes: { expand: (r) => Effect.as(put(r), 1n) } })
      yield* client.nodeExpandVolume({ volumeId: "v", volumePath: "/p" })
      assert.deepEqual(yield* Deferred.await(box), {
        volumeId: VolumeId("v"),
        volumePath: "/p",
        stagingPath: "",
        capacity: { requiredBytes: undefined, limitBytes: undefined },
        capability: undefined
      })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("with a relative path, whose absence is the domain's to find", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({
        nodeVolumes: {
          usage: (volumeId, path) => Effect.fail(new PathNotFound({ volumeId, path })),
          expand: ({ volumeId, volumePath }) => Effect.fail(new PathNotFound({ volumeId, path: volumePath }))
        }
      })
      const stats = yield* Effect.flip(client.nodeGetVolumeStats({ volumeId: "v", volumePath: "some/path" }))
      const expand = yield* Effect.flip(client.nodeExpandVolume({ volumeId: "v", volumePath: "some/path" }))
      assert.deepStrictEqual([stats.code, expand.code], [status.NOT_FOUND, status.NOT_FOUND])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("with a path of kubelet's length", () =>
    Effect.gen(function* () {
      const { client } = yield* driver()
      yield* client.nodeStageVolume({ ...stage, stagingTargetPath: `/${"p".repeat(3000)}` })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("with filters and token: ListSnapshots", () =>
    Effect.gen(function* () {
      const { put, box } = yield* seen<readonly [SnapshotFilter, number, string]>()
      const { client } = yield* driver({
        snapshots: { list: (...given) => Effect.as(put(given), { entries: [], nextToken: undefined }) }
      })
      yield* client.listSnapshots({ maxEntries: 2, startingToken: "t", sourceVolumeId: "v" })
      assert.deepEqual(yield* Deferred.await(box), [{ snapshotId: undefined, volumeId: VolumeId("v") }, 2, "t"])
    }).pipe(Effect.provide(quiet))
  )

  for (const maxEntries of [0, 2_000_000_000]) {
    it.scopedLive(`for a page that fits a message when asked for ${maxEntries}: ListVolumes`, () =>
      Effect.gen(function* () {
        const { put, box } = yield* seen<number>()
        const { client } = yield* driver({
          volumes: { list: (most) => Effect.as(put(most), { entries: [], nextToken: undefined }) }
        })
        yield* client.listVolumes({ maxEntries })
        assert.strictEqual(yield* Deferred.await(box), 10_000)
      }).pipe(Effect.provide(quiet))
    )
  }
})
