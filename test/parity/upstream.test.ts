import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import type { CsiClient, RpcFailure } from "../../src/adapters/csi/client.ts"
import { bytesOf } from "../../src/domain/Capacity.ts"
import { sizeBytesKey } from "../../src/domain/publishContext.ts"
import { blockCapability, mountCapability, oneGiB } from "../support/wiredDriver.ts"
import { noGoDriver } from "./support/goDriver.ts"
import { liveUnless } from "./support/needs.ts"
import type { CloudAndDriver } from "./support/onCloud.ts"
import { bothSides, outcomeOf, type Side, stateOf, withoutIds } from "./support/sides.ts"

const beside = liveUnless(noGoDriver)

type CreateSnapshotResponse = Effect.Effect.Success<ReturnType<CsiClient["createSnapshot"]>>
type CreateRequest = NonNullable<Parameters<CsiClient["createVolume"]>[0]>

const named = (name: string, request: CreateRequest = {}): CreateRequest => ({ name, ...oneGiB, ...request })

const volumeOf = (side: Side, name: string, request: CreateRequest = {}) =>
  Effect.map(side.csi.createVolume(named(name, request)), ({ volume }) => volume?.volumeId ?? "")

const snapshotOf = (
  side: Side,
  name: string,
  sourceVolumeId: string,
  parameters: Readonly<Record<string, string>> = {}
) =>
  Effect.map(
    side.csi.createSnapshot({ name, sourceVolumeId, parameters: new Map(Object.entries(parameters)) }),
    ({ snapshot }) => snapshot?.snapshotId ?? ""
  )

const absent = "6f1c7b2e-2f0a-4d7e-9d65-0b8e3a5f4c21"
const fromSnapshot = (snapshotId: string) => ({ type: { $case: "snapshot", value: { snapshotId } } }) as const
const fromVolume = (volumeId: string) => ({ type: { $case: "volume", value: { volumeId } } }) as const

/** Ours tells the time that Cinder has stored, the Go driver that of Cinder's first answer, a fraction of a second apart. */
const withoutTime = ({ snapshot }: CreateSnapshotResponse) => ({ ...snapshot, creationTime: undefined })

/** Ours also tells each volume's topology here, and the order is not promised. */
const listed = ({ csi }: Side) =>
  Effect.map(csi.listVolumes(), ({ entries }) =>
    entries
      .map(({ status, volume }) => ({ size: Number(volume?.capacityBytes), id: volume?.volumeId, status }))
      .sort((one, other) => one.size - other.size)
  )

type Calls = (side: Side) => Effect.Effect<unknown, RpcFailure | Error>

/** What the calls came to, with all that they left in OpenStack; ids are numbered. */
const toldBy = (calls: Calls) => (side: Side) =>
  Effect.map(Effect.all({ answers: calls(side), state: stateOf(side) }), withoutIds)

/** The same calls to both: what they answer and what they leave in OpenStack is the same, field by field. */
const same = (name: string, options: CloudAndDriver, calls: Calls) =>
  beside(
    name,
    Effect.gen(function* () {
      const { ours, go } = yield* bothSides(options)
      const told = toldBy(calls)
      assert.deepStrictEqual(yield* told(ours), yield* told(go))
    })
  )

/** The codes of both, where they differ on purpose: docs/migration.md says why. */
const differ = (name: string, options: CloudAndDriver, calls: Calls, ours: unknown, go: unknown) =>
  beside(
    name,
    Effect.gen(function* () {
      const sides = yield* bothSides(options)
      assert.deepStrictEqual({ ours: yield* calls(sides.ours), go: yield* calls(sides.go) }, { ours, go })
    })
  )

const zones = { volumeZones: [{ name: "north" }, { name: "south" }], serverZones: ["north", "south"] }
const inZone = (zone: string) => ({ segments: new Map([["topology.cinder.csi.openstack.org/zone", zone]]) })
const southFirst = {
  requisite: [inZone("north"), inZone("south")],
  preferred: [inZone("south"), inZone("north")]
}

