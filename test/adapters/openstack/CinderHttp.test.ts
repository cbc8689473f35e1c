import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { BackupId } from "../../../src/domain/Backup.ts"
import { noHints } from "../../../src/domain/SchedulerHints.ts"
import { SnapshotId } from "../../../src/domain/Snapshot.ts"
import { type Volume, VolumeId } from "../../../src/domain/Volume.ts"
import { Cinder, type NewBackup, type NewSnapshot, type NewVolume } from "../../../src/ports/Cinder.ts"
import { cinderPath, fakeCloud, fault, openStackAt, wireVolume } from "../../support/fakeCloud.ts"
import { inTurn, type Reply, type Script, type ScriptedServer } from "../../support/ScriptedServer.ts"

const withCinder = <A, E>(
  script: Script,
  test: (cinder: Cinder["Type"], server: ScriptedServer) => Effect.Effect<A, E>
) =>
  Effect.flatMap(fakeCloud(script), (server) =>
    Effect.flatMap(Cinder, (cinder) => test(cinder, server)).pipe(Effect.provide(openStackAt(server.url)))
  )

const wireSnapshot = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  name: "snap-1",
  status: "available",
  volume_id: "v1",
  size: 2,
  created_at: "2026-11-23T17:23:14.089334",
  updated_at: null,
  description: null,
  metadata: { a: "b" },
  group_snapshot_id: null,
  user_id: "u",
  "os-extended-snapshot-attributes:progress": "100%",
  ...more
})

const spec: NewVolume = {
  name: "pvc-1",
  description: "made by a test",
  sizeGiB: 3,
  zone: "nova",
  volumeType: "fast",
  source: { _tag: "snapshot", id: SnapshotId("s1") },
  hints: noHints,
  metadata: { "cinder.csi.openstack.org/cluster": "k" }
}
const newSnapshot: NewSnapshot = { volumeId: VolumeId("v1"), name: "snap-1", description: "d", metadata: { a: "b" } }
const volumesPage = (ids: ReadonlyArray<string>, more: boolean): Reply => ({
  status: 200,
  body: {
    volumes: ids.map((id) => wireVolume(id)),
    ...(more ? { volumes_links: [{ rel: "next", href: "http://inside:1/v3/volumes/detail?marker=elsewhere" }] } : {})
  }
})
const genericNotFound = fault(404, "itemNotFound", "The resource could not be found.")
const volumeGone = fault(404, "itemNotFound", "Volume v1 could not be found.")
const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

