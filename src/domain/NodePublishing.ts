import { Context, Effect, Layer } from "effect"
import { HostMounter, type Pulse } from "../ports/HostMounter.ts"
import type { InstanceMetadata } from "../ports/InstanceMetadata.ts"
import type { VolumeCapability } from "./Capability.ts"
import { sharingRisk } from "./decisions/capabilities.ts"
import { hidesCollapse, sitsOn, topAt } from "./decisions/mounts.ts"
import {
  decideNodePublish,
  type NodePublishAction,
  type NodePublishFacts,
  type NodePublishWish
} from "./decisions/nodePublish.ts"
import { decideNodeUnpublish } from "./decisions/nodeUnpublish.ts"
import { makeDiskSearch } from "./diskSearch.ts"
import { type DomainError, type HostFailure, InvalidInput, Refused, Unsupported } from "./errors.ts"
import { readMounts, topIsStale } from "./hostFacts.ts"
import { isWithin, parentOf } from "./hostPath.ts"
import { stillMountedAfter } from "./leftMounted.ts"
import { NodeNotices } from "./NodeNotices.ts"
import { NodeOperations } from "./NodeOperations.ts"
import { namedFileSystem, requireField, requirePath } from "./nodeRequests.ts"
import { isFinal, settle } from "./nodeSettling.ts"
import { makePatience } from "./nodeWaiting.ts"
import { leastBytesIn } from "./publishContext.ts"
import type { VolumeId } from "./Volume.ts"
import { ephemeralKey, isSet } from "./volumeContext.ts"

/** Where a staged volume is to be shown. */
export interface NodePublishRequest {
  readonly volumeId: VolumeId
  readonly stagingPath: string
  readonly targetPath: string
  readonly capability: VolumeCapability
  readonly readOnly: boolean
  readonly publishContext: Readonly<Record<string, string>>
  readonly volumeContext: Readonly<Record<string, string>>
}

/** A staged volume, shown to one pod. */
export class NodePublishing extends Context.Tag("cinder-csi/domain/NodePublishing")<
  NodePublishing,
  {
    /** Idempotent. Creates the target. */
    readonly publish: (request: NodePublishRequest) => Effect.Effect<void, DomainError>
    /** Idempotent. Removes the target, never anything in it. */
    readonly unpublish: (volumeId: VolumeId, targetPath: string) => Effect.Effect<void, DomainError>
  }
