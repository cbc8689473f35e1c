import { Context, Effect, identity, Layer } from "effect"
import { watched } from "../ports/Telemetry.ts"
import { makeAttachLimits } from "./attachLimits.ts"
import type { VolumeCapability } from "./Capability.ts"
import { sharingRisk } from "./decisions/capabilities.ts"
import { type DomainError, InvalidInput } from "./errors.ts"
import { makeLostAttaches } from "./lostAttaches.ts"
import { makeNoticeOnce } from "./noticeOnce.ts"
import { OperationLocks } from "./OperationLocks.ts"
import type { ServerId } from "./Server.ts"
import { makeStrayAttachments } from "./strayAttachments.ts"
import type { VolumeId } from "./Volume.ts"
import { makeAttachVolume } from "./volumeAttaching.ts"
import { makeDetachVolume } from "./volumeDetaching.ts"

/** A volume to attach, and how it is to be used there. */
export interface PublishRequest {
  readonly volumeId: VolumeId
  readonly serverId: ServerId
  readonly capability: VolumeCapability
  /** Not offered (no PUBLISH_READONLY), hence refused when true. */
  readonly readOnly: boolean
}

/** Handed to the node with each stage and publish; stays the same while the volume stays attached, unless it grows. */
export type PublishContext = Readonly<Record<string, string>>

/** Volumes and servers, joined and parted through Nova. */
export class VolumeAttachment extends Context.Tag("cinder-csi/domain/VolumeAttachment")<
  VolumeAttachment,
  {
    /** Succeeds once Cinder shows the attachment to this server. */
    readonly publish: (request: PublishRequest) => Effect.Effect<PublishContext, DomainError>
    /** Succeeds once neither Nova nor Cinder shows the attachment. Undefined parts the volume from every server. */
    readonly unpublish: (volumeId: VolumeId, serverId: ServerId | undefined) => Effect.Effect<void, DomainError>
  }
>() {
  static readonly layer = Layer.scoped(
    VolumeAttachment,
    Effect.gen(function* () {
      const exclusively = yield* OperationLocks
      const limits = yield* makeAttachLimits
      const lost = yield* makeLostAttaches
      const attachVolume = yield* makeAttachVolume({ limits, lost })
      const detachVolume = yield* makeDetachVolume({ limits, lost })
      const disown = yield* makeStrayAttachments({ lost, exclusively, detach: detachVolume })
      const noticeOnce = yield* makeNoticeOnce

      const publish = Effect.fn("VolumeAttachment.publish")(function* (request: PublishRequest) {
        const { volumeId, serverId, capability, readOnly } = request
        if (readOnly) return yield* new InvalidInput({ field: "readonly", problem: "is not supported" })
        const risk = sharingRisk(volumeId, capability)
        if (risk !== undefined) yield* noticeOnce(risk)
        return yield* exclusively([`volume ${volumeId}`], attachVolume(volumeId, serverId, capability.mode)).pipe(
          watched({ _tag: "Attachment", serverId })
        )
      })

      const unpublish = Effect.fn("VolumeAttachment.unpublish")((volumeId: VolumeId, serverId: ServerId | undefined) =>
        exclusively(
          [`volume ${volumeId}`],
          Effect.zipRight(
            detachVolume(volumeId, serverId),
            serverId === undefined ? Effect.void : disown(volumeId, serverId)
          )
        ).pipe(serverId === undefined ? identity : watched({ _tag: "Attachment", serverId }))
      )

      return { publish, unpublish }
    })
  ).pipe(Layer.provide(OperationLocks.layer))
}