describe("CinderHttp reads", () => {
  it.scopedLive("a volume with all that the domain knows of it", () =>
    withCinder(
      () => ({
        status: 200,
        body: {
          volume: wireVolume("v1", {
            status: "in-use",
            snapshot_id: "s1",
            multiattach: true,
            encrypted: true,
            "os-vol-tenant-attr:tenant_id": "p1",
            attachments: [
              { id: "v1", attachment_id: "a1", volume_id: "v1", server_id: "srv", host_name: null, device: "/dev/vdb" },
              { id: "v1", attachment_id: "a2", volume_id: "v1", server_id: null, device: null }
            ]
          })
        }
      }),
      (cinder) =>
        Effect.gen(function* () {
          const expected = {
            id: "v1",
            name: "pvc-1",
            status: "in-use",
            sizeGiB: 2,
            zone: "nova",
            volumeType: "fast",
            multiattach: true,
            encrypted: true,
            source: { _tag: "snapshot", id: "s1" },
            attachments: [
              { attachmentId: "a1", serverId: "srv", device: "/dev/vdb" },
              { attachmentId: "a2", serverId: undefined, device: "" }
            ],
            metadata: { a: "b" },
            createdAt: Date.UTC(2026, 10, 23, 18, 5, 38),
            updatedAt: undefined
          }
          assert.deepStrictEqual((yield* cinder.getVolume(VolumeId("v1"))) as unknown, expected)
        })
    )
  )

  it.scopedLive.each([
    ["2026-11-23T17:19:44.022055", Date.UTC(2026, 10, 23, 17, 19, 44, 22)],
    ["2026-11-23T17:19:44", Date.UTC(2026, 10, 23, 17, 19, 44)],
    ["2026-11-23T17:19:44Z", Date.UTC(2026, 10, 23, 17, 19, 44)],
    ["2026-11-23T17:19:44+00:00", Date.UTC(2026, 10, 23, 17, 19, 44)]
  ] as const)("the time %s as UTC", ([created_at, millis]) =>
    withCinder(
      () => ({ status: 200, body: { volume: wireVolume("v1", { created_at }) } }),
      (cinder) => Effect.map(cinder.getVolume(VolumeId("v1")), ({ createdAt }) => assert.strictEqual(createdAt, millis))
    )
  )

  it.scopedLive("a state that no release documents as it is", () =>
    withCinder(
      () => ({ status: 200, body: { volume: wireVolume("v1", { status: "quiescing" }) } }),
      (cinder) => Effect.map(cinder.getVolume(VolumeId("v1")), ({ status }) => assert.strictEqual(status, "quiescing"))
    )
  )

  it.scopedLive("what is absent where a volume has neither name nor type nor zone yet", () =>
    withCinder(
      () => ({
        status: 200,
        body: { volume: { id: "v1", status: "creating", size: 1, created_at: "2026-11-23T17:19:44", name: null } }
      }),
      (cinder) =>
        Effect.map(cinder.getVolume(VolumeId("v1")), (volume) => {
          assert.deepStrictEqual([volume.name, volume.volumeType, volume.zone], ["", undefined, ""])
        })
    )
  )

  it.scopedLive("that a volume is gone from Cinder's own sentence alone", () =>
    withCinder(
      () => volumeGone,
      (cinder) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* tagOf(cinder.getVolume(VolumeId("v1"))), "VolumeNotFound")
          yield* cinder.deleteVolume(VolumeId("v1"))
          assert.strictEqual(yield* tagOf(cinder.extendVolume(VolumeId("v1"), 3, false)), "VolumeNotFound")
          assert.strictEqual(yield* tagOf(cinder.createSnapshot(newSnapshot)), "VolumeNotFound")
        })
    )
  )

  it.scopedLive.each([
    ["Cinder for a route", genericNotFound],
    ["a page", { status: 404, body: { message: "The resource could not be found.<br />", code: "404 Not Found" } }],
    ["a proxy", { status: 404, body: "<html>404 Not Found</html>" }]
  ] as ReadonlyArray<readonly [string, Reply]>)("no absence from a 404 of %s", ([, reply]) =>
    withCinder(
      () => reply,
      (cinder) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* tagOf(cinder.getVolume(VolumeId("v1"))), "CloudFailure")
          const failure = yield* Effect.flip(cinder.deleteVolume(VolumeId("v1")))
          assert.strictEqual(failure.reason, "notFound")
          assert.strictEqual(yield* tagOf(cinder.deleteSnapshot(SnapshotId("s1"))), "CloudFailure")
        })
    )
  )

  it.scopedLive("an id that can be no path as one that does not exist, without asking", () =>
    withCinder(
      () => ({ status: 500 }),
      (cinder, server) =>
        Effect.gen(function* () {
          for (const id of ["", "..", "a/../b", "x\n", "y".repeat(2000)]) {
            assert.strictEqual(yield* tagOf(cinder.getVolume(VolumeId(id))), "VolumeNotFound")
            yield* cinder.deleteVolume(VolumeId(id))
            assert.strictEqual(yield* tagOf(cinder.getSnapshot(SnapshotId(id))), "SnapshotNotFound")
            yield* cinder.deleteSnapshot(SnapshotId(id))
            assert.strictEqual(yield* tagOf(cinder.extendVolume(VolumeId(id), 2, true)), "VolumeNotFound")
            assert.deepStrictEqual(yield* cinder.listSnapshots({ limit: undefined, marker: undefined }, VolumeId(id)), {
              items: [],
              next: undefined
            })
          }
          assert.strictEqual(server.seen.length, 0)
        })
    )
  )

  it.scopedLive("an odd id percent-encoded", () =>
    withCinder(
      () => volumeGone,
      (cinder, server) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* tagOf(cinder.getVolume(VolumeId("a?b#c %2f"))), "VolumeNotFound")
          assert.strictEqual(server.seen.at(-1)?.path, `${cinderPath}/volumes/a%3Fb%23c%20%252f`)
        })
    )
  )
})