describe("beside the Go driver, CreateVolume", () => {
  same("P-16 takes sizes as the Go driver does", {}, ({ csi }) =>
    Effect.forEach([undefined, 1n, bytesOf(1), bytesOf(1) + 1n, bytesOf(7)], (requiredBytes, index) =>
      outcomeOf(
        csi.createVolume(
          named(`pvc-${index}`, {
            capacityRange: requiredBytes === undefined ? undefined : { requiredBytes, limitBytes: 0n }
          })
        )
      )
    )
  )

  const requests: ReadonlyArray<CreateRequest> = [
    { parameters: new Map([["type", "slow"]]) },
    { parameters: new Map([["availability", "south"]]) },
    { parameters: new Map([["availability", "north"]]), accessibilityRequirements: southFirst },
    { accessibilityRequirements: southFirst },
    { accessibilityRequirements: { requisite: [inZone("south")], preferred: [] } },
    {
      parameters: new Map([
        ["csi.storage.k8s.io/pvc/name", "claim"],
        ["csi.storage.k8s.io/pvc/namespace", "team"],
        ["csi.storage.k8s.io/pv/name", "pvc-5"],
        ["multiattach", "true"],
        ["colour", "blue"]
      ])
    },
    { volumeCapabilities: [blockCapability()] },
    { volumeCapabilities: [mountCapability("xfs")] }
  ]
  const createAll = ({ csi }: Side) =>
    Effect.forEach(requests, (request, index) => outcomeOf(csi.createVolume(named(`pvc-${index}`, request))))
  const world = { ...zones, volumeTypes: [{ name: "fast" }, { name: "slow" }] }

  same(
    "P-16 writes the same name, description, metadata, type and zone",
    { world, flags: ["--cluster=blue"] },
    createAll
  )
  same("P-16 writes the cluster key without --cluster too", { world }, createAll)
  same("P-19 answers without topology if it is switched off", { world, flags: ["--with-topology=false"] }, createAll)
  same(
    "P-19 answers with the preferred zones under ignore-volume-az",
    {
      world,
      conf: (authUrl) =>
        `[Global]\nauth-url = ${authUrl}\nusername = csi\npassword = secret\ndomain-id = default\ntenant-name = csi\n` +
        "[BlockStorage]\nignore-volume-az = true\n"
    },
    createAll
  )

  same("P-17 answers a replay with the same volume, and another size with its code", {}, ({ csi }) =>
    Effect.all([
      outcomeOf(csi.createVolume(named("pvc-1"))),
      outcomeOf(csi.createVolume(named("pvc-1"))),
      outcomeOf(csi.createVolume(named("pvc-1", { capacityRange: { requiredBytes: bytesOf(2), limitBytes: 0n } })))
    ])
  )

  same("P-17 refuses what is malformed or has no source with the same codes", {}, ({ csi }) =>
    Effect.all([
      outcomeOf(csi.createVolume({ ...oneGiB })),
      outcomeOf(csi.createVolume({ name: "pvc-1" })),
      outcomeOf(csi.createVolume(named("pvc-1", { volumeContentSource: fromSnapshot(absent) }))),
      outcomeOf(csi.createVolume(named("pvc-1", { volumeContentSource: fromVolume(absent) })))
    ])
  )

  differ(
    "P-17 names a quota where the Go driver says that resources are exhausted",
    { world: { quotas: { volumes: 0 } } },
    ({ csi }) => outcomeOf(csi.createVolume(named("pvc-1"))),
    "FAILED_PRECONDITION",
    "RESOURCE_EXHAUSTED"
  )

  same("P-18 restores a snapshot and clones a volume, also once more", {}, (side) =>
    Effect.gen(function* () {
      const original = yield* volumeOf(side, "pvc-1")
      const snapshot = yield* snapshotOf(side, "snapshot-1", original)
      const requests = [
        named("restored", { volumeContentSource: fromSnapshot(snapshot) }),
        named("cloned", { volumeContentSource: fromVolume(original) })
      ]
      return yield* Effect.forEach([...requests, ...requests], (request) => outcomeOf(side.csi.createVolume(request)))
    })
  )
})

