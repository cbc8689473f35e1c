import { Effect, Layer } from "effect"
import type { BackupId } from "../../domain/Backup.ts"
import { SnapshotNotFound, UnknownPageToken, VolumeNotFound } from "../../domain/errors.ts"
import { ServerId } from "../../domain/Server.ts"
import { type Snapshot, SnapshotId, snapshotStatus } from "../../domain/Snapshot.ts"
import { type Volume, VolumeId, type VolumeSource, volumeStatus } from "../../domain/Volume.ts"
import { Cinder, type NewVolume, type PageRequest } from "../../ports/Cinder.ts"
import { backupsInMemory } from "./cinderMemoryBackups.ts"
import { isMissing, oldestFirst, repeated, toPage, worldPage } from "./memoryRequests.ts"
import { World } from "./World.ts"
import { toCloudFailure, toQuotaOrFailure } from "./worldFailures.ts"
import type { SnapshotRecord, VolumeRecord } from "./worldTypes.ts"

const sourceOf = ({ snapshotId, sourceVolumeId }: VolumeRecord): VolumeSource | undefined => {
  if (snapshotId !== undefined) return { _tag: "snapshot", id: SnapshotId(snapshotId) }
  return sourceVolumeId === undefined ? undefined : { _tag: "volume", id: VolumeId(sourceVolumeId) }
}

export const toVolume = (record: VolumeRecord): Volume => ({
  id: VolumeId(record.id),
  name: record.name ?? "",
  status: volumeStatus(record.status),
  sizeGiB: record.sizeGiB,
  zone: record.zone,
  volumeType: record.type,
  multiattach: record.multiattach,
  encrypted: record.encrypted,
  source: sourceOf(record),
  attachments: record.attachments.map(({ id, serverId, device }) => ({
    attachmentId: id,
    serverId: ServerId(serverId),
    device
  })),
  metadata: record.metadata,
  createdAt: record.createdAt,
  updatedAt: record.updatedAt
})

export const toSnapshot = (record: SnapshotRecord): Snapshot => ({
  id: SnapshotId(record.id),
  name: record.name ?? "",
  status: snapshotStatus(record.status),
  volumeId: VolumeId(record.volumeId),
  sizeGiB: record.sizeGiB,
  metadata: record.metadata,
  createdAt: record.createdAt
})

const idsOf = (source: NewVolume["source"]) => {
  switch (source?._tag) {
    case undefined:
      return {}
    case "snapshot":
      return { snapshotId: source.id }
    case "volume":
      return { sourceVolumeId: source.id }
    case "backup":
      return { backupId: source.id }
  }
}