describe("CinderHttp finds", () => {
  it.scopedLive("volumes by exact name over all pages, each once", () => {
    const turn = inTurn(
      {
        status: 200,
        body: {
          volumes: [wireVolume("v1"), wireVolume("v2", { name: "PVC-1" })],
          volumes_links: [{ rel: "next", href: "http://inside/" }]
        }
      },
      { status: 200, body: { volumes: [wireVolume("v1"), wireVolume("v3")] } }
    )
    return withCinder(turn, (cinder, server) =>
      Effect.gen(function* () {
        const found = yield* cinder.findVolumes("pvc-1")
        assert.deepStrictEqual(
          found.map(({ id }: Volume) => id as string),
          ["v1", "v3"]
        )
        assert.deepStrictEqual(
          server.seen.slice(1).map(({ query }) => Object.fromEntries(query)),
          [
            { name: "pvc-1", sort: "created_at:asc" },
            { name: "pvc-1", sort: "created_at:asc", marker: "v2" }
          ]
        )
      })
    )
  })

  it.scopedLive("anew when the row at a page's end vanished", () => {
    const turn = inTurn(
      volumesPage(["v1", "v2"], true),
      volumeGone,
      volumesPage(["v1"], true),
      volumesPage(["v3"], false)
    )
    return withCinder(turn, (cinder) =>
      Effect.map(cinder.findVolumes("pvc-1"), (found) =>
        assert.deepStrictEqual(
          found.map(({ id }) => id as string),
          ["v1", "v3"]
        )
      )
    )
  })

  it.scopedLive("snapshots by exact name", () =>
    withCinder(
      () => ({ status: 200, body: { snapshots: [wireSnapshot("s1"), wireSnapshot("s2", { name: "snap-10" })] } }),
      (cinder, server) =>
        Effect.gen(function* () {
          const expected = [
            {
              id: "s1",
              name: "snap-1",
              status: "available",
              volumeId: "v1",
              sizeGiB: 2,
              metadata: { a: "b" },
              createdAt: Date.UTC(2026, 10, 23, 17, 23, 14, 89)
            }
          ]
          assert.deepStrictEqual((yield* cinder.findSnapshots("snap-1")) as unknown, expected)
          assert.strictEqual(server.seen.at(-1)?.path, `${cinderPath}/snapshots/detail`)
        })
    )
  )
})

describe("CinderHttp lists", () => {
  it.scopedLive("a page, and takes the next marker from its last row when there is a link", () =>
    withCinder(
      () => volumesPage(["v1", "v2"], true),
      (cinder, server) =>
        Effect.gen(function* () {
          const page = yield* cinder.listVolumes({ limit: 500, marker: "v0" })
          assert.strictEqual(page.next, "v2")
          assert.deepStrictEqual(Object.fromEntries(server.seen.at(-1)?.query ?? []), {
            sort: "created_at:asc",
            limit: "500",
            marker: "v0"
          })
        })
    )
  )

  it.scopedLive("the last page without a marker, and an empty one too", () => {
    const turn = inTurn(volumesPage(["v1"], false), volumesPage([], true))
    return withCinder(turn, (cinder) =>
      Effect.gen(function* () {
        assert.isUndefined((yield* cinder.listVolumes({ limit: 1, marker: undefined })).next)
        assert.isUndefined((yield* cinder.listVolumes({ limit: 1, marker: undefined })).next)
      })
    )
  })

  it.scopedLive("nothing after a marker that is gone or never was one", () =>
    withCinder(
      () => volumeGone,
      (cinder) =>
        Effect.gen(function* () {
          for (const marker of ["v1", "", "no\nmarker"]) {
            const page = { limit: undefined, marker }
            assert.strictEqual(yield* tagOf(cinder.listVolumes(page)), "UnknownPageToken")
            assert.strictEqual(yield* tagOf(cinder.listSnapshots(page, undefined)), "UnknownPageToken")
          }
        })
    )
  )

  it.scopedLive("only the snapshots of the volume that was asked for", () =>
    withCinder(
      () => ({
        status: 200,
        body: {
          snapshots: [wireSnapshot("s1"), wireSnapshot("s2", { volume_id: "other" })],
          snapshots_links: [{ rel: "next", href: "http://inside/" }]
        }
      }),
      (cinder, server) =>
        Effect.gen(function* () {
          const page = yield* cinder.listSnapshots({ limit: undefined, marker: undefined }, VolumeId("v1"))
          assert.deepStrictEqual(
            [page.items.map(({ id }) => id as string), page.next as string | undefined],
            [["s1"], "s2"]
          )
          assert.strictEqual(server.seen.at(-1)?.query.get("volume_id"), "v1")
        })
    )
  )
})