describe("beside the Go driver, a volume in use", () => {
  const publish = (side: Side, volumeId: string, node = 0) =>
    side.csi.controllerPublishVolume({
      volumeId,
      nodeId: side.nodeIds[node] ?? "",
      volumeCapability: mountCapability()
    })
  const unpublish = (side: Side, volumeId: string, node = 0) =>
    side.csi.controllerUnpublishVolume({ volumeId, nodeId: side.nodeIds[node] ?? "" })

  /** Our added key apart, the context of both is the same. */
  const contextOf = (side: Side, volumeId: string) =>
    Effect.map(publish(side, volumeId), ({ publishContext }) =>
      Object.fromEntries([...publishContext].filter(([key]) => key !== sizeBytesKey))
    )

  same("P-22 is attached with the same DevicePath, also once more", {}, (side) =>
    Effect.gen(function* () {
      const id = yield* volumeOf(side, "pvc-1")
      return [yield* contextOf(side, id), yield* contextOf(side, id), yield* listed(side)]
    })
  )

  same("P-22 is NOT_FOUND without its volume or server", {}, (side) =>
    Effect.gen(function* () {
      const id = yield* volumeOf(side, "pvc-1")
      return [
        yield* outcomeOf(publish(side, absent)),
        yield* outcomeOf(
          side.csi.controllerPublishVolume({ volumeId: id, nodeId: absent, volumeCapability: mountCapability() })
        )
      ]
    })
  )

  same("P-23 is detached, also if it or the server is gone", {}, (side) =>
    Effect.gen(function* () {
      const id = yield* volumeOf(side, "pvc-1")
      yield* publish(side, id)
      return [
        yield* outcomeOf(unpublish(side, id)),
        yield* outcomeOf(unpublish(side, id)),
        yield* outcomeOf(unpublish(side, id, 1)),
        yield* outcomeOf(unpublish(side, absent)),
        yield* outcomeOf(side.csi.controllerUnpublishVolume({ volumeId: id, nodeId: absent }))
      ]
    })
  )

  differ(
    "P-21 is not deleted while attached; ours says that a state forbids it",
    {},
    (side) =>
      Effect.gen(function* () {
        const id = yield* volumeOf(side, "pvc-1")
        yield* publish(side, id)
        return yield* outcomeOf(side.csi.deleteVolume({ volumeId: id }))
      }),
    "FAILED_PRECONDITION",
    "INTERNAL"
  )

  same("P-21 is deleted when it is free, also once more", {}, (side) =>
    Effect.gen(function* () {
      const id = yield* volumeOf(side, "pvc-1")
      return [
        yield* outcomeOf(side.csi.deleteVolume({ volumeId: id })),
        yield* outcomeOf(side.csi.deleteVolume({ volumeId: id })),
        yield* outcomeOf(side.csi.deleteVolume({ volumeId: absent }))
      ]
    })
  )

  same("P-27 grows offline and online, also once more, and says the same", {}, (side) =>
    Effect.gen(function* () {
      const id = yield* volumeOf(side, "pvc-1")
      const grow = (gib: number, limitBytes = 0n) =>
        outcomeOf(
          side.csi.controllerExpandVolume({ volumeId: id, capacityRange: { requiredBytes: bytesOf(gib), limitBytes } })
        )
      const offline = yield* grow(2)
      yield* publish(side, id)
      const online = yield* grow(3)
      const again = [yield* grow(3), yield* grow(2), yield* grow(5, bytesOf(4))]
      const missing = side.csi.controllerExpandVolume({ ...oneGiB, volumeId: absent })
      return [offline, online, ...again, yield* outcomeOf(missing)]
    })
  )

  same("P-15 is known by the ids of Cinder and Nova", {}, (side) =>
    Effect.gen(function* () {
      const id = yield* volumeOf(side, "pvc-1")
      yield* publish(side, id)
      const snapshot = yield* snapshotOf(side, "snapshot-1", id, { "force-create": "true" })
      const cinder = yield* side.world.cinder.showVolume(id)
      const cut = yield* side.world.cinder.showSnapshot(snapshot)
      const { entries } = yield* side.csi.listVolumes()
      return [cinder.id === id, cut.id === snapshot, entries[0]?.status?.publishedNodeIds, side.nodeIds[0]]
    })
  )
})

