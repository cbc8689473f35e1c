import { Context, type Effect } from "effect"
import type { CloudFailure, ServerNotFound } from "../domain/errors.ts"
import type { ServerId } from "../domain/Server.ts"
import type { ServerEvidence } from "../domain/ServerEvidence.ts"
import type { VolumeId } from "../domain/Volume.ts"

export type CloudService = "Cinder" | "Nova"

/** What Keystone tells whoever asks. */
export interface Greeting {
  readonly url: string
  /** By how much its clock is ahead of ours; undefined where its answer tells no time. */
  readonly skewMillis: number | undefined
}

export interface LoginSeen {
  readonly projectId: string
  /** How long the token lives; undefined for one that was configured. */
  readonly lifeMillis: number | undefined
}

export interface EndpointSeen {
  readonly url: string
  /** Regions that would have fitted as well, the chosen one first. */
  readonly regions: ReadonlyArray<string>
}

/** What a server shows of itself over TLS. */
export interface CertificateSeen {
  readonly host: string
  readonly subject: string
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly validUntil: number
  /** Why it is not believed, in the words of OpenSSL; undefined if it is. */
  readonly problem: string | undefined
}

/** The oldest and newest microversion that a service speaks, such as 3.0 and 3.70. */
export interface VersionRange {
  readonly minimum: string
  readonly maximum: string
}

/** Listings that the driver narrows by a filter: where Cinder drops it, every row of the project comes. */
export const filters = ["volumes by name", "snapshots by name", "backups by name", "messages by volume"] as const
export type FilterName = (typeof filters)[number]

/** A quota of the project; a limit below 0 is none. */
export interface QuotaUse {
  /** Cinder's name of it, such as `gigabytes` or `volumes_fast`. */
  readonly name: string
  readonly limit: number
  readonly used: number
}

export interface VolumeTypeSeen {
  readonly id: string
  readonly name: string
  readonly multiattach: boolean
  readonly isDefault: boolean
}

export interface ZoneSeen {
  readonly name: string
  readonly available: boolean
}

/** A row of Cinder's attachments, reservations of all kinds included. */
export interface AttachmentSeen {
  readonly id: string
  readonly serverId: ServerId | undefined
  /** Such as `reserved`, `attaching`, `attached`, `detaching`. */
  readonly status: string
}

/** What the doctor asks of a cloud besides what the driver asks. It changes nothing, and every answer comes in limited time. */
export class CloudSurvey extends Context.Tag("cinder-csi/ports/CloudSurvey")<
  CloudSurvey,
  {
    readonly greet: Effect.Effect<Greeting, CloudFailure>
    readonly login: Effect.Effect<LoginSeen, CloudFailure>
    readonly endpoint: (service: CloudService) => Effect.Effect<EndpointSeen, CloudFailure>
    /** Undefined where nothing can be seen: without TLS, or behind a proxy. */
    readonly certificate: (url: string) => Effect.Effect<CertificateSeen | undefined, CloudFailure>
    readonly versions: (service: CloudService) => Effect.Effect<VersionRange, CloudFailure>
    /** Lists one volume or one server. */
    readonly mayList: (service: CloudService) => Effect.Effect<void, CloudFailure>
    /** Asks for what cannot be there: false if something comes all the same. */
    readonly honours: (filter: FilterName) => Effect.Effect<boolean, CloudFailure>
    readonly quotas: Effect.Effect<ReadonlyArray<QuotaUse>, CloudFailure>
    readonly volumeTypes: Effect.Effect<ReadonlyArray<VolumeTypeSeen>, CloudFailure>
    readonly zones: (service: CloudService) => Effect.Effect<ReadonlyArray<ZoneSeen>, CloudFailure>
    readonly attachmentsOf: (volume: VolumeId) => Effect.Effect<ReadonlyArray<AttachmentSeen>, CloudFailure>
    readonly evidence: (server: ServerId) => Effect.Effect<ServerEvidence, CloudFailure | ServerNotFound>
  }
>() {}