>() {
  static readonly layer: Layer.Layer<NodePublishing, never, HostMounter | InstanceMetadata> = Layer.effect(
    NodePublishing,
    Effect.gen(function* () {
      const host = yield* HostMounter
      const { find } = yield* makeDiskSearch
      const exclusively = yield* NodeOperations
      const noticeOnce = yield* NodeNotices

      /** `remove` takes only what is empty, so that its refusal says that something is in the way. */
      const removeEmpty = (path: string) =>
        Effect.catchTag(host.remove(path), "HostFailure", (failure) =>
          Effect.fail(
            failure.outcome === "unknown"
              ? failure
              : new Refused({ subject: path, because: failure.detail, remedy: "empty it; nothing in it was touched" })
          )
        )

      const publishFacts = Effect.fnUntraced(function* (
        wish: NodePublishWish,
        request: NodePublishRequest,
        prepared: boolean,
        pulseOf: (path: string) => Effect.Effect<Pulse, HostFailure>
      ): Effect.fn.Return<NodePublishFacts, HostFailure> {
        const device = yield* find(wish.volumeId, leastBytesIn(request.publishContext))
        const mounts = yield* readMounts(host)
        const staging = yield* host.locate(request.stagingPath, mounts)
        const staged = topAt(mounts, staging.path)
        const isDumb = staged !== undefined && device !== undefined && sitsOn(staged, device) && hidesCollapse(staged)
        const { kind, path: targetPath } = yield* host.locate(request.targetPath, mounts)
        const parent = kind === "absent" ? yield* host.locate(parentOf(targetPath)) : undefined
        return {
          wish,
          device,
          stagingPath: staging.path,
          targetPath,
          kind,
          parentKind: parent?.kind ?? "directory",
          mounts,
          deviceAtTarget: kind === "blockDevice" ? yield* host.deviceAt(targetPath) : undefined,
          targetIsStale: yield* topIsStale(host, mounts, targetPath),
          pulse: isDumb ? yield* pulseOf(staging.path) : undefined,
          prepared
        }
      })

      const carryOut = (action: NodePublishAction, { device, targetPath, wish }: NodePublishFacts) => {
        switch (action._tag) {
          case "MakeDirectory":
            return host.makeDirectory(targetPath)
          case "MakeFile":
            return host.makeFile(targetPath)
          case "Clear":
            return removeEmpty(targetPath)
          case "Unmount":
            return host.unmount(targetPath)
          case "Bind":
            return host.bind(action.source, targetPath, action.readOnly, wish.access === "block" ? device : undefined)
        }
      }

      const publishTarget = Effect.fnUntraced(function* (wish: NodePublishWish, request: NodePublishRequest) {
        let prepared = false
        let undo: Effect.Effect<void, HostFailure> = Effect.void
        const { targetPath } = request
        const pulseOf = yield* Effect.cachedFunction(host.pulseOf)
        yield* settle({
          subject: `volume ${wish.volumeId}`,
          patience: yield* makePatience(0),
          look: Effect.suspend(() => publishFacts(wish, request, prepared, pulseOf)),
          decide: decideNodePublish,
          carryOut: (action, facts) => {
            // Nothing was mounted there before a bind, so that one layer at most is ours to undo.
            if (action._tag === "Bind")
              undo = Effect.zipRight(host.unmount(targetPath), Effect.ignore(host.remove(targetPath)))
            return Effect.map(carryOut(action, facts), () => {
              prepared = action._tag === "MakeDirectory" || action._tag === "MakeFile"
              if (prepared) undo = Effect.ignore(host.remove(targetPath))
            })
          }
        }).pipe(
          // Kubelet may never unpublish what ended in a final error.
          Effect.tapError((error) =>
            isFinal(error) ? Effect.mapError(undo, stillMountedAfter(targetPath, error)) : Effect.void
          )
        )
      })

      const publish = Effect.fn("NodePublishing.publish")(function* (request: NodePublishRequest) {
        const { capability, readOnly, stagingPath, targetPath, volumeContext, volumeId } = request
        yield* requireField("volume_id", volumeId)
        yield* requirePath("target_path", targetPath)
        const fileSystem = yield* namedFileSystem(capability)
        if (isSet(volumeContext, ephemeralKey)) return yield* new Unsupported({ what: "an inline ephemeral volume" })
        if (stagingPath === "") {
          const because = "the request names no staging_target_path"
          return yield* new Refused({ subject: `volume ${volumeId}`, because, remedy: "stage it first" })
        }
        yield* requirePath("staging_target_path", stagingPath)
        if (isWithin(targetPath, stagingPath)) {
          return yield* new InvalidInput({ field: "target_path", problem: "lies within staging_target_path" })
        }
        const { access, mode } = capability
        const risk = sharingRisk(volumeId, capability)
        if (risk !== undefined) yield* noticeOnce(risk)
        yield* exclusively(
          [volumeId],
          publishTarget({ volumeId, access: access._tag, fileSystem, mode, readOnly }, request)
        )
      })

      const unpublish = Effect.fn("NodePublishing.unpublish")(function* (volumeId: VolumeId, targetPath: string) {
        yield* requireField("volume_id", volumeId)
        yield* requirePath("target_path", targetPath)
        const undone = settle({
          subject: `volume ${volumeId}`,
          patience: yield* makePatience(0),
          look: Effect.gen(function* () {
            const mounts = yield* readMounts(host)
            return { ...(yield* host.locate(targetPath, mounts)), mounts }
          }),
          decide: decideNodeUnpublish,
          carryOut: (action, { path }) => (action._tag === "Unmount" ? host.unmount(path) : removeEmpty(path))
        })
        yield* exclusively([volumeId], undone)
      })

      return { publish, unpublish }
    })
  ).pipe(Layer.provide(Layer.merge(NodeOperations.layer, NodeNotices.layer)))
}