describe("CinderHttp changes", () => {
  it.scopedLive("creates a volume with what was asked for and nothing else", () =>
    withCinder(
      () => ({ status: 202, body: { volume: wireVolume("v9", { status: "creating" }) } }),
      (cinder, server) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* cinder.createVolume(spec)).status, "creating")
          assert.deepStrictEqual(server.seen.at(-1)?.body, {
            volume: {
              name: "pvc-1",
              description: "made by a test",
              size: 3,
              availability_zone: "nova",
              volume_type: "fast",
              snapshot_id: "s1",
              metadata: { "cinder.csi.openstack.org/cluster": "k" }
            }
          })
          yield* cinder.createVolume({
            ...spec,
            zone: undefined,
            volumeType: undefined,
            source: { _tag: "volume", id: VolumeId("v1") }
          })
          assert.deepStrictEqual(server.seen.at(-1)?.body, {
            volume: {
              name: "pvc-1",
              description: "made by a test",
              size: 3,
              source_volid: "v1",
              metadata: { "cinder.csi.openstack.org/cluster": "k" }
            }
          })
        })
    )
  )

  it.scopedLive("puts hints for the scheduler beside the volume, and only those that there are", () =>
    withCinder(
      () => ({ status: 202, body: { volume: wireVolume("v9", { status: "creating" }) } }),
      (cinder, server) =>
        Effect.gen(function* () {
          const near = { sameHost: [VolumeId("a"), VolumeId("b")], differentHost: [] }
          yield* cinder.createVolume({ ...spec, hints: near })
          assert.deepInclude(server.seen.at(-1)?.body, { "OS-SCH-HNT:scheduler_hints": { same_host: ["a", "b"] } })
          yield* cinder.createVolume({ ...spec, hints: { ...near, differentHost: [VolumeId("c")] } })
          assert.deepInclude(server.seen.at(-1)?.body, {
            "OS-SCH-HNT:scheduler_hints": { same_host: ["a", "b"], different_host: ["c"] }
          })
        })
    )
  )

  it.scopedLive("tells a quota from other refusals", () =>
    withCinder(
      () => ({
        status: 413,
        headers: { "Retry-After": "0" },
        body: {
          overLimit: {
            code: 413,
            message: "VolumeLimitExceeded: Maximum number of volumes allowed (10)",
            retryAfter: "0"
          }
        }
      }),
      (cinder, server) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(cinder.createVolume(spec))
          assert.strictEqual(error._tag, "QuotaExceeded")
          assert.include(error.message, "VolumeLimitExceeded: Maximum number of volumes allowed (10)")
          assert.strictEqual(yield* tagOf(cinder.extendVolume(VolumeId("v1"), 9, false)), "QuotaExceeded")
          assert.strictEqual(yield* tagOf(cinder.createSnapshot(newSnapshot)), "QuotaExceeded")
          assert.strictEqual(server.count("POST", `${cinderPath}/volumes`), 1)
        })
    )
  )

  it.scopedLive("keeps Cinder's sentence and request id in a failure", () =>
    withCinder(
      () => fault(404, "itemNotFound", "Volume type with name gold could not be found."),
      (cinder) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(cinder.createVolume(spec))
          assert.strictEqual(
            error.message,
            "Cinder could not create volume: Volume type with name gold could not be found. (req-7b3f)"
          )
        })
    )
  )

  it.scopedLive("extends a volume in use with the microversion that allows it", () =>
    withCinder(
      () => ({ status: 202 }),
      (cinder, server) =>
        Effect.gen(function* () {
          yield* cinder.extendVolume(VolumeId("v1"), 7, true)
          yield* cinder.extendVolume(VolumeId("v1"), 8, false)
          assert.deepStrictEqual(
            server.seen.slice(1).map(({ body, headers }) => [body, headers["openstack-api-version"]]),
            [
              [{ "os-extend": { new_size: 7 } }, "volume 3.42"],
              [{ "os-extend": { new_size: 8 } }, undefined]
            ]
          )
        })
    )
  )

  it.scopedLive("snapshots a volume in use by force, as the oldest version wants it", () =>
    withCinder(
      () => ({ status: 202, body: { snapshot: wireSnapshot("s1", { status: "creating" }) } }),
      (cinder, server) =>
        Effect.gen(function* () {
          yield* cinder.createSnapshot(newSnapshot)
          assert.deepStrictEqual(server.seen.at(-1)?.body, {
            snapshot: { volume_id: "v1", name: "snap-1", description: "d", force: true, metadata: { a: "b" } }
          })
          assert.isUndefined(server.seen.at(-1)?.headers["openstack-api-version"])
        })
    )
  )

  it.scopedLive("takes the refusal of a repeated deletion for success if the first one took effect", () => {
    const refusedNow = fault(400, "badRequest", "Invalid volume: Volume status must be available or error")
    const turn = inTurn({ cut: "before" }, refusedNow, {
      status: 200,
      body: { volume: wireVolume("v1", { status: "deleting" }) }
    })
    return withCinder(turn, (cinder) => cinder.deleteVolume(VolumeId("v1")))
  })

  it.scopedLive("passes on the refusal of a deletion", () =>
    withCinder(
      () => fault(400, "badRequest", "Invalid volume: Volume status must be available or error"),
      (cinder, server) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* Effect.flip(cinder.deleteVolume(VolumeId("v1")))).reason, "invalid")
          assert.strictEqual(server.seen.length, 2)
        })
    )
  )
})