/** The Cinder of a World in memory. */
export const layerCinderMemory: Layer.Layer<Cinder, never, World> = Layer.effect(
  Cinder,
  Effect.map(World, ({ cinder }) => {
    const failure = (operation: string) => toCloudFailure("Cinder", operation)
    const quotaOrFailure = (operation: string) => toQuotaOrFailure("Cinder", operation)
    return {
      findVolumes: Effect.fn("CinderMemory.findVolumes")((name: string) =>
        repeated(cinder.listVolumes({ name, sort: oldestFirst })).pipe(
          Effect.map(({ rows }) => rows.map(toVolume)),
          Effect.mapError(failure("find volumes"))
        )
      ),
      getVolume: Effect.fn("CinderMemory.getVolume")((id: VolumeId) =>
        repeated(cinder.showVolume(id)).pipe(
          Effect.map(toVolume),
          Effect.mapError((fault) => (isMissing(fault) ? new VolumeNotFound({ id }) : failure("show volume")(fault)))
        )
      ),
      listVolumes: Effect.fn("CinderMemory.listVolumes")((page: PageRequest) =>
        repeated(cinder.listVolumes(worldPage(page))).pipe(
          Effect.map((answer) => toPage(answer, toVolume)),
          Effect.mapError((fault) =>
            isMissing(fault) ? new UnknownPageToken({ token: page.marker ?? "" }) : failure("list volumes")(fault)
          )
        )
      ),
      createVolume: Effect.fn("CinderMemory.createVolume")(({ volumeType, source, ...spec }: NewVolume) =>
        cinder
          .createVolume({ ...spec, ...idsOf(source), type: volumeType })
          .pipe(Effect.map(toVolume), Effect.mapError(quotaOrFailure("create volume")))
      ),
      removeAttachment: Effect.fn("CinderMemory.removeAttachment")((id: string) =>
        repeated(cinder.deleteAttachment(id)).pipe(
          Effect.catchIf(
            ({ status }) => status === 404,
            () => Effect.void
          ),
          Effect.mapError(failure("remove attachment"))
        )
      ),
      deleteVolume: Effect.fn("CinderMemory.deleteVolume")((id: VolumeId) =>
        repeated(cinder.deleteVolume(id, { cascade: false })).pipe(
          Effect.catchIf(isMissing, () => Effect.void),
          Effect.mapError(failure("delete volume"))
        )
      ),
      extendVolume: Effect.fn("CinderMemory.extendVolume")((id: VolumeId, sizeGiB: number, attached: boolean) =>
        cinder
          .extendVolume(id, sizeGiB, { allowInUse: attached })
          .pipe(
            Effect.mapError((fault) =>
              isMissing(fault) ? new VolumeNotFound({ id }) : quotaOrFailure("extend volume")(fault)
            )
          )
      ),
      findSnapshots: Effect.fn("CinderMemory.findSnapshots")((name: string) =>
        repeated(cinder.listSnapshots({ name, sort: oldestFirst })).pipe(
          Effect.map(({ rows }) => rows.map(toSnapshot)),
          Effect.mapError(failure("find snapshots"))
        )
      ),
      getSnapshot: Effect.fn("CinderMemory.getSnapshot")((id: SnapshotId) =>
        repeated(cinder.showSnapshot(id)).pipe(
          Effect.map(toSnapshot),
          Effect.mapError((fault) =>
            isMissing(fault) ? new SnapshotNotFound({ id }) : failure("show snapshot")(fault)
          )
        )
      ),
      listSnapshots: Effect.fn("CinderMemory.listSnapshots")((page: PageRequest, volumeId: VolumeId | undefined) =>
        repeated(cinder.listSnapshots({ ...worldPage(page), volumeId })).pipe(
          Effect.map((answer) => toPage(answer, toSnapshot)),
          Effect.mapError((fault) =>
            isMissing(fault) ? new UnknownPageToken({ token: page.marker ?? "" }) : failure("list snapshots")(fault)
          )
        )
      ),
      createSnapshot: Effect.fn("CinderMemory.createSnapshot")((spec) =>
        cinder.createSnapshot({ ...spec, force: true }).pipe(
          Effect.map(toSnapshot),
          Effect.mapError((fault) =>
            isMissing(fault) ? new VolumeNotFound({ id: spec.volumeId }) : quotaOrFailure("create snapshot")(fault)
          )
        )
      ),
      deleteSnapshot: Effect.fn("CinderMemory.deleteSnapshot")((id: SnapshotId) =>
        repeated(cinder.deleteSnapshot(id)).pipe(
          Effect.as("accepted" as const),
          Effect.catchIf(isMissing, () => Effect.succeed("absent" as const)),
          Effect.mapError(failure("delete snapshot"))
        )
      ),
      ...backupsInMemory(cinder),
      listZones: repeated(cinder.listVolumeZones).pipe(
        Effect.map((zones) => zones.map(({ name }) => name)),
        Effect.mapError(failure("list zones")),
        Effect.withSpan("CinderMemory.listZones")
      ),
      explain: Effect.fn("CinderMemory.explain")((id: VolumeId | SnapshotId | BackupId) =>
        cinder.listMessages({ resourceId: id, limit: 1 }).pipe(
          Effect.map(([newest]) => newest?.userMessage),
          Effect.orElseSucceed(() => undefined)
        )
      )
    }
  })
)
