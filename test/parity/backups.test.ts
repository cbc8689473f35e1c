import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect } from "effect"
import type { CsiClient } from "../../src/adapters/csi/client.ts"
import { bytesOf } from "../../src/domain/Capacity.ts"
import { cloudConf, live, mountCapability, oneGiB, startWired } from "../support/wiredDriver.ts"
import { onCloud, startCloud } from "./support/onCloud.ts"

const controllerOnly = ["--provide-node-service=false", "--cluster=blue"]

/** A driver of its own for these calls, which ends with them. */
const withDriver = <A, E>(conf: string, calls: (csi: CsiClient) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(startWired(conf, controllerOnly), ({ csi }) => calls(csi)))

const aVolume = (csi: CsiClient, name = "pvc-1") =>
  Effect.map(csi.createVolume({ name, ...oneGiB }), ({ volume }) => volume?.volumeId ?? "")

const backUp = (csi: CsiClient, sourceVolumeId: string, parameters: Readonly<Record<string, string>> = {}) =>
  Effect.map(
    csi.createSnapshot({
      sourceVolumeId,
      name: "snapshot-1",
      parameters: new Map(Object.entries({ type: "backup", ...parameters }))
    }),
    ({ snapshot }) => ({ id: snapshot?.snapshotId ?? "", ready: snapshot?.readyToUse, snapshot })
  )

const fromSnapshot = (snapshotId: string) => ({ type: { $case: "snapshot", value: { snapshotId } } }) as const

const restore = (csi: CsiClient, snapshotId: string, name = "restored") =>
  csi.createVolume({
    name,
    capacityRange: { requiredBytes: bytesOf(2), limitBytes: 0n },
    volumeCapabilities: [mountCapability()],
    volumeContentSource: fromSnapshot(snapshotId)
  })

const ignoring = {
  conf: (authUrl: string) => `${cloudConf(authUrl)}[BlockStorage]\nignore-volume-microversion = true\n`
}