describe("CinderHttp explains", () => {
  const message = (resource_uuid: string, user_message: string) => ({ id: "m", resource_uuid, user_message })

  it.scopedLive("with the newest message about the volume itself", () =>
    withCinder(
      () => ({
        status: 200,
        body: {
          messages: [
            message("other", "not this one"),
            message("v1", "schedule allocate volume:Could not find any available weighted backend."),
            message("v1", "older")
          ]
        }
      }),
      (cinder, server) =>
        Effect.gen(function* () {
          assert.strictEqual(
            yield* cinder.explain(VolumeId("v1")),
            "schedule allocate volume:Could not find any available weighted backend."
          )
          assert.strictEqual(server.seen.at(-1)?.query.get("resource_uuid"), "v1")
          assert.strictEqual(server.seen.at(-1)?.headers["openstack-api-version"], "volume 3.5")
        })
    )
  )

  it.scopedLive.each([
    ["nothing", { status: 200, body: { messages: [] } }],
    ["a refusal", fault(403, "forbidden", "no")],
    ["nonsense", { status: 200, body: "?" }]
  ] as ReadonlyArray<readonly [string, Reply]>)("nothing after %s", ([, reply]) =>
    withCinder(
      () => reply,
      (cinder) => Effect.map(cinder.explain(VolumeId("v1")), (text) => assert.isUndefined(text))
    )
  )
})

describe("CinderHttp backups", () => {
  const newBackup: NewBackup = {
    volumeId: VolumeId("v1"),
    snapshotId: SnapshotId("s1"),
    name: "snap-1",
    description: "d",
    zone: undefined,
    metadata: { type: "backup" }
  }
  const accepted: Reply = { status: 202, body: { backup: { id: "b1", name: "snap-1", links: [] } } }

  it.scopedLive("asks for the least microversion that has what is needed", () =>
    withCinder(
      ({ path }) => (path.endsWith("/volumes") ? { status: 202, body: { volume: wireVolume("v1") } } : accepted),
      (cinder, server) =>
        Effect.gen(function* () {
          yield* cinder.createBackup(newBackup)
          yield* cinder.createBackup({ ...newBackup, zone: "az2" })
          yield* cinder.createVolume({ ...spec, source: { _tag: "backup", id: BackupId("b1") } })
          const versions = server.seen.slice(1).map(({ headers }) => headers["openstack-api-version"])
          assert.deepStrictEqual(versions, ["volume 3.43", "volume 3.51", "volume 3.47"])
          assert.deepStrictEqual(server.seen[2]?.body, {
            backup: {
              volume_id: "v1",
              snapshot_id: "s1",
              name: "snap-1",
              description: "d",
              force: true,
              availability_zone: "az2",
              metadata: { type: "backup" }
            }
          })
        })
    )
  )

  it.scopedLive("takes a backup for gone from Cinder's sentence about the backup alone", () =>
    withCinder(
      () => fault(404, "itemNotFound", "Service cinder-backup could not be found."),
      (cinder, server) =>
        Effect.gen(function* () {
          const id = BackupId("b1")
          assert.strictEqual((yield* Effect.flip(cinder.deleteBackup(id))).reason, "unreachable")
          const look = yield* Effect.flip(cinder.getBackup(id))
          assert.strictEqual(look._tag === "CloudFailure" && look.reason, "unreachable")
          assert.isAbove(server.count("DELETE", `${cinderPath}/backups/b1`), 1)
        })
    )
  )

  it.scopedLive("does not repeat a creation whose answer was lost", () =>
    withCinder(
      () => ({ cut: "before" }),
      (cinder, server) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* tagOf(cinder.createBackup(newBackup)), "CloudFailure")
          assert.strictEqual(server.count("POST", `${cinderPath}/backups`), 1)
        })
    )
  )
})
