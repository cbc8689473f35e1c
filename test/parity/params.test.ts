import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect, Logger, LogLevel } from "effect"
import type { CsiClient } from "../../src/adapters/csi/client.ts"
import { bytesOf } from "../../src/domain/Capacity.ts"
import { capturedLogs } from "../adapters/csi/stubs.ts"
import { blockCapability, live, mountCapability, oneGiB } from "../support/wiredDriver.ts"
import { onCloud } from "./support/onCloud.ts"

type CreateRequest = NonNullable<Parameters<CsiClient["createVolume"]>[0]>

const created = (csi: CsiClient, name: string, request: CreateRequest = {}) =>
  Effect.map(csi.createVolume({ name, ...oneGiB, ...request }), ({ volume }) => ({
    id: volume?.volumeId ?? "",
    bytes: volume?.capacityBytes,
    context: Object.fromEntries(volume?.volumeContext ?? [])
  }))

const withParameters = (parameters: Readonly<Record<string, string>>): CreateRequest => ({
  parameters: new Map(Object.entries(parameters))
})

const cut = (csi: CsiClient, name: string, sourceVolumeId: string, parameters: Readonly<Record<string, string>>) =>
  Effect.map(
    csi.createSnapshot({ name, sourceVolumeId, parameters: new Map(Object.entries(parameters)) }),
    ({ snapshot }) => snapshot?.snapshotId ?? ""
  )

/** The one key that ours adds. */
const madeEmpty = { "cinder.csi.openstack.org/createdEmpty": "true" }

const claim = {
  "csi.storage.k8s.io/pvc/name": "claim",
  "csi.storage.k8s.io/pvc/namespace": "team",
  "csi.storage.k8s.io/pv/name": "pvc-1"
}

describe("what CreateVolume makes of a StorageClass", () => {
  live(
    "P-16 names, describes and marks a volume as the Go driver does",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud({ flags: ["--cluster=blue"] })
      const { id, context } = yield* created(csi, "pvc-1", withParameters(claim))
      const { description, metadata, name } = yield* world.cinder.showVolume(id)
      assert.deepStrictEqual(
        { name, description, metadata },
        {
          name: "pvc-1",
          description: "Created by OpenStack Cinder CSI driver",
          metadata: { "cinder.csi.openstack.org/cluster": "blue", ...claim }
        }
      )
      assert.deepStrictEqual(context, madeEmpty)
    })
  )

  live(
    "P-16 writes the cluster key also where it is empty",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud()
      const { id } = yield* created(csi, "pvc-1")
      const { metadata } = yield* world.cinder.showVolume(id)
      assert.deepStrictEqual(metadata, { "cinder.csi.openstack.org/cluster": "" })
    })
  )

  live(
    "P-16 rounds sizes up to whole GiB, one without a request",
    Effect.gen(function* () {
      const { csi } = yield* onCloud()
      const sizeOf = (name: string, requiredBytes: bigint | undefined) =>
        Effect.map(
          created(csi, name, {
            capacityRange: requiredBytes === undefined ? undefined : { requiredBytes, limitBytes: 0n }
          }),
          ({ bytes }) => bytes
        )
      assert.strictEqual(yield* sizeOf("none", undefined), bytesOf(1))
      assert.strictEqual(yield* sizeOf("least", 1n), bytesOf(1))
      assert.strictEqual(yield* sizeOf("whole", bytesOf(2)), bytesOf(2))
      assert.strictEqual(yield* sizeOf("more", bytesOf(2) + 1n), bytesOf(3))
    })
  )

  live(
    "P-16 asks for the type by name or id and for the zone of availability",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud({
        world: {
          volumeTypes: [{ name: "fast" }, { name: "slow" }],
          volumeZones: [{ name: "north" }, { name: "south" }]
        }
      })
      const [, slow] = yield* world.cinder.listVolumeTypes
      const byName = yield* created(csi, "by-name", withParameters({ type: "slow", availability: "south" }))
      const byId = yield* created(csi, "by-id", withParameters({ type: slow?.id ?? "", availability: "north" }))
      const shown = (id: string) => Effect.map(world.cinder.showVolume(id), ({ type, zone }) => ({ type, zone }))
      assert.deepStrictEqual(yield* shown(byName.id), { type: "slow", zone: "south" })
      assert.deepStrictEqual(yield* shown(byId.id), { type: "slow", zone: "north" })
      const again = yield* created(csi, "by-id", withParameters({ type: slow?.id ?? "", availability: "north" }))
      assert.strictEqual(again.id, byId.id)
    })
  )

  live(
    "P-16 has resizeRequired alone in the context of a copy, at first and again",
    Effect.gen(function* () {
      const { csi } = yield* onCloud()
      const { id } = yield* created(csi, "pvc-1")
      const snapshotId = yield* cut(csi, "snapshot-1", id, {})
      for (const source of [
        { type: { $case: "snapshot", value: { snapshotId } } },
        { type: { $case: "volume", value: { volumeId: id } } }
      ] as const) {
        for (const _ of ["first", "again"]) {
          const { context } = yield* created(csi, `from-${source.type.$case}`, { volumeContentSource: source })
          assert.deepStrictEqual(context, { "cinder.csi.openstack.org/resizeRequired": "true" })
        }
      }
    })
  )

  live(
    "P-16 tolerates unknown parameters, logs each once, and says nothing of those for the provisioner",
    Effect.gen(function* () {
      const { layer, lines } = capturedLogs()
      yield* Effect.gen(function* () {
        const { csi } = yield* onCloud()
        const parameters = { multiattach: "true", fsType: "xfs", "csi.storage.k8s.io/fstype": "xfs", fstype: "xfs" }
        yield* created(csi, "pvc-1", withParameters(parameters))
        yield* created(csi, "pvc-2", withParameters(parameters))
      }).pipe(Effect.provide(layer), Logger.withMinimumLogLevel(LogLevel.Info))
      const about = lines.filter((line) => line.includes("means nothing"))
      assert.strictEqual(about.length, 1)
      assert.include(about.join(), "multiattach")
    })
  )
})

