import { Clock, Effect, Either } from "effect"
import type { DiskSource } from "./DiskBackend.ts"
import { found, refuseIf } from "./decisions.ts"
import { refuseCloneSource, refuseMetadataValues, refuseNewSize, refuseText } from "./volumeRules.ts"
import type { Accepted, Engine } from "./worldEngine.ts"
import {
  backupNotFound,
  badRequest,
  invalidBackup,
  invalidInput,
  invalidSnapshot,
  serverFault,
  snapshotNotFound,
  typeNotFound,
  volumeNotFound,
  type WorldFault
} from "./worldErrors.ts"
import type { Ending } from "./worldFaults.ts"
import type { VolumeSpec } from "./worldRequests.ts"
import { addMessage, changeVolume, type VolumeRow, volumeView, type WorldState } from "./worldState.ts"
import type { VolumeRecord, VolumeTypeRecord } from "./worldTypes.ts"

interface Source {
  readonly disk: DiskSource
  readonly sizeGiB: number
  readonly zone: string | undefined
  readonly type: VolumeTypeRecord | undefined
  readonly tooSmall: (sizeGiB: number) => WorldFault
}

export const findType = (state: WorldState, nameOrId: string): Either.Either<VolumeTypeRecord, WorldFault> =>
  found(state.types.find(({ id }) => id === nameOrId) ?? state.types.find(({ name }) => name === nameOrId), () =>
    typeNotFound(nameOrId)
  )

const typeById = (state: WorldState, id: string | undefined) => state.types.find((type) => type.id === id)

const sourceOf = (state: WorldState, spec: VolumeSpec): Either.Either<Source | undefined, WorldFault> =>
  Either.gen(function* () {
    if ([spec.snapshotId, spec.sourceVolumeId, spec.backupId].filter((id) => id !== undefined).length > 1) {
      return yield* Either.left(invalidInput("May specify only one of backup, imageRef, snapshot, source volume"))
    }
    if (spec.snapshotId !== undefined) {
      const id = spec.snapshotId
      const snapshot = yield* found(state.snapshots.get(id), () => snapshotNotFound(id))
      if (snapshot.status !== "available") {
        return yield* Either.left(invalidSnapshot("Originating snapshot status must be one of 'available' values"))
      }
      return {
        disk: { kind: "snapshot" as const, id },
        sizeGiB: snapshot.sizeGiB,
        zone: snapshot.zone,
        type: typeById(state, state.volumes.get(snapshot.volumeId)?.typeId),
        tooSmall: (sizeGiB: number) =>
          invalidInput(
            `Volume size '${sizeGiB}'GB cannot be smaller than the snapshot size ${snapshot.sizeGiB}GB. ` +
              "They must be >= original snapshot size."
          )
      }
    }
    if (spec.sourceVolumeId !== undefined) {
      const id = spec.sourceVolumeId
      const volume = yield* found(state.volumes.get(id), () => volumeNotFound(id))
      yield* refuseIf(refuseCloneSource(volume))
      return {
        disk: { kind: "volume" as const, id },
        sizeGiB: volume.sizeGiB,
        zone: volume.zone,
        type: typeById(state, volume.typeId),
        tooSmall: (sizeGiB: number) =>
          invalidInput(
            `Volume size '${sizeGiB}'GB cannot be smaller than original volume size  ${volume.sizeGiB}GB. ` +
              "They must be >= original volume size."
          )
      }
    }
    if (spec.backupId === undefined) return undefined
    const id = spec.backupId
    const backup = yield* found(state.backups.get(id), () => backupNotFound(id))
    if (backup.status !== "available") {
      return yield* Either.left(invalidBackup("Originating backup status must be one of 'available' values"))
    }
    return {
      disk: { kind: "backup" as const, id },
      sizeGiB: backup.sizeGiB,
      zone: undefined,
      type: undefined,
      tooSmall: (sizeGiB: number) =>
        invalidInput(
          `Volume size ${sizeGiB}GB cannot be smaller than the backup size ${backup.sizeGiB}GB. It must be >= backup size.`
        )
    }
  })

const chooseType = (
  state: WorldState,
  wanted: string | undefined,
  source: Source | undefined
): Either.Either<VolumeTypeRecord, WorldFault> =>
  Either.gen(function* () {
    if (wanted === undefined) {
      const type = source?.type ?? state.types[0]
      return yield* found(type, () => serverFault("Default volume type can not be found."))
    }
    const type = yield* findType(state, wanted)
    if (source?.type !== undefined && source.type.backend !== type.backend) {
      const advice =
        source.disk.kind === "volume"
          ? "either match source volume, or omit type argument"
          : "recommend omitting the type argument"
      return yield* Either.left(
        invalidInput(`Invalid volume_type provided: ${type.id} (requested type is not compatible; ${advice}).`)
      )
    }
    return type
  })

const chooseZone = (
  engine: Engine,
  asked: string | undefined,
  source: Source | undefined,
  type: VolumeTypeRecord
): Either.Either<string, WorldFault> => {
  const { availabilityZoneFallback, volumeZones: zones } = engine.settings
  const isUnknown = asked !== undefined && !zones.some(({ name }) => name === asked)
  if (isUnknown && !availabilityZoneFallback) {
    return Either.left(badRequest(`Availability zone '${asked}' is invalid.`))
  }
  const wanted = isUnknown ? zones[0]?.name : asked
  if (wanted !== undefined && source?.zone !== undefined && wanted !== source.zone) {
    const what = source.disk.kind === "snapshot" ? "snapshot" : "source volume"
    return Either.left(invalidInput(`Volume must be in the same availability zone as the ${what}`))
  }
  return found(wanted ?? source?.zone ?? type.zones?.[0] ?? zones[0]?.name, () =>
    serverFault("No availability zone is configured.")
  )
}

