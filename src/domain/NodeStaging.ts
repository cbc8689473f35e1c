import { Context, Effect, Either, Layer } from "effect"
import { type BlockDevice, HostMounter } from "../ports/HostMounter.ts"
import type { InstanceMetadata } from "../ports/InstanceMetadata.ts"
import type { VolumeCapability } from "./Capability.ts"
import { sharingRisk } from "./decisions/capabilities.ts"
import { mkfsTexts } from "./decisions/mkfsOptions.ts"
import { isSameDisk, mountsOf, topAt } from "./decisions/mounts.ts"
import { decideStage } from "./decisions/stage.ts"
import {
  noProgress,
  type StageAction,
  type StageFacts,
  type StageProgress,
  type StageWish
} from "./decisions/stageFacts.ts"
import { decideStageSize } from "./decisions/stageSize.ts"
import { act, done } from "./decisions/Verdict.ts"
import { guardUuid } from "./decisions/writeGuard.ts"
import { makeDiskSearch } from "./diskSearch.ts"
import type { DomainError, HostFailure, NotReady } from "./errors.ts"
import { readMounts, topIsStale } from "./hostFacts.ts"
import { leaveNothingMounted, stillMounted } from "./leftMounted.ts"
import { NodeNotices } from "./NodeNotices.ts"
import { NodeOperations } from "./NodeOperations.ts"
import { NodeSettings } from "./NodeSettings.ts"
import { namedFileSystem, requireField, requirePath } from "./nodeRequests.ts"
import { settle } from "./nodeSettling.ts"
import { makePatience, type Patience } from "./nodeWaiting.ts"
import { encryptedKey, leastBytesIn } from "./publishContext.ts"
import { StagedDisks } from "./StagedDisks.ts"
import { undoStage } from "./undoStage.ts"
import type { VolumeId } from "./Volume.ts"
import { createdEmptyKey, isSet, resizeRequiredKey } from "./volumeContext.ts"

/** Hypervisors plug a disk in after they answered; slow ones take many seconds. */
const deviceBudgetMillis = 45_000

/** Where a volume is to be made ready. */
export interface StageRequest {
  readonly volumeId: VolumeId
  readonly stagingPath: string
  readonly capability: VolumeCapability
  readonly publishContext: Readonly<Record<string, string>>
  readonly volumeContext: Readonly<Record<string, string>>
}

/** One volume on this node, made ready for every pod that will use it. */
export class NodeStaging extends Context.Tag("cinder-csi/domain/NodeStaging")<
  NodeStaging,
  {
    /** Idempotent. A file system is made only on a disk that is proved to be this volume and proved to be blank. */
    readonly stage: (request: StageRequest) => Effect.Effect<void, DomainError>
    /** Idempotent; works with the disk gone. Leaves the directory, empty. */
    readonly unstage: (volumeId: VolumeId, stagingPath: string) => Effect.Effect<void, DomainError>
  }
