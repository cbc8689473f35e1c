import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, TestClock } from "effect"
import type { WorldService } from "../../../src/adapters/memory/World.ts"
import type { WorldFault } from "../../../src/adapters/memory/worldErrors.ts"
import { workNames } from "../../../src/adapters/memory/worldSettings.ts"
import type { VolumeStatus } from "../../../src/adapters/memory/worldTypes.ts"
import { inWorld, twoServers } from "./inWorld.ts"

const transitional: ReadonlyArray<VolumeStatus> = [
  "creating",
  "deleting",
  "extending",
  "retyping",
  "reserved",
  "attaching",
  "detaching",
  "backing-up",
  "restoring-backup"
]

const requestNames = [
  "create",
  "createMulti",
  "clone",
  "fromSnapshot",
  "fromBackup",
  "delete",
  "cascade",
  "extend",
  "retype",
  "snapshot",
  "snapshotDelete",
  "backup",
  "backupDelete",
  "restore",
  "attach",
  "detach",
  "pauseServer",
  "resumeServer",
  "replaceServer"
] as const

const commands = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("request" as const),
      name: fc.constantFrom(...requestNames),
      /** Chooses among what there is. */
      volume: fc.nat(20),
      other: fc.nat(20),
      gib: fc.integer({ min: 1, max: 4 })
    }),
    fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 6 }) }),
    fc.record({
      kind: fc.constant("fault" as const),
      work: fc.constantFrom(...workNames),
      outcome: fc.constantFrom("fails" as const, "reverts" as const, "noBackend" as const)
    })
  ),
  { minLength: 1, maxLength: 60 }
)

interface Request {
  readonly name: (typeof requestNames)[number]
  readonly volume: number
  readonly other: number
  readonly gib: number
}

const pick = <A>(rows: ReadonlyArray<A>, position: number): A | undefined => rows[position % Math.max(rows.length, 1)]

const everything = ({ cinder, nova }: WorldService) =>
  Effect.all({
    volumes: Effect.map(cinder.listVolumes({}), ({ rows }) => rows),
    snapshots: Effect.map(cinder.listSnapshots({}), ({ rows }) => rows),
    backups: Effect.map(cinder.listBackups({}), ({ rows }) => rows),
    attachments: Effect.map(cinder.listAttachments({}), ({ rows }) => rows),
    servers: Effect.map(nova.listServers({}), ({ rows }) => rows),
    quota: cinder.quotaSet
  })

type Everything = Effect.Effect.Success<ReturnType<typeof everything>>

const ask = (world: WorldService, command: Request): Effect.Effect<unknown, WorldFault> =>
  Effect.gen(function* () {
    const { cinder, nova, control } = world
    const seen = yield* everything(world)
    const volumeId = pick(seen.volumes, command.volume)?.id ?? "none"
    const snapshotId = pick(seen.snapshots, command.other)?.id ?? "none"
    const backupId = pick(seen.backups, command.other)?.id ?? "none"
    const serverId = pick(seen.servers, command.other)?.id ?? "none"
    switch (command.name) {
      case "create":
        return yield* cinder.createVolume({ sizeGiB: command.gib })
      case "createMulti":
        return yield* cinder.createVolume({ sizeGiB: command.gib, type: "multi" })
      case "clone":
        return yield* cinder.createVolume({ sourceVolumeId: volumeId })
      case "fromSnapshot":
        return yield* cinder.createVolume({ snapshotId })
      case "fromBackup":
        return yield* cinder.createVolume({ backupId })
      case "delete":
        return yield* cinder.deleteVolume(volumeId, { cascade: false })
      case "cascade":
        return yield* cinder.deleteVolume(volumeId, { cascade: true })
      case "extend":
        return yield* cinder.extendVolume(volumeId, command.gib * 2, { allowInUse: true })
      case "retype":
        return yield* cinder.retypeVolume(volumeId, { type: "other" })
      case "snapshot":
        return yield* cinder.createSnapshot({ volumeId, force: true })
      case "snapshotDelete":
        return yield* cinder.deleteSnapshot(snapshotId)
      case "backup":
        return yield* cinder.createBackup({ volumeId, force: true, incremental: command.gib > 2 })
      case "backupDelete":
        return yield* cinder.deleteBackup(backupId)
      case "restore":
        return yield* cinder.restoreBackup(backupId, { volumeId })
      case "attach":
        return yield* nova.attachVolume(serverId, volumeId)
      case "detach":
        return yield* nova.detachVolume(serverId, volumeId)
      case "pauseServer":
        return yield* control.setServer(serverId, { vmState: "paused" })
      case "resumeServer":
        return yield* control.setServer(serverId, { vmState: "active" })
      case "replaceServer":
        yield* nova.createServer({ name: "another" })
        return yield* nova.deleteServer(serverId)
    }
  })

