import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, LogLevel, TestClock } from "effect"
import { layerCloudMemory, layerInventoryMemory, World, WorldFault } from "../../src/adapters/memory/index.ts"
import { audit } from "../../src/domain/Audit.ts"
import { ClusterFailure } from "../../src/domain/clusterErrors.ts"
import { description } from "../../src/domain/decisions/plan.ts"
import { CloudFailure, UnknownPageToken } from "../../src/domain/errors.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { CloudInventory } from "../../src/ports/CloudInventory.ts"
import { record, rules, wanted } from "../support/audit.ts"
import { type ClusterRecords, clusterRecords } from "../support/clusterVolumes.ts"

const metadata = { "cinder.csi.openstack.org/cluster": "k8s" }

/** A project with two nodes in a World, and the records of a cluster. */
const inProject = <A, E>(
  test: (world: World["Type"], records: ClusterRecords, node: ServerId) => Effect.Effect<A, E, CloudInventory>
) =>
  Effect.gen(function* () {
    const world = yield* World
    const node = ServerId((yield* world.control.lookUpServer("node-1"))?.id ?? "")
    return yield* test(
      world,
      clusterRecords({ servers: [{ nodeName: "node-1", serverId: node, allocatable: undefined }] }),
      node
    )
  }).pipe(
    Effect.provide(
      Layer.provideMerge(layerInventoryMemory, layerCloudMemory({ servers: [{ name: "node-1" }, { name: "node-2" }] }))
    ),
    Logger.withMinimumLogLevel(LogLevel.None)
  )

const made = (world: World["Type"], name: string, more: object = {}) =>
  Effect.gen(function* () {
    const { id } = yield* world.cinder.createVolume({ name, description, sizeGiB: 1, metadata, ...more })
    yield* TestClock.adjust("1 minute")
    return VolumeId(id)
  })

const attachedTo = (world: World["Type"], server: string, volume: VolumeId) =>
  Effect.zipRight(world.nova.attachVolume(server, volume), TestClock.adjust("1 minute"))

/** What is found two days later. */
const later = (records: ClusterRecords | undefined, name = "") =>
  Effect.gen(function* () {
    yield* TestClock.adjust("2 days")
    const inventory = yield* CloudInventory
    return yield* audit(rules, [{ name, zoneMap: new Map(), inventory }], records?.port)
  })

const kindsOf = (findings: ReadonlyArray<{ readonly kind: string; readonly about: { readonly id: string } }>) =>
  findings.map(({ kind, about }) => [kind, about.id])

