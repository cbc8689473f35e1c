import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { WorldService } from "../../../src/adapters/memory/World.ts"
import type { WorldFault } from "../../../src/adapters/memory/worldErrors.ts"
import type { QuotaSettings } from "../../../src/adapters/memory/worldSettings.ts"
import { inWorld } from "./inWorld.ts"

interface Case {
  readonly what: string
  readonly quotas: Partial<QuotaSettings>
  /** Asked of a project that holds one volume of 2 GiB. */
  readonly request: (world: WorldService, id: string) => Effect.Effect<unknown, WorldFault>
  readonly message: string
}

const cases: ReadonlyArray<Case> = [
  {
    what: "one volume too many",
    quotas: { volumes: 1 },
    request: ({ cinder }) => cinder.createVolume({ sizeGiB: 1 }),
    message: "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'."
  },
  {
    what: "one clone too many",
    quotas: { volumes: 1 },
    request: ({ cinder }, id) => cinder.createVolume({ sourceVolumeId: id }),
    message: "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'."
  },
  {
    what: "too many gigabytes",
    quotas: { gigabytes: 3 },
    request: ({ cinder }) => cinder.createVolume({ sizeGiB: 2 }),
    message:
      "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 3G and 2G has been consumed."
  },
  {
    what: "an extension by too many gigabytes",
    quotas: { gigabytes: 3 },
    request: ({ cinder }, id) => cinder.extendVolume(id, 4, { allowInUse: true }),
    message:
      "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 3G and 2G has been consumed."
  },
  {
    what: "a snapshot of too many gigabytes",
    quotas: { gigabytes: 3 },
    request: ({ cinder }, id) => cinder.createSnapshot({ volumeId: id }),
    message:
      "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 3G and 2G has been consumed."
  },
  {
    what: "one volume too big",
    quotas: { perVolumeGigabytes: 3 },
    request: ({ cinder }) => cinder.createVolume({ sizeGiB: 4 }),
    message: "VolumeSizeExceedsLimit: Requested volume size 4G is larger than maximum allowed limit 3G."
  },
  {
    what: "one snapshot too many",
    quotas: { snapshots: 0 },
    request: ({ cinder }, id) => cinder.createSnapshot({ volumeId: id }),
    message: "SnapshotLimitExceeded: Maximum number of snapshots allowed (0) exceeded"
  },
  {
    what: "one backup too many",
    quotas: { backups: 0 },
    request: ({ cinder }, id) => cinder.createBackup({ volumeId: id }),
    message: "BackupLimitExceeded: Maximum number of backups allowed (0) exceeded"
  },
  {
    what: "too many backup gigabytes",
    quotas: { backupGigabytes: 1 },
    request: ({ cinder }, id) => cinder.createBackup({ volumeId: id }),
    message:
      "VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup gigabytes quota. Requested 2G, quota is 1G and 0G has been consumed."
  },
  {
    what: "one volume of the type too many",
    quotas: { types: { bulk: { volumes: 0 } } },
    request: ({ cinder }) => cinder.createVolume({ sizeGiB: 1, type: "bulk" }),
    message: "VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded for quota 'volumes_bulk'."
  },
  {
    what: "a retype to one of the type too many",
    quotas: { types: { bulk: { volumes: 0 } } },
    request: ({ cinder }, id) => cinder.retypeVolume(id, { type: "bulk" }),
    message: "VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded for quota 'volumes_bulk'."
  }
]

describe("quotas of the World", () => {
  it.effect.each(cases)("refuse $what with 413 and a pause of no length", ({ quotas, request, message }) =>
    inWorld({ quotas, volumeTypes: [{ name: "fast" }, { name: "bulk" }] }, (world) =>
      Effect.gen(function* () {
        const { id } = yield* world.cinder.createVolume({ sizeGiB: 2 })
        const fault = yield* Effect.flip(request(world, id))
        assert.deepStrictEqual(
          [fault.status, fault.kind, fault.retryAfter, fault.message],
          [413, "overLimit", "0", message]
        )
      })
    )
  )

  it.effect("count volumes in error until they are deleted", () =>
    inWorld({ quotas: { volumes: 1 } }, ({ cinder, faults }) =>
      Effect.gen(function* () {
        yield* faults.failWork({ work: "create", outcome: "fails" })
        const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
        const refused = yield* Effect.flip(cinder.createVolume({ sizeGiB: 1 }))
        yield* cinder.deleteVolume(id, { cascade: false })
        yield* cinder.createVolume({ sizeGiB: 1 })
        assert.strictEqual(refused.status, 413)
      })
    )
  )
})
