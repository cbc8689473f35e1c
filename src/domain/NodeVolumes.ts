import { Context, Effect, Layer, Option } from "effect"
import { type DiskContents, HostMounter, type Usage } from "../ports/HostMounter.ts"
import { InstanceMetadata } from "../ports/InstanceMetadata.ts"
import type { VolumeCapability } from "./Capability.ts"
import type { CapacityRange } from "./Capacity.ts"
import { decideNodeExpand, type NodeExpandAction, rangeProblem } from "./decisions/nodeExpand.ts"
import { decideNodeUsage } from "./decisions/nodeUsage.ts"
import { type PresenceFacts, presenceOf } from "./decisions/presence.ts"
import { mountTroubles, type VolumeHealth, volumeHealth } from "./decisions/volumeHealth.ts"
import { makeDiskSearch } from "./diskSearch.ts"
import { type DomainError, type HostFailure, IdentityUnknown, InvalidInput, PathNotFound } from "./errors.ts"
import { readMounts, topIsStale } from "./hostFacts.ts"
import { isProperPath, isTooLong } from "./hostPath.ts"
import { NodeOperations } from "./NodeOperations.ts"
import { NodeSettings } from "./NodeSettings.ts"
import { makeNodeLimit } from "./nodeLimit.ts"
import { requireField } from "./nodeRequests.ts"
import { settle } from "./nodeSettling.ts"
import { nodeSegments } from "./nodeTopology.ts"
import { makePatience } from "./nodeWaiting.ts"
import { makeNoticeOnce } from "./noticeOnce.ts"
import type { ServerId } from "./Server.ts"
import { StagedDisks } from "./StagedDisks.ts"
import type { Segments } from "./Topology.ts"
import type { VolumeId } from "./Volume.ts"

/** A hypervisor tells its guest of a new size at once or, where it has to be asked for, within seconds. */
const sizeBudgetMillis = 30_000

/** How full a volume is. */
export type VolumeUsage =
  /** A raw device has a size and nothing else that can be known. */
  | { readonly _tag: "block"; readonly totalBytes: bigint }
  | {
      readonly _tag: "mount"
      readonly totalBytes: bigint
      readonly usedBytes: bigint
      readonly availableBytes: bigint
      readonly totalInodes: bigint
      readonly usedInodes: bigint
      readonly availableInodes: bigint
    }

/** How large the file system of a volume is to become. */
export interface NodeExpandRequest {
  readonly volumeId: VolumeId
  readonly volumePath: string
  readonly stagingPath: string
  readonly capacity: CapacityRange
  /** Undefined: what the path holds decides between block and mount. */
  readonly capability: VolumeCapability | undefined
}

/** What the orchestrator has to know of this node. */
export interface NodeInfo {
  readonly serverId: ServerId
  /** 0 leaves it open. */
  readonly maxVolumes: number
  /** Undefined when topology is switched off. */
  readonly topology: Segments | undefined
}

/** Volumes in use on this node, and the node itself. */
export class NodeVolumes extends Context.Tag("cinder-csi/domain/NodeVolumes")<
  NodeVolumes,
  {
    readonly usage: (volumeId: VolumeId, path: string) => Effect.Effect<VolumeUsage, DomainError>
    /** Never fails for what it finds or cannot find out: then it says so. */
    readonly health: (volumeId: VolumeId, path: string) => Effect.Effect<VolumeHealth, DomainError>
    /** Answers with the size in bytes. Idempotent; succeeds only once disk and file system have the asked size. */
    readonly expand: (request: NodeExpandRequest) => Effect.Effect<bigint, DomainError>
    readonly info: Effect.Effect<NodeInfo, DomainError>
  }