/** Whether a backend of the zone takes so many more GiB of the type. */
export const hasRoom = (engine: Engine, zone: string, type: string, moreGiB: number): boolean => {
  const { settings, state } = engine
  const place = settings.volumeZones.find(({ name }) => name === zone)
  const offered = state.types.find(({ name }) => name === type)?.zones?.includes(zone) ?? true
  if (place === undefined || place.available === false || !offered) return false
  return place.capacityGiB === undefined || (state.placedGiB.get(zone) ?? 0) + moreGiB <= place.capacityGiB
}

/** The scheduler: false when no backend takes the volume, or it was deleted meanwhile. */
const place = (engine: Engine, id: string, ending: Ending, now: number): boolean => {
  const { state } = engine
  const row = state.volumes.get(id)
  if (row === undefined) return false
  if (ending === "noBackend" || !hasRoom(engine, row.zone, row.type, row.sizeGiB)) {
    changeVolume(state, id, { status: "error" }, now)
    addMessage(
      state,
      { type: "VOLUME", id },
      "001_003",
      "schedule allocate volume:Could not find any available weighted backend.",
      now
    )
    return false
  }
  state.placedGiB.set(row.zone, (state.placedGiB.get(row.zone) ?? 0) + row.sizeGiB)
  changeVolume(state, id, { host: `memory@${row.type}#${row.zone}` }, now)
  return true
}

/** As Cinder does it: on the backup, and without a word of the volume. */
export const explainRestore = (state: WorldState, backupId: string, now: number): void =>
  addMessage(
    state,
    { type: "VOLUME_BACKUP", id: backupId },
    "015_026",
    "restore backup:Backup driver failed to restore backup.",
    now
  )

const finishCreation = (engine: Engine, id: string, source: Source | undefined, ending: Ending, now: number) => {
  const { state } = engine
  const row = state.volumes.get(id)
  if (row === undefined || (row.status !== "creating" && row.status !== "restoring-backup")) return
  if (ending === "succeeds") {
    const backup = source?.disk.kind === "backup" ? source.disk.id : undefined
    const metadata = backup === undefined ? row.metadata : { ...row.metadata, src_backup_id: backup }
    return changeVolume(state, id, { status: "available", metadata }, now)
  }
  changeVolume(state, id, { status: row.status === "creating" ? "error" : "error_restoring" }, now)
  if (source?.disk.kind === "backup") return explainRestore(state, source.disk.id, now)
  addMessage(
    state,
    { type: "VOLUME", id },
    "008_012",
    "create volume from backend storage:Driver failed to create the volume.",
    now
  )
}

/** The rules of `POST /volumes`; where and how well the volume is made shows later. */
export const decideCreate = (
  engine: Engine,
  spec: VolumeSpec,
  now: number
): Either.Either<Required<Accepted<VolumeRecord>>, WorldFault> =>
  Either.gen(function* () {
    const { state, plan, disks } = engine
    yield* refuseIf(refuseText("name", spec.name) ?? refuseText("description", spec.description))
    yield* refuseIf(refuseMetadataValues(spec.metadata))
    const source = yield* sourceOf(state, spec)
    yield* refuseIf(refuseNewSize(spec.sizeGiB, source !== undefined))
    const sizeGiB = spec.sizeGiB ?? source?.sizeGiB ?? 1
    if (source !== undefined && sizeGiB < source.sizeGiB) return yield* Either.left(source.tooSmall(sizeGiB))
    const type = yield* chooseType(state, spec.type, source)
    const zone = yield* chooseZone(engine, spec.zone, source, type)
    yield* refuseIf(state.quota.refuseVolume(sizeGiB, type.name))

    const row: VolumeRow = {
      id: state.newId(),
      name: spec.name,
      description: spec.description,
      status: "creating",
      sizeGiB,
      zone,
      type: type.name,
      typeId: type.id,
      multiattach: type.multiattach,
      encrypted: type.encrypted,
      bootable: false,
      snapshotId: spec.snapshotId,
      sourceVolumeId: spec.sourceVolumeId,
      metadata: { ...spec.metadata },
      hints: spec.hints,
      host: undefined,
      createdAt: now,
      updatedAt: undefined
    }
    state.volumes.put(row)
    state.quota.countVolume(1, sizeGiB, type.name)
    const answer = volumeView(state, row)

    const name = source === undefined ? "create" : source.disk.kind === "backup" ? "restore" : "clone"
    const ending = plan.drawWork(name, [row.id, row.name])
    const making = engine.carryOut({
      name,
      ending,
      begin: disks.create(row.id, sizeGiB, source?.disk),
      halfway: (at) => {
        if (name === "restore" && state.volumes.get(row.id)?.status === "creating") {
          changeVolume(state, row.id, { status: "restoring-backup" }, at)
        }
      },
      finish: (end, at) => finishCreation(engine, row.id, source, end, at)
    })
    const scheduling = engine.takesTime("schedule")
      ? engine.pause("schedule").pipe(
          Effect.zipRight(Clock.currentTimeMillis),
          Effect.map((at) => place(engine, row.id, ending, at))
        )
      : Effect.succeed(place(engine, row.id, ending, now))
    return { answer, work: Effect.if(scheduling, { onTrue: () => making, onFalse: () => Effect.void }) }
  })