const sum = (sizes: ReadonlyArray<{ readonly sizeGiB: number }>) =>
  sizes.reduce((total, { sizeGiB }) => total + sizeGiB, 0)

/** What holds after every single request, whatever came before. */
const check = (now: Everything, sizes: Map<string, number>) => {
  const { volumes, snapshots, backups, attachments, servers, quota } = now
  assert.strictEqual(quota.volumes.inUse, volumes.length, "quota of volumes")
  assert.strictEqual(quota.gigabytes.inUse, sum(volumes) + sum(snapshots), "quota of gigabytes")
  assert.strictEqual(quota.snapshots.inUse, snapshots.length, "quota of snapshots")
  assert.strictEqual(quota.backups.inUse, backups.length, "quota of backups")
  assert.strictEqual(quota.backupGigabytes.inUse, sum(backups), "quota of backup gigabytes")
  for (const [type, { volumes: ofType }] of Object.entries(quota.types)) {
    assert.strictEqual(ofType.inUse, volumes.filter((volume) => volume.type === type).length, `quota of ${type}`)
  }
  for (const { volumeId, serverId } of attachments) {
    const volume = volumes.find(({ id }) => id === volumeId)
    assert.isDefined(volume, "an attached volume exists")
    assert.notStrictEqual(volume?.status, "deleting", "an attached volume is not being deleted")
    assert.isTrue(
      servers.some(({ id }) => id === serverId),
      "an attachment's server exists"
    )
  }
  for (const volume of volumes) {
    const own = attachments.filter(({ volumeId }) => volumeId === volume.id)
    if (!volume.multiattach) assert.isAtMost(own.length, 1, "attachments of a volume that is not multiattach")
    assert.strictEqual(new Set(own.map(({ serverId }) => serverId)).size, own.length, "one attachment a server")
    assert.isAtLeast(volume.sizeGiB, sizes.get(volume.id) ?? 0, "sizes do not shrink")
    sizes.set(volume.id, volume.sizeGiB)
  }
}

describe("the World, whatever is asked of it", () => {
  it.effect.prop(
    "keeps its books, never deletes or doubly attaches a volume, and comes to rest",
    [commands],
    ([sequence]) =>
      inWorld(
        {
          servers: twoServers,
          volumeTypes: [{ name: "fast" }, { name: "other" }, { name: "multi", multiattach: true }],
          volumeZones: [{ name: "nova", capacityGiB: 40 }],
          quotas: { volumes: 12, gigabytes: 60, snapshots: 8, backups: 6 },
          maxDisksPerServer: 4,
          latencies: {
            ...Object.fromEntries(workNames.map((work) => [work, "4 seconds"])),
            schedule: "1 second",
            bdmCleanup: "1 second"
          }
        },
        (world) =>
          Effect.gen(function* () {
            const sizes = new Map<string, number>()
            for (const command of sequence) {
              switch (command.kind) {
                case "request":
                  yield* Effect.ignore(ask(world, command))
                  break
                case "wait":
                  yield* TestClock.adjust(`${command.seconds} seconds`)
                  break
                case "fault":
                  yield* world.faults.failWork({ work: command.work, outcome: command.outcome })
              }
              check(yield* everything(world), sizes)
            }
            yield* TestClock.adjust("1 day")
            const atRest = yield* everything(world)
            check(atRest, sizes)
            for (const { id, status } of atRest.volumes) {
              assert.notInclude(transitional, status)
              const attached = atRest.attachments.filter(({ volumeId }) => volumeId === id)
              if (status === "available") assert.lengthOf(attached, 0)
              if (status === "in-use") assert.isAtLeast(attached.length, 1)
              assert.isTrue(attached.every((row) => row.status === "attached"))
            }
            assert.strictEqual(atRest.quota.gigabytes.reserved, 0)
            assert.isTrue(atRest.servers.every(({ taskState }) => taskState === undefined))
          })
      ),
    { fastCheck: { numRuns: 120 } }
  )
})