describe("beside the Go driver, snapshots", () => {
  const withMetadata = {
    "csi.storage.k8s.io/volumesnapshot/name": "mine",
    "csi.storage.k8s.io/volumesnapshot/namespace": "team",
    "csi.storage.k8s.io/volumesnapshotcontent/name": "content-1"
  }

  same("P-26 are written and answered the same", { flags: ["--cluster=blue"] }, (side) =>
    Effect.gen(function* () {
      const id = yield* volumeOf(side, "pvc-1")
      const other = yield* volumeOf(side, "pvc-2")
      const cut = (sourceVolumeId: string) => {
        const parameters = new Map(Object.entries(withMetadata))
        return outcomeOf(
          Effect.map(side.csi.createSnapshot({ name: "snapshot-1", sourceVolumeId, parameters }), withoutTime)
        )
      }
      return [yield* cut(id), yield* cut(id), yield* cut(other)]
    })
  )

  same("P-26 are listed by id, by volume and all together, and deleted", {}, (side) =>
    Effect.gen(function* () {
      const id = yield* volumeOf(side, "pvc-1")
      const snapshotId = yield* snapshotOf(side, "snapshot-1", id)
      return [
        yield* outcomeOf(side.csi.listSnapshots()),
        yield* outcomeOf(side.csi.listSnapshots({ snapshotId })),
        yield* outcomeOf(side.csi.listSnapshots({ sourceVolumeId: id })),
        yield* outcomeOf(side.csi.listSnapshots({ snapshotId: absent })),
        yield* outcomeOf(side.csi.deleteSnapshot({ snapshotId })),
        yield* outcomeOf(side.csi.deleteSnapshot({ snapshotId })),
        yield* outcomeOf(side.csi.listSnapshots())
      ]
    })
  )
})

describe("beside the Go driver, looking", () => {
  same("P-25 lists volumes of every origin", {}, (side) =>
    Effect.gen(function* () {
      yield* volumeOf(side, "pvc-1")
      yield* side.world.cinder.createVolume({ sizeGiB: 3 })
      return [yield* listed(side), yield* outcomeOf(side.csi.listVolumes({ maxEntries: -1 }))]
    })
  )

  same("P-28 shows one volume", {}, (side) =>
    Effect.gen(function* () {
      const volumeId = yield* volumeOf(side, "pvc-1")
      const { status, volume } = yield* side.csi.controllerGetVolume({ volumeId })
      return [
        { status, capacityBytes: volume?.capacityBytes, id: volume?.volumeId },
        yield* outcomeOf(side.csi.controllerGetVolume({ volumeId: absent })),
        yield* outcomeOf(
          side.csi.validateVolumeCapabilities({ volumeId: absent, volumeCapabilities: [mountCapability()] })
        )
      ]
    })
  )

  same("P-29 does not know a cloud of another name", {}, ({ csi }) =>
    outcomeOf(csi.createVolume(named("pvc-1", { secrets: new Map([["cloud", "elsewhere"]]) })))
  )

  beside(
    "P-14 announces at least what the Go driver does, under the same name",
    Effect.gen(function* () {
      const { ours, go } = yield* bothSides()
      const announced = ({ csi }: Side) =>
        Effect.gen(function* () {
          const { name } = yield* csi.getPluginInfo()
          const plugin = (yield* csi.getPluginCapabilities()).capabilities.map(({ type }) => JSON.stringify(type))
          const controller = (yield* csi.controllerGetCapabilities()).capabilities.map(({ type }) =>
            JSON.stringify(type)
          )
          return { name, all: [...plugin, ...controller] }
        })
      const [our, their] = [yield* announced(ours), yield* announced(go)]
      assert.strictEqual(our.name, their.name)
      assert.includeMembers(our.all, their.all)
    })
  )
})