>() {
  static readonly layer: Layer.Layer<NodeVolumes, never, HostMounter | InstanceMetadata | NodeSettings> = Layer.effect(
    NodeVolumes,
    Effect.gen(function* () {
      const host = yield* HostMounter
      const metadata = yield* InstanceMetadata
      const settings = yield* NodeSettings
      const { find } = yield* makeDiskSearch
      const exclusively = yield* NodeOperations
      const noticeOnce = yield* makeNoticeOnce
      const nodeLimit = yield* makeNodeLimit(host, settings)
      const disks = yield* StagedDisks

      /** A path that cannot be one of ours is one where the volume is not, which is NOT_FOUND to an orchestrator. */
      const requireVolumePath = Effect.fnUntraced(function* (volumeId: VolumeId, path: string) {
        yield* requireField("volume_id", volumeId)
        yield* requireField("volume_path", path)
        if (isTooLong(path)) return yield* new InvalidInput({ field: "volume_path", problem: "is too long" })
        if (!isProperPath(path)) return yield* new PathNotFound({ volumeId, path })
      })

      const presenceFacts = Effect.fnUntraced(function* (
        volumeId: VolumeId,
        path: string
      ): Effect.fn.Return<PresenceFacts, HostFailure> {
        const mounts = yield* readMounts(host)
        const place = yield* host.locate(path, mounts)
        const device = yield* find(volumeId, undefined)
        const deviceAtPath = place.kind === "blockDevice" ? yield* host.deviceAt(place.path) : undefined
        return { path: place.path, mounts, device, deviceAtPath }
      })

      const usage = Effect.fn("NodeVolumes.usage")(function* (volumeId: VolumeId, path: string) {
        yield* requireVolumePath(volumeId, path)
        const presence = presenceOf(yield* presenceFacts(volumeId, path))
        if (presence._tag === "Mounted") {
          for (const { message } of mountTroubles(volumeId, presence.mount)) yield* noticeOnce(message)
        }
        if ("device" in presence) yield* disks.note(volumeId, presence.device)
        let measured: Usage | undefined
        return yield* settle({
          subject: `volume ${volumeId}`,
          patience: yield* makePatience(0),
          look: Effect.gen(function* () {
            const seen = presence._tag === "DiskGone" ? yield* host.describeDevices : []
            return { volumeId, path, presence, seen, usage: measured }
          }),
          decide: decideNodeUsage,
          carryOut: () =>
            Effect.map(host.usage(path), (figures) => {
              measured = figures
            })
        })
      })

      const examine = Effect.fnUntraced(function* (
        volumeId: VolumeId,
        path: string
      ): Effect.fn.Return<VolumeHealth, HostFailure> {
        const where = yield* presenceFacts(volumeId, path)
        const presence = presenceOf(where)
        const isMounted = presence._tag === "Mounted"
        const isHere = isMounted || presence._tag === "Raw"
        const [pulse, vitals] = yield* Effect.all(
          [
            isMounted ? host.pulseOf(where.path) : Effect.succeed(undefined),
            isHere ? host.vitalsOf(presence.device) : Effect.succeed(undefined)
          ],
          { concurrency: 2 }
        )
        const figures = pulse?._tag === "Alive" ? yield* Effect.option(host.usage(where.path)) : Option.none()
        const totalBytes = Option.getOrUndefined(figures)?.totalBytes
        const stale = presence._tag === "Elsewhere" && (yield* topIsStale(host, where.mounts, where.path))
        return volumeHealth({ volumeId, path, presence, topIsStale: stale, pulse, vitals, totalBytes })
      })

      const health = Effect.fn("NodeVolumes.health")(function* (volumeId: VolumeId, path: string) {
        yield* requireVolumePath(volumeId, path)
        return yield* Effect.catchAll(examine(volumeId, path), ({ message }) =>
          Effect.succeed<VolumeHealth>({ _tag: "Unknown", why: message })
        )
      })

      const grow = Effect.fnUntraced(function* (request: NodeExpandRequest) {
        const { capability, capacity, volumeId, volumePath } = request
        let refreshed = false
        let contents: DiskContents | undefined
        let total: { readonly before: bigint; readonly after: bigint } | undefined

        const look = Effect.gen(function* () {
          const where = yield* presenceFacts(volumeId, volumePath)
          const presence = presenceOf(where)
          const seen = presence._tag === "DiskGone" ? yield* host.describeDevices : []
          const access = capability?.access._tag
          const { rescanOnResize } = settings
          const { mounts, path } = where
          return {
            volumeId,
            path,
            access,
            capacity,
            rescanOnResize,
            presence,
            mounts,
            seen,
            refreshed,
            contents,
            total
          }
        })

        const carryOut = Effect.fnUntraced(function* (action: NodeExpandAction): Effect.fn.Return<void, HostFailure> {
          switch (action._tag) {
            case "RefreshSize":
              yield* host.refreshSize(action.device)
              refreshed = true
              contents = undefined
              return
            case "Look":
              contents = yield* host.contentsOf(action.device)
              return
            case "Grow": {
              const before = (yield* host.usage(action.mountedAt)).totalBytes
              yield* host.grow(action.device, action.fileSystem, action.mountedAt)
              contents = yield* host.contentsOf(action.device)
              total = { before, after: (yield* host.usage(action.mountedAt)).totalBytes }
            }
          }
        })

        return yield* settle({
          subject: `disk of volume ${volumeId}`,
          patience: yield* makePatience(sizeBudgetMillis),
          look,
          decide: decideNodeExpand,
          carryOut,
          afterPause: Effect.sync(() => {
            refreshed = false
          })
        })
      })

      const expand = Effect.fn("NodeVolumes.expand")(function* (request: NodeExpandRequest) {
        yield* requireVolumePath(request.volumeId, request.volumePath)
        const problem = rangeProblem(request.capacity)
        if (problem !== undefined) return yield* problem
        return yield* exclusively([request.volumeId], grow(request))
      })

      const info = Effect.gen(function* () {
        const { serverId, source, zone } = yield* metadata.identity
        const maxVolumes = yield* nodeLimit
        const { additionalTopology, withTopology } = settings
        if (!withTopology) return { serverId, maxVolumes, topology: undefined }
        const topology = nodeSegments(zone, additionalTopology)
        return topology === undefined
          ? yield* new IdentityUnknown({ tried: [`${source} names no availability zone`] })
          : { serverId, maxVolumes, topology }
      }).pipe(Effect.withSpan("NodeVolumes.info"))

      return { usage, health, expand, info }
    })
  ).pipe(Layer.provide(Layer.merge(NodeOperations.layer, StagedDisks.layer)))
}