describe("newer parameters", () => {
  const append = (metadata: unknown) => ({ appendVolumeMetadata: JSON.stringify(metadata) })

  live(
    "P-43 appendVolumeMetadata adds to the metadata of volumes and snapshots, and a replay does not compare it",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud({ flags: ["--cluster=blue"] })
      const own = { "cinder.csi.openstack.org/cluster": "blue" }
      const { id } = yield* created(csi, "pvc-1", withParameters({ ...claim, ...append({ team: "storage" }) }))
      assert.deepStrictEqual((yield* world.cinder.showVolume(id)).metadata, { ...own, ...claim, team: "storage" })
      const again = yield* created(csi, "pvc-1", withParameters({ ...claim, ...append({ team: "other" }) }))
      assert.strictEqual(again.id, id)
      const snapshotId = yield* cut(csi, "snapshot-1", id, append({ kept: "a year" }))
      assert.deepStrictEqual((yield* world.cinder.showSnapshot(snapshotId)).metadata, { ...own, kept: "a year" })
      assert.strictEqual(yield* cut(csi, "snapshot-1", id, append({})), snapshotId)
    })
  )

  live(
    "P-43 a malformed appendVolumeMetadata is INVALID_ARGUMENT, and nothing is made",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud()
      const bad = ["team=storage", "[]", '{"a": 1}', '{"a;b": "c"}', '{"cinder.csi.openstack.org/cluster": "red"}']
      for (const text of bad) {
        const refusal = yield* Effect.flip(created(csi, "pvc-1", withParameters({ appendVolumeMetadata: text })))
        assert.strictEqual(refusal.code, status.INVALID_ARGUMENT, text)
        assert.include(refusal.details, "appendVolumeMetadata")
      }
      const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
      const refusal = yield* Effect.flip(cut(csi, "snapshot-1", id, { appendVolumeMetadata: "[]" }))
      assert.strictEqual(refusal.code, status.INVALID_ARGUMENT)
      assert.strictEqual((yield* world.cinder.listVolumes({})).rows.length, 1)
      assert.strictEqual((yield* world.cinder.listSnapshots({})).rows.length, 0)
    })
  )

  for (const key of ["mkfs-options", "mkfsOptions"]) {
    live(
      `P-43 ${key} goes to the node in the volume context, at first and again`,
      Effect.gen(function* () {
        const { csi } = yield* onCloud()
        const options = { [key]: "-E nodiscard,-O ^metadata_csum" }
        assert.deepStrictEqual((yield* created(csi, "pvc-1", withParameters(options))).context, {
          ...options,
          ...madeEmpty
        })
        assert.deepStrictEqual((yield* created(csi, "pvc-1", withParameters(options))).context, {
          ...options,
          ...madeEmpty
        })
      })
    )
  }

  live(
    "P-43 options that mkfs would not get are INVALID_ARGUMENT with key, part and what is accepted",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud()
      const refused = (parameters: Readonly<Record<string, string>>, fsType = "ext4") =>
        Effect.flip(
          created(csi, "pvc-1", { ...withParameters(parameters), volumeCapabilities: [mountCapability(fsType)] })
        )
      const refusal = yield* refused({ "mkfs-options": "-E nodiscard,-d /etc" })
      assert.strictEqual(refusal.code, status.INVALID_ARGUMENT)
      assert.match(
        refusal.details,
        /parameters\["mkfs-options"\] holds "-d \/etc": -d may not be set .* accepted: -b, -C/
      )
      assert.strictEqual((yield* refused({ mkfsOptions: "-O ^metadata_csum" }, "xfs")).code, status.INVALID_ARGUMENT)
      const both = yield* refused({ mkfsOptions: "-K", "mkfs-options": "-D" })
      assert.match(both.details, /differs from "mkfsOptions"/)
      assert.deepStrictEqual((yield* world.cinder.listVolumes({})).rows, [])
    })
  )

  live(
    "P-43 a raw volume of a class with options for mkfs is made all the same",
    Effect.gen(function* () {
      const { csi } = yield* onCloud()
      const request = { ...withParameters({ mkfsOptions: "-K" }), volumeCapabilities: [blockCapability()] }
      assert.isNotEmpty((yield* created(csi, "pvc-1", request)).id)
    })
  )
})
