import { Context, type Effect } from "effect"
import type { VolumeCapability } from "./Capability.ts"
import type { DomainError } from "./errors.ts"
import type { ServerId } from "./Server.ts"
import type { VolumeId } from "./Volume.ts"

export interface PublishRequest {
  readonly volumeId: VolumeId
  readonly serverId: ServerId
  readonly capability: VolumeCapability
  /** Not offered (no PUBLISH_READONLY), hence refused when true. */
  readonly readOnly: boolean
}

/** Handed to the node with each stage and publish; holds nothing that may change while the volume stays attached. */
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
>() {}
