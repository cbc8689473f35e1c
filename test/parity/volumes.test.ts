import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect } from "effect"
import type { CsiClient } from "../../src/adapters/csi/client.ts"
import type { OpenStackHttp } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { bytesOf } from "../../src/domain/Capacity.ts"
import { live, mountCapability, oneGiB } from "../support/wiredDriver.ts"
import { onCloud } from "./support/onCloud.ts"

const absent = "6f1c7b2e-2f0a-4d7e-9d65-0b8e3a5f4c21"

const made = (csi: CsiClient, name: string, parameters: Readonly<Record<string, string>> = {}) =>
  Effect.map(
    csi.createVolume({ name, ...oneGiB, parameters: new Map(Object.entries(parameters)) }),
    ({ volume }) => volume?.volumeId ?? ""
  )

const attached = (csi: CsiClient, volumeId: string, nodeId: string) =>
  csi.controllerPublishVolume({ volumeId, nodeId, volumeCapability: mountCapability() })

/** Requests of one kind, newest last. */
const asked = ({ requests }: OpenStackHttp, method: string, path: RegExp) =>
  Effect.map(requests.recent, (all) => all.filter((request) => request.method === method && path.test(request.target)))

describe("volumes in OpenStack", () => {
  live(
    "P-15 has the ids of Cinder and Nova as its own",
    Effect.gen(function* () {
      const { csi, world, nodeIds } = yield* onCloud()
      const id = yield* made(csi, "pvc-1")
      assert.strictEqual((yield* world.cinder.showVolume(id)).name, "pvc-1")
      yield* attached(csi, id, nodeIds[0] ?? "")
      const { entries } = yield* csi.listVolumes()
      assert.deepStrictEqual(entries[0]?.status?.publishedNodeIds, [nodeIds[0]])
      const { snapshot } = yield* csi.createSnapshot({
        name: "snapshot-1",
        sourceVolumeId: id,
        parameters: new Map([["force-create", "true"]])
      })
      assert.strictEqual((yield* world.cinder.showSnapshot(snapshot?.snapshotId ?? "")).volumeId, id)
    })
  )

  live(
    "P-15 works on volumes and snapshots that somebody else has made",
    Effect.gen(function* () {
      const { csi, world, nodeIds } = yield* onCloud()
      const foreign = yield* world.cinder.createVolume({ sizeGiB: 1 })
      const cut = yield* world.cinder.createSnapshot({ volumeId: foreign.id })
      yield* attached(csi, foreign.id, nodeIds[0] ?? "")
      yield* csi.controllerUnpublishVolume({ volumeId: foreign.id, nodeId: nodeIds[0] ?? "" })
      yield* csi.deleteSnapshot({ snapshotId: cut.id })
      yield* csi.deleteVolume({ volumeId: foreign.id })
      assert.deepStrictEqual((yield* world.cinder.listVolumes({})).rows, [])
    })
  )

  live(
    "P-17 answers a replay with the same volume and another size with ALREADY_EXISTS",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud()
      const id = yield* made(csi, "pvc-1")
      assert.strictEqual(yield* made(csi, "pvc-1"), id)
      const larger = { ...oneGiB, capacityRange: { requiredBytes: bytesOf(2), limitBytes: 0n } }
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...larger }))
      assert.strictEqual(refusal.code, status.ALREADY_EXISTS)
      assert.strictEqual((yield* world.cinder.listVolumes({})).rows.length, 1)
    })
  )

  live(
    "P-17 has upstream's codes for what is malformed, and FAILED_PRECONDITION for a quota",
    Effect.gen(function* () {
      const { csi } = yield* onCloud({ world: { quotas: { volumes: 0 } } })
      const codeOf = (request: Parameters<CsiClient["createVolume"]>[0]) =>
        Effect.map(Effect.flip(csi.createVolume(request)), ({ code }) => status[code])
      assert.deepStrictEqual(
        {
          noName: yield* codeOf(oneGiB),
          noCapabilities: yield* codeOf({ name: "pvc-1" }),
          noSnapshot: yield* codeOf({
            name: "pvc-1",
            ...oneGiB,
            volumeContentSource: { type: { $case: "snapshot", value: { snapshotId: absent } } }
          }),
          noVolume: yield* codeOf({
            name: "pvc-1",
            ...oneGiB,
            volumeContentSource: { type: { $case: "volume", value: { volumeId: absent } } }
          }),
          quota: yield* codeOf({ name: "pvc-1", ...oneGiB })
        },
        {
          noName: "INVALID_ARGUMENT",
          noCapabilities: "INVALID_ARGUMENT",
          noSnapshot: "NOT_FOUND",
          noVolume: "NOT_FOUND",
          quota: "FAILED_PRECONDITION"
        }
      )
    })
  )

  live(
    "P-17 is pending while its source is not ready, and makes nothing",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud()
      const source = yield* made(csi, "pvc-1")
      yield* world.faults.freeze("snapshot")
      const cut = yield* world.cinder.createSnapshot({ volumeId: source })
      const refusal = yield* Effect.flip(
        csi.createVolume(
          {
            name: "pvc-2",
            ...oneGiB,
            volumeContentSource: { type: { $case: "snapshot", value: { snapshotId: cut.id } } }
          },
          { timeout: "2 seconds" }
        )
      )
      assert.include([status.UNAVAILABLE, status.DEADLINE_EXCEEDED], refusal.code)
      assert.strictEqual((yield* world.cinder.listVolumes({ name: "pvc-2" })).rows.length, 0)
    })
  )

  live(
    "P-21 deletes an absent volume and refuses one that is attached",
    Effect.gen(function* () {
      const { csi, world, nodeIds } = yield* onCloud()
      yield* csi.deleteVolume({ volumeId: absent })
      const id = yield* made(csi, "pvc-1")
      yield* attached(csi, id, nodeIds[0] ?? "")
      assert.strictEqual((yield* Effect.flip(csi.deleteVolume({ volumeId: id }))).code, status.FAILED_PRECONDITION)
      assert.strictEqual((yield* world.cinder.showVolume(id)).status, "in-use")
    })
  )

  live(
    "P-22 attaches once for one node, with DevicePath in the context",
    Effect.gen(function* () {
      const { csi, world, cloud, nodeIds } = yield* onCloud()
      const nodeId = nodeIds[0] ?? ""
      const id = yield* made(csi, "pvc-1")
      const first = yield* attached(csi, id, nodeId)
      const device = (yield* world.nova.showServerVolume(nodeId, id)).device
      assert.strictEqual(first.publishContext.get("DevicePath"), device)
      assert.deepStrictEqual((yield* attached(csi, id, nodeId)).publishContext, first.publishContext)
      assert.strictEqual((yield* asked(cloud, "POST", /os-volume_attachments$/)).length, 1)
    })
  )

  live(
    "P-22 is NOT_FOUND without the volume or the server",
    Effect.gen(function* () {
      const { csi, nodeIds } = yield* onCloud()
      assert.strictEqual((yield* Effect.flip(attached(csi, absent, nodeIds[0] ?? ""))).code, status.NOT_FOUND)
      const id = yield* made(csi, "pvc-1")
      assert.strictEqual((yield* Effect.flip(attached(csi, id, absent))).code, status.NOT_FOUND)
    })
  )

  live(
    "P-22 speaks microversion 2.60 to attach a multi-attach volume",
    Effect.gen(function* () {
      const { csi, cloud, nodeIds } = yield* onCloud({
        world: { volumeTypes: [{ name: "shared", multiattach: true }] }
      })
      yield* attached(csi, yield* made(csi, "pvc-1", { type: "shared" }), nodeIds[0] ?? "")
      const [request] = yield* asked(cloud, "POST", /os-volume_attachments$/)
      assert.match(request?.microversion ?? "", /2\.60$/)
    })
  )

  live(
    "P-23 succeeds for what is not attached there: no volume, no server, another server",
    Effect.gen(function* () {
      const { csi, world, nodeIds } = yield* onCloud()
      const [one = "", two = ""] = nodeIds
      const id = yield* made(csi, "pvc-1")
      yield* csi.controllerUnpublishVolume({ volumeId: absent, nodeId: one })
      yield* csi.controllerUnpublishVolume({ volumeId: id, nodeId: absent })
      yield* csi.controllerUnpublishVolume({ volumeId: id, nodeId: one })
      yield* attached(csi, id, one)
      yield* csi.controllerUnpublishVolume({ volumeId: id, nodeId: two })
      assert.deepStrictEqual(
        (yield* world.cinder.showVolume(id)).attachments.map(({ serverId }) => serverId),
        [one]
      )
    })
  )

  live(
    "P-27 grows in use with microversion 3.42 and otherwise as it may, once for each size",
    Effect.gen(function* () {
      const { csi, world, cloud, nodeIds } = yield* onCloud()
      const id = yield* made(csi, "pvc-1")
      const grow = (gib: number, limitBytes = 0n) =>
        csi.controllerExpandVolume({ volumeId: id, capacityRange: { requiredBytes: bytesOf(gib), limitBytes } })
      const offline = yield* grow(2)
      yield* attached(csi, id, nodeIds[0] ?? "")
      const online = yield* grow(3)
      const again = yield* grow(3)
      assert.deepStrictEqual(
        [offline, online, again].map(({ capacityBytes, nodeExpansionRequired }) => [
          capacityBytes,
          nodeExpansionRequired
        ]),
        [
          [bytesOf(2), true],
          [bytesOf(3), true],
          [bytesOf(3), true]
        ]
      )
      const requests = yield* asked(cloud, "POST", /\/action$/)
      assert.strictEqual(requests.length, 2)
      assert.match(requests[1]?.microversion ?? "", /3\.(4[2-9]|[5-9]\d)$/)
      assert.strictEqual((yield* world.cinder.showVolume(id)).sizeGiB, 3)
      assert.strictEqual((yield* Effect.flip(grow(5, bytesOf(4)))).code, status.OUT_OF_RANGE)
      const gone = yield* Effect.flip(csi.controllerExpandVolume({ ...oneGiB, volumeId: absent }))
      assert.strictEqual(gone.code, status.NOT_FOUND)
    })
  )
})