describe("backups behind snapshots", () => {
  live(
    "P-26 a backup is made by way of a temporary snapshot, over restarts of the driver",
    Effect.gen(function* () {
      const { world, conf } = yield* startCloud()
      yield* world.faults.freeze("backup")
      const told = {
        "csi.storage.k8s.io/volumesnapshot/name": "nightly",
        "csi.storage.k8s.io/volumesnapshot/namespace": "shop",
        "csi.storage.k8s.io/volumesnapshotcontent/name": "snapcontent-1"
      }
      const parameters = { ...told, "force-create": "true", availability: "az2" }
      const volumeId = yield* withDriver(conf, (csi) => aVolume(csi))
      const first = yield* withDriver(conf, (csi) => backUp(csi, volumeId, parameters))
      assert.isFalse(first.ready)
      const second = yield* withDriver(conf, (csi) => backUp(csi, volumeId, parameters))
      assert.deepStrictEqual(second, first)
      yield* world.faults.release("backup")
      const last = yield* withDriver(conf, (csi) => backUp(csi, volumeId, parameters))
      assert.deepStrictEqual(last.snapshot, { ...first.snapshot, readyToUse: true })

      assert.deepStrictEqual((yield* world.cinder.listSnapshots({})).rows, [])
      const { rows } = yield* world.cinder.listBackups({})
      assert.deepStrictEqual(
        rows.map(({ id, name, description, metadata, zone }) => ({ id, name, description, metadata, zone })),
        [
          {
            id: first.id,
            name: "snapshot-1",
            description: "Created by OpenStack Cinder CSI driver",
            metadata: { ...told, "cinder.csi.openstack.org/cluster": "blue", type: "backup" },
            zone: "az2"
          }
        ]
      )
    })
  )

  live(
    "P-26 a backup is listed with its true state, and deleted with what it was made of",
    Effect.gen(function* () {
      const { world, csi } = yield* onCloud()
      const volumeId = yield* aVolume(csi)
      yield* world.faults.freeze("backup")
      const { id, snapshot } = yield* backUp(csi, volumeId)
      const byId = Effect.map(csi.listSnapshots({ snapshotId: id }), ({ entries }) =>
        entries.map((row) => row.snapshot)
      )
      assert.deepStrictEqual(yield* byId, [snapshot])
      assert.strictEqual((yield* Effect.flip(csi.deleteSnapshot({ snapshotId: id }))).code, status.UNAVAILABLE)
      yield* world.faults.release("backup")
      assert.isTrue((yield* byId)[0]?.readyToUse)
      const ofVolume = yield* csi.listSnapshots({ sourceVolumeId: volumeId })
      assert.include(
        ofVolume.entries.map((row) => row.snapshot?.snapshotId),
        id
      )
      yield* csi.deleteSnapshot({ snapshotId: id })
      assert.deepStrictEqual(yield* byId, [])
      assert.deepStrictEqual((yield* world.cinder.listSnapshots({})).rows, [])
      assert.deepStrictEqual((yield* world.cinder.listBackups({})).rows, [])
      yield* csi.deleteSnapshot({ snapshotId: id })
    })
  )

  live(
    "P-26 a backup that fails is explained, and its VolumeSnapshot can be deleted and taken anew",
    Effect.gen(function* () {
      const { world, csi } = yield* onCloud()
      const volumeId = yield* aVolume(csi)
      yield* world.faults.failWork({ work: "backup", outcome: "fails" })
      yield* world.faults.freeze("backup")
      const { id } = yield* backUp(csi, volumeId)
      yield* world.faults.release("backup")
      const failure = yield* Effect.flip(backUp(csi, volumeId))
      assert.strictEqual(failure.code, status.FAILED_PRECONDITION)
      assert.include(failure.details, "Backup driver failed to create backup.")
      assert.deepStrictEqual((yield* world.cinder.listSnapshots({})).rows, [])
      yield* csi.deleteSnapshot({ snapshotId: id })
      assert.isTrue((yield* backUp(csi, volumeId)).ready)
    })
  )

  live(
    "P-26 the name of another volume's backup is refused, as are bad parameters",
    Effect.gen(function* () {
      const { csi } = yield* onCloud()
      const volumeId = yield* aVolume(csi)
      yield* backUp(csi, volumeId)
      const other = yield* aVolume(csi, "pvc-2")
      assert.strictEqual((yield* Effect.flip(backUp(csi, other))).code, status.ALREADY_EXISTS)
      const refused = yield* Effect.flip(backUp(csi, volumeId, { "backup-max-duration-seconds-per-gb": "soon" }))
      assert.strictEqual(refused.code, status.INVALID_ARGUMENT)
    })
  )

  live(
    "P-26 a backup is not taken for deleted while Cinder's backup service is away",
    Effect.gen(function* () {
      const { world, cloud, csi } = yield* onCloud()
      const { id } = yield* backUp(csi, yield* aVolume(csi))
      const message = "Service cinder-backup could not be found."
      yield* cloud.faults.add({
        method: "DELETE",
        path: /\/backups\//,
        status: 404,
        body: { itemNotFound: { code: 404, message } }
      })
      const failure = yield* Effect.flip(csi.deleteSnapshot({ snapshotId: id }))
      assert.strictEqual(failure.code, status.UNAVAILABLE)
      assert.include(failure.details, message)
      assert.strictEqual((yield* world.cinder.listBackups({})).rows.length, 1)
    })
  )

  live(
    "P-18 restores a snapshot id that is really a backup, and names it as the source at each repetition",
    Effect.gen(function* () {
      const { world, cloud, csi } = yield* onCloud()
      const { id } = yield* backUp(csi, yield* aVolume(csi))
      const first = yield* restore(csi, id)
      assert.deepStrictEqual(first.volume?.contentSource, fromSnapshot(id))
      assert.strictEqual(first.volume?.volumeContext.get("cinder.csi.openstack.org/resizeRequired"), "true")
      assert.deepStrictEqual(yield* restore(csi, id), first)
      const made = yield* world.cinder.showVolume(first.volume?.volumeId ?? "")
      assert.deepStrictEqual([made.sizeGiB, made.metadata["src_backup_id"]], [2, id])
      const absent = yield* Effect.flip(restore(csi, "00000000-0000-4000-8000-000000000000", "other"))
      assert.strictEqual(absent.code, status.NOT_FOUND)
      yield* cloud.faults.add({ method: "GET", path: /\/backups\//, status: 500 })
      assert.strictEqual(
        (yield* Effect.flip(restore(csi, id, "another"))).code,
        status.UNAVAILABLE,
        "a backup that cannot be looked at may exist"
      )
    })
  )
})

describe("clouds of few microversions", () => {
  live(
    "P-12 ignore-volume-microversion asks for none, and what needs one is refused with the name of the key",
    Effect.gen(function* () {
      const { cloud, world, csi, nodeIds } = yield* onCloud({ ...ignoring, http: { microversions: { volume: "3.0" } } })
      const volumeId = yield* aVolume(csi)
      const grow = (gib: number) =>
        csi.controllerExpandVolume({ volumeId, capacityRange: { requiredBytes: bytesOf(gib), limitBytes: 0n } })
      yield* grow(2)
      yield* csi.controllerPublishVolume({
        volumeId,
        nodeId: nodeIds[0] ?? "",
        volumeCapability: mountCapability()
      })
      const refused = [yield* Effect.flip(grow(3)), yield* Effect.flip(backUp(csi, volumeId))]
      const { id } = yield* world.cinder.createBackup({ volumeId, force: true })
      refused.push(yield* Effect.flip(restore(csi, id)))
      for (const { code, details } of refused) {
        assert.strictEqual(code, status.FAILED_PRECONDITION)
        assert.match(details, /needs microversion 3\.\d+, and ignore-volume-microversion in \[BlockStorage\]/)
      }
      assert.deepStrictEqual((yield* world.cinder.listSnapshots({})).rows, [])
      const { entries } = yield* csi.listSnapshots({ snapshotId: id })
      assert.strictEqual(entries[0]?.snapshot?.sizeBytes, bytesOf(2))
      yield* csi.deleteSnapshot({ snapshotId: id })
      const seen = yield* cloud.requests.recent
      assert.deepStrictEqual(
        seen.filter(({ service, microversion }) => service === "volume" && microversion !== undefined),
        []
      )
    })
  )

  live(
    "P-12 a cloud that is too old for a request is named as the reason",
    Effect.gen(function* () {
      const { world, csi } = yield* onCloud({ http: { microversions: { volume: "3.43" } } })
      const { id, ready } = yield* backUp(csi, yield* aVolume(csi))
      assert.isTrue(ready)
      const failures = [
        yield* Effect.flip(restore(csi, id)),
        yield* Effect.flip(
          csi.createSnapshot({
            name: "zoned",
            sourceVolumeId: yield* aVolume(csi),
            parameters: new Map([
              ["type", "backup"],
              ["availability", "nova"]
            ])
          })
        )
      ]
      for (const { code, details } of failures) {
        assert.strictEqual(code, status.FAILED_PRECONDITION)
        assert.match(details, /Version 3\.\d+ is not supported by the API\..*maximum is 3\.43/)
      }
      assert.deepStrictEqual((yield* world.cinder.listSnapshots({})).rows, [])
      assert.deepStrictEqual((yield* world.cinder.listVolumes({ name: "restored" })).rows, [])
    })
  )
})
