import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { WorldService } from "../../../src/adapters/memory/World.ts"
import type { WorldFault } from "../../../src/adapters/memory/worldErrors.ts"
import type { VolumeStatus } from "../../../src/adapters/memory/worldTypes.ts"
import { inWorld, twoServers, verdict } from "./inWorld.ts"

const requests = {
  delete: ({ cinder }, id) => cinder.deleteVolume(id, { cascade: false }),
  extend: ({ cinder }, id) => cinder.extendVolume(id, 2, { allowInUse: true }),
  extendOld: ({ cinder }, id) => cinder.extendVolume(id, 2, { allowInUse: false }),
  snapshot: ({ cinder }, id) => cinder.createSnapshot({ volumeId: id }),
  snapshotForce: ({ cinder }, id) => cinder.createSnapshot({ volumeId: id, force: true }),
  metadata: ({ cinder }, id) => cinder.mergeVolumeMetadata(id, { k: "v" }),
  rename: ({ cinder }, id) => cinder.updateVolume(id, { name: "other" }),
  attach: ({ nova }, id) => nova.attachVolume(twoServers[0].id, id),
  clone: ({ cinder }, id) => cinder.createVolume({ sourceVolumeId: id }),
  retype: ({ cinder }, id) => cinder.retypeVolume(id, { type: "slow" }),
  backup: ({ cinder }, id) => cinder.createBackup({ volumeId: id }),
  backupForce: ({ cinder }, id) => cinder.createBackup({ volumeId: id, force: true })
} satisfies Record<string, (world: WorldService, id: string) => Effect.Effect<unknown, WorldFault>>

type RequestName = keyof typeof requests

const always: ReadonlyArray<RequestName> = ["metadata", "rename"]
const deletable: ReadonlyArray<RequestName> = ["delete", ...always]

/** The requests Cinder accepts of a member in each status; every other one is a 400. */
const legal: Readonly<Record<VolumeStatus, ReadonlyArray<RequestName>>> = {
  available: Object.keys(requests) as ReadonlyArray<RequestName>,
  "in-use": ["extend", "snapshotForce", "metadata", "rename", "clone", "retype", "backupForce"],
  reserved: always,
  attaching: always,
  detaching: always,
  creating: always,
  downloading: ["attach", ...always],
  extending: always,
  retyping: always,
  "backing-up": always,
  "restoring-backup": always,
  "awaiting-transfer": always,
  reverting: always,
  uploading: ["rename"],
  maintenance: [],
  deleting: always,
  error_deleting: always,
  error: deletable,
  error_extending: deletable,
  error_restoring: deletable,
  error_managing: deletable
}

const statuses = Object.keys(legal) as ReadonlyArray<VolumeStatus>
const rows = statuses.flatMap((status) =>
  (Object.keys(requests) as ReadonlyArray<RequestName>).map((request) => ({ status, request }))
)

describe("what a volume's status allows", () => {
  it.effect.each(rows)("$status: $request", ({ status, request }) =>
    inWorld({ servers: twoServers, volumeTypes: [{ name: "fast" }, { name: "slow" }] }, (world) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 1 })
        yield* world.control.resetVolumeStatus(id, status)
        const seen = yield* verdict(requests[request](world, id))
        assert.strictEqual(seen, legal[status].includes(request) ? "accepted" : 400)
      })
    )
  )

  it.effect("gives one text for every refused deletion, so that only the volume itself tells the reason", () =>
    inWorld({ servers: twoServers }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const attached = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(twoServers[0].id, attached.id)
        const kept = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* cinder.createSnapshot({ volumeId: kept.id })
        const first = yield* Effect.flip(cinder.deleteVolume(attached.id, { cascade: false }))
        const second = yield* Effect.flip(cinder.deleteVolume(kept.id, { cascade: false }))
        assert.strictEqual(first.message, second.message)
        assert.match(first.message, /^Invalid volume: Volume status must be available or error or error_restoring/)
      })
    )
  )

  it.effect("lets a multiattach volume in use be attached to another server, and to the same one only once", () =>
    inWorld({ servers: twoServers, volumeTypes: [{ name: "multi", multiattach: true }] }, ({ cinder, nova }) =>
      Effect.gen(function* () {
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        yield* nova.attachVolume(twoServers[0].id, id)
        const again = yield* Effect.flip(nova.attachVolume(twoServers[0].id, id))
        yield* nova.attachVolume(twoServers[1].id, id)
        const { status, attachments } = yield* cinder.showVolume(id)
        assert.strictEqual(again.message, `Invalid volume: volume ${id} already attached`)
        assert.deepStrictEqual(
          [status, attachments.map(({ serverId }) => serverId)],
          ["in-use", twoServers.map((server) => server.id)]
        )
      })
    )
  )
})