describe("an audit of a project and a cluster", () => {
  it.effect("finds what each has and the other does not", () =>
    inProject((world, records, node) =>
      Effect.gen(function* () {
        const used = yield* made(world, "pvc-1")
        yield* attachedTo(world, node, used)
        const orphan = yield* made(world, "pvc-2")
        const stray = yield* made(world, "pvc-3")
        yield* attachedTo(world, node, stray)
        const loose = yield* made(world, "pvc-4")
        records.set({
          volumes: [
            record({ volumeId: used, className: undefined }),
            record({ name: "pvc-3", volumeId: stray, className: undefined }),
            record({ name: "pvc-4", volumeId: loose, className: undefined }),
            record({ name: "pvc-5", volumeId: VolumeId("gone") })
          ],
          attachments: [wanted(), wanted({ name: "csi-4", volumeName: "pvc-4" })]
        })
        const { findings, notes } = yield* later(records)
        assert.deepStrictEqual(kindsOf(findings), [
          ["orphan-volume", orphan],
          ["missing-volume", "pvc-5"],
          ["unasked-attachment", stray],
          ["missing-attachment", "csi-4"]
        ])
        assert.deepStrictEqual(notes, [])
      })
    )
  )

  it.effect("names a server as vanished only on Nova's word, not for its absence from the list", () =>
    inProject((world, records) =>
      Effect.gen(function* () {
        const id = yield* made(world, "pvc-1")
        const server = (yield* world.control.lookUpServer("node-2"))?.id ?? ""
        yield* attachedTo(world, server, id)
        records.set({ volumes: [record({ volumeId: id, className: undefined })] })
        const inventory = yield* CloudInventory
        const listsNone = { ...inventory, servers: () => Effect.succeed({ items: [], next: undefined }) }
        const auditWith = (over: Partial<typeof inventory>) =>
          audit(rules, [{ name: "", zoneMap: new Map(), inventory: { ...listsNone, ...over } }], records.port)
        yield* TestClock.adjust("2 days")
        assert.deepStrictEqual(kindsOf((yield* auditWith({})).findings), [["unasked-attachment", id]])
        yield* world.faults.failCall({
          call: "showServer",
          fault: new WorldFault({ kind: "badRequest", status: 500, message: "cell down" }),
          times: 10
        })
        const unseen = yield* auditWith({})
        assert.deepStrictEqual(kindsOf(unseen.findings), [["unasked-attachment", id]])
        assert.include(unseen.notes.join(), "Nova gave no answer about 1 servers")
        yield* world.faults.clear
        yield* world.control.loseServer(server)
        yield* TestClock.adjust("2 days")
        assert.deepStrictEqual(kindsOf((yield* auditWith({})).findings), [["vanished-server", id]])
      })
    )
  )

  it.effect("does not name what comes or goes while it reads", () =>
    inProject((world, records) =>
      Effect.gen(function* () {
        const leaving = yield* made(world, "pvc-1")
        const coming = yield* made(world, "pvc-2")
        const one = record({ volumeId: leaving, className: undefined })
        const other = record({ name: "pvc-2", volumeId: coming, className: undefined })
        records.set({ volumes: [one] })
        const inventory = yield* CloudInventory
        const moved = {
          ...inventory,
          volumes: (page: Parameters<typeof inventory.volumes>[0]) =>
            Effect.tap(inventory.volumes(page), () => Effect.sync(() => records.set({ volumes: [other] })))
        }
        yield* TestClock.adjust("2 days")
        const { findings } = yield* audit(rules, [{ name: "", zoneMap: new Map(), inventory: moved }], records.port)
        assert.deepStrictEqual(findings, [])
      })
    )
  )

  it.effect("counts what other clusters have and what no driver made, and keeps none of it", () =>
    inProject((world, records) =>
      Effect.gen(function* () {
        yield* made(world, "pvc-1", { metadata: { "cinder.csi.openstack.org/cluster": "other" }, sizeGiB: 5 })
        yield* made(world, "by hand", { metadata: {}, description: undefined, sizeGiB: 2 })
        yield* made(world, "copy", { description: "copied by hand", sizeGiB: 3 })
        const { findings, clouds } = yield* later(records)
        assert.deepStrictEqual(findings, [])
        assert.deepStrictEqual(clouds[0]?.volumes, [])
        assert.deepStrictEqual([...(clouds[0]?.otherClusters ?? [])], [["other", { volumes: 1, sizeGiB: 5 }]])
        assert.deepStrictEqual(clouds[0]?.unmarked, { volumes: 2, sizeGiB: 5 })
      })
    )
  )

  it.effect("keeps what a PersistentVolume names, whoever made it", () =>
    inProject((world, records) =>
      Effect.gen(function* () {
        const given = yield* made(world, "by hand", { metadata: {}, description: undefined })
        records.set({ volumes: [record({ volumeId: given, className: undefined, capacityBytes: 2n * 1024n ** 3n })] })
        const { findings } = yield* later(records)
        assert.deepStrictEqual(kindsOf(findings), [["size-drift", given]])
      })
    )
  )

  it.effect("changes nothing: it makes requests that read, and no others", () =>
    inProject((world, records) =>
      Effect.gen(function* () {
        yield* made(world, "pvc-1")
        yield* world.calls.reset
        assert.strictEqual((yield* later(records)).findings.length, 1)
        assert.deepStrictEqual(yield* world.calls.counts, {
          listVolumes: 1,
          listSnapshots: 1,
          listBackups: 1,
          listServers: 1
        })
      })
    )
  )

  it.effect("begins a list anew whose page is lost, and gives up a list that changes too fast", () =>
    inProject((world, records) =>
      Effect.gen(function* () {
        const id = yield* made(world, "pvc-1")
        const inventory = yield* CloudInventory
        let lost = 2
        const losing = {
          ...inventory,
          volumes: (page: Parameters<typeof inventory.volumes>[0]) =>
            Effect.suspend(() => {
              if (page.marker === undefined) {
                return Effect.map(inventory.volumes(page), ({ items }) => ({ items, next: items.at(-1)?.id }))
              }
              lost -= 1
              return lost >= 0 ? new UnknownPageToken({ token: "" }) : Effect.succeed({ items: [], next: undefined })
            })
        }
        const run = audit(rules, [{ name: "", zoneMap: new Map(), inventory: losing }], records.port)
        yield* TestClock.adjust("2 days")
        assert.deepStrictEqual(kindsOf((yield* run).findings), [["orphan-volume", id]])
        lost = 100
        const failure = yield* Effect.flip(run)
        assert.strictEqual(
          failure.message,
          "Cinder could not list volumes: the list changed too fast to be read to its end; try again"
        )
      })
    )
  )

  it.effect("fails rather than tell half of it", () =>
    inProject((world, records) =>
      Effect.gen(function* () {
        yield* made(world, "pvc-1")
        const detail = "it is down"
        records.meanwhile.next = Effect.fail(new ClusterFailure({ operation: "list persistentvolumes", detail }))
        assert.strictEqual((yield* Effect.flip(later(records))).message, "could not list persistentvolumes: it is down")
        yield* world.faults.failCall({
          call: "listSnapshots",
          fault: new WorldFault({ kind: "forbidden", status: 403, message: "no" })
        })
        assert.include((yield* Effect.flip(later(records))).message, "list snapshots")
      })
    )
  )

  it.effect("goes on without backups where the cloud does not show what is written on them", () =>
    inProject((world, records) =>
      Effect.gen(function* () {
        const id = yield* made(world, "pvc-1")
        const inventory = yield* CloudInventory
        const old = {
          ...inventory,
          backups: () =>
            Effect.fail(
              new CloudFailure({
                service: "Cinder",
                operation: "list backups",
                reason: "unsupported",
                detail: "",
                requestId: undefined
              })
            )
        }
        yield* TestClock.adjust("2 days")
        const { findings, notes } = yield* audit(
          rules,
          [{ name: "", zoneMap: new Map(), inventory: old }],
          records.port
        )
        assert.deepStrictEqual(kindsOf(findings), [["orphan-volume", id]])
        assert.include(notes.join(), "orphan backups were not looked for")
      })
    )
  )
})