>() {
  static readonly layer: Layer.Layer<NodeStaging, never, HostMounter | InstanceMetadata | NodeSettings> = Layer.effect(
    NodeStaging,
    Effect.gen(function* () {
      const host = yield* HostMounter
      const settings = yield* NodeSettings
      const { awaitDisk } = yield* makeDiskSearch
      const exclusively = yield* NodeOperations
      const noticeOnce = yield* NodeNotices
      const disks = yield* StagedDisks

      const noteDisk = (volumeId: VolumeId, device: BlockDevice | undefined) =>
        device === undefined ? Effect.void : disks.note(volumeId, device)

      /** Undoes what a disk left behind that is gone; without this a stage that finds no disk would leave it. */
      const dropStale = (volumeId: VolumeId, stagingPath: string, patience: Patience) =>
        settle({
          subject: `volume ${volumeId}`,
          patience,
          look: Effect.gen(function* () {
            const mounts = yield* readMounts(host)
            const { path } = yield* host.locate(stagingPath, mounts)
            return (yield* topIsStale(host, mounts, path)) ? path : undefined
          }),
          decide: (path) => (path === undefined ? done(undefined) : act(path)),
          carryOut: (path) =>
            Effect.logWarning(`unmounting ${path}: its disk is gone`).pipe(
              Effect.zipRight(host.unmount(path)),
              Effect.mapError(stillMounted(path))
            )
        })

      const carryOut = Effect.fnUntraced(function* (
        action: StageAction,
        { device, mounts, path, progress, wish }: StageFacts
      ): Effect.fn.Return<StageProgress, HostFailure | NotReady> {
        switch (action._tag) {
          case "MakeDirectory":
            yield* host.makeDirectory(path)
            return progress
          case "Unmount":
            yield* host.unmount(path).pipe(Effect.mapError(stillMounted(path)))
            return progress
          case "TakePulse":
            return { ...progress, pulse: yield* host.pulseOf(path) }
          case "RefreshSize":
            yield* host.refreshSize(device)
            return { ...progress, contents: undefined, refreshed: true }
          case "Look":
            return { ...progress, contents: yield* host.contentsOf(device) }
          case "Format":
            yield* Effect.logInfo(`making ${action.fileSystem} on ${device.path} (${device.evidence})`)
            yield* host.format(device, action.found, action.fileSystem, action.uuid, action.options)
            return { ...progress, contents: undefined, formatted: action.fileSystem }
          case "Check":
            yield* host.check(device, action.fileSystem)
            return { ...progress, checked: true }
          case "Mount": {
            const { contents } = progress
            const guarding =
              contents?._tag === "FileSystem" ? guardUuid(wish, device, action.fileSystem, contents) : undefined
            if (guarding?._tag === "Notice") yield* Effect.logInfo(guarding.text)
            yield* host.mount(device, path, action.fileSystem, action.options)
            return { ...progress, mounted: mountsOf(mounts, device).length === 0 }
          }
          case "Grow": {
            const { fileSystem, mountedAt } = action
            const before = mountedAt === undefined ? undefined : (yield* host.usage(mountedAt)).totalBytes
            const grown = yield* Effect.either(host.grow(device, fileSystem, mountedAt))
            if (Either.isLeft(grown)) {
              if (mountedAt === undefined) return yield* grown.left
              yield* Effect.logWarning(grown.left.message)
              return { ...progress, growth: { _tag: "refusedMounted", failure: grown.left } }
            }
            const total =
              mountedAt === undefined || before === undefined
                ? undefined
                : { before, after: (yield* host.usage(mountedAt)).totalBytes }
            return { ...progress, contents: undefined, growth: { _tag: "reported", total } }
          }
        }
      })

      const stageFileSystem = (wish: StageWish, stagingPath: string, patience: Patience) =>
        Effect.suspend(() => {
          let progress = noProgress
          let seen: BlockDevice | undefined
          let isOurs = false
          let wasThere: boolean | undefined
          const withoutDisk = Effect.zipRight(
            dropStale(wish.volumeId, stagingPath, patience),
            awaitDisk(wish.volumeId, wish.leastBytes, patience)
          )
          const facts = Effect.gen(function* () {
            const device = (yield* host.findDevice(wish.volumeId)) ?? (yield* withoutDisk)
            const isSame = isSameDisk(seen, device) && seen?.sizeBytes === device.sizeBytes
            if (!isSame) progress = { ...noProgress, refreshed: progress.refreshed }
            seen = device
            const mounts = yield* readMounts(host)
            const place = yield* host.locate(stagingPath, mounts)
            const stale = yield* topIsStale(host, mounts, place.path)
            wasThere ??= topAt(mounts, place.path) !== undefined
            return { wish, device, ...place, mounts, topIsStale: stale, progress }
          })
          return settle({
            subject: `volume ${wish.volumeId}`,
            patience,
            look: facts,
            decide: decideStage,
            carryOut: (action, before) => {
              if (action._tag === "Mount") isOurs = true
              return Effect.map(carryOut(action, before), (after) => {
                progress = after
              })
            }
          }).pipe(
            Effect.zipRight(Effect.suspend(() => noteDisk(wish.volumeId, seen))),
            Effect.catchAll((error) =>
              leaveNothingMounted(host, { stagingPath, device: seen, isOurs, wasThere: wasThere ?? false }, error)
            )
          )
        })

      /** A raw disk is published as it is. */
      const findRaw = (volumeId: VolumeId, leastBytes: bigint | undefined, patience: Patience) =>
        Effect.suspend(() => {
          let refreshed = false
          let seen: BlockDevice | undefined
          return settle({
            subject: `volume ${volumeId}`,
            patience,
            look: Effect.map(awaitDisk(volumeId, leastBytes, patience), (device) => {
              seen = device
              return { volumeId, device, leastBytes, refreshed }
            }),
            decide: decideStageSize,
            carryOut: (_, { device }) =>
              Effect.map(host.refreshSize(device), () => {
                refreshed = true
              })
          }).pipe(Effect.zipRight(Effect.suspend(() => noteDisk(volumeId, seen))))
        })

      const stage = Effect.fn("NodeStaging.stage")(function* (request: StageRequest) {
        const { capability, publishContext, stagingPath, volumeContext, volumeId } = request
        yield* requireField("volume_id", volumeId)
        yield* requirePath("staging_target_path", stagingPath)
        const fileSystem = yield* namedFileSystem(capability)
        const patience = yield* makePatience(deviceBudgetMillis)
        const { access, mode } = capability
        const risk = sharingRisk(volumeId, capability)
        if (risk !== undefined) yield* noticeOnce(risk)
        const leastBytes = leastBytesIn(publishContext)
        const staged =
          access._tag === "block"
            ? Effect.zipRight(dropStale(volumeId, stagingPath, patience), findRaw(volumeId, leastBytes, patience))
            : stageFileSystem(
                {
                  volumeId,
                  fileSystem,
                  mode,
                  flags: access.flags,
                  leastBytes,
                  resizeRequired: isSet(volumeContext, resizeRequiredKey),
                  createdEmpty: isSet(volumeContext, createdEmptyKey),
                  encrypted: isSet(publishContext, encryptedKey),
                  formatNoise: settings.formatNoise,
                  uuidGuard: settings.uuidGuard,
                  mkfs: mkfsTexts(volumeContext)
                },
                stagingPath,
                patience
              )
        yield* exclusively([volumeId], staged)
      })

      const unstage = Effect.fn("NodeStaging.unstage")(function* (volumeId: VolumeId, stagingPath: string) {
        yield* requireField("volume_id", volumeId)
        yield* requirePath("staging_target_path", stagingPath)
        const undone = undoStage(host, volumeId, stagingPath, yield* makePatience(0))
        yield* exclusively([volumeId], Effect.zipLeft(undone, disks.forget(volumeId)))
      })

      return { stage, unstage }
    })
  ).pipe(Layer.provide(Layer.mergeAll(NodeOperations.layer, NodeNotices.layer, StagedDisks.layer)))
}
