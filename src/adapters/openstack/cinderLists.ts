import { Effect, Either } from "effect"
import type { Backup, MarkedBackup } from "../../domain/Backup.ts"
import { type CloudFailure, UnknownPageToken } from "../../domain/errors.ts"
import type { Snapshot } from "../../domain/Snapshot.ts"
import type { Volume, VolumeId } from "../../domain/Volume.ts"
import type { Page, PageRequest } from "../../ports/Cinder.ts"
import {
  BackupsReply,
  hasNext,
  SnapshotsReply,
  toBackup,
  toMarkedBackup,
  toSnapshot,
  toVolume,
  VolumesReply
} from "./cinderWire.ts"
import { decodeBody } from "./decode.ts"
import { type Fault, toCloudFailure } from "./failures.ts"
import { pathSegment } from "./ids.ts"
import { withBackupMetadata } from "./microversions.ts"
import type { Answer, RequestFailed, ServiceClient } from "./OpenStackHttp.ts"
import type { RequestLabel } from "./observer.ts"

const listTimeoutMillis = 60_000

/** How often a search starts anew because the last row of a page vanished before the next page was asked for. */
const mostRestarts = 3

/** A collection of Cinder that is read by pages. */
export interface Listing<A> {
  readonly label: RequestLabel
  /** What is listed, in plural. */
  readonly things: string
  readonly path: string
  /** Absent: the oldest. */
  readonly microversion?: string
  readonly read: (answer: Answer) => Either.Either<Page<A>, Fault>
}

/** The marker is the last row's id; the link's own address may name a host that only the cloud knows. */
export const pageOf = <A extends { readonly id: string }>(items: ReadonlyArray<A>, more: boolean): Page<A> => ({
  items,
  next: more ? items.at(-1)?.id : undefined
})

export const readVolumes = decodeBody(VolumesReply)
export const readSnapshots = decodeBody(SnapshotsReply)
export const readBackups = decodeBody(BackupsReply)

export const volumeListing: Listing<Volume> = {
  label: "volume_list",
  things: "volumes",
  path: "/volumes/detail",
  read: (answer) =>
    Either.map(readVolumes(answer), (reply) => pageOf(reply.volumes.map(toVolume), hasNext(reply.volumes_links)))
}

export const snapshotListing: Listing<Snapshot> = {
  label: "snapshot_list",
  things: "snapshots",
  path: "/snapshots/detail",
  read: (answer) =>
    Either.map(readSnapshots(answer), (reply) =>
      pageOf(reply.snapshots.map(toSnapshot), hasNext(reply.snapshots_links))
    )
}

export const backupListing: Listing<Backup> = {
  label: "backup_list",
  things: "backups",
  path: "/backups/detail",
  read: (answer) =>
    Either.map(readBackups(answer), (reply) => pageOf(reply.backups.map(toBackup), hasNext(reply.backups_links)))
}

export const markedBackupListing: Listing<MarkedBackup> = {
  ...backupListing,
  microversion: withBackupMetadata,
  read: (answer) =>
    Either.map(readBackups(answer), (reply) => pageOf(reply.backups.map(toMarkedBackup), hasNext(reply.backups_links)))
}

type Filters = Readonly<Record<string, string>>

const failure = ({ operation, fault }: RequestFailed) => toCloudFailure("Cinder", operation, fault)

const fetchPage = <A>(
  send: ServiceClient,
  operation: string,
  listing: Listing<A>,
  { limit, marker }: PageRequest,
  filters: Filters
): Effect.Effect<Page<A>, CloudFailure | RequestFailed> =>
  send({
    label: listing.label,
    operation,
    method: "GET",
    path: listing.path,
    query: {
      ...filters,
      sort: "created_at:asc",
      ...(limit === undefined || limit <= 0 ? {} : { limit: String(limit) }),
      ...(marker === undefined ? {} : { marker })
    },
    ...(listing.microversion === undefined ? {} : { microversion: listing.microversion }),
    timeoutMillis: listTimeoutMillis
  }).pipe(
    Effect.flatMap((answer) =>
      Effect.mapError(listing.read(answer), (fault) => toCloudFailure("Cinder", operation, fault))
    )
  )

/** One page for a caller who carries the marker. */
export const listPage = <A>(
  send: ServiceClient,
  listing: Listing<A>,
  page: PageRequest,
  filters: Filters
): Effect.Effect<Page<A>, CloudFailure | UnknownPageToken> => {
  const { marker } = page
  if (marker !== undefined && pathSegment(marker) === undefined) {
    return Effect.fail(new UnknownPageToken({ token: marker }))
  }
  return fetchPage(send, `list ${listing.things}`, listing, page, filters).pipe(
    Effect.catchTag("RequestFailed", (failed) =>
      Effect.fail(
        failed.fault.thingMissing && marker !== undefined ? new UnknownPageToken({ token: marker }) : failure(failed)
      )
    )
  )
}

/** One page of what is of that volume, or of everything. */
export const listPageOf = <A extends { readonly volumeId: VolumeId }>(
  send: ServiceClient,
  listing: Listing<A>,
  page: PageRequest,
  volumeId: VolumeId | undefined
): Effect.Effect<Page<A>, CloudFailure | UnknownPageToken> => {
  if (volumeId === undefined) return listPage(send, listing, page, {})
  if (pathSegment(volumeId) === undefined) return Effect.succeed({ items: [], next: undefined })
  // Cinder reads filter values as literals, so an id that looks like a list or a number may match something else.
  return Effect.map(listPage(send, listing, page, { volume_id: volumeId }), ({ items, next }) => ({
    items: items.filter((row) => row.volumeId === volumeId),
    next
  }))
}

/** Every row of exactly this name. Names are compared here too, since a database may compare them without case. */
export const findByName = <A extends { readonly id: string; readonly name: string }>(
  send: ServiceClient,
  listing: Listing<A>,
  name: string
): Effect.Effect<ReadonlyArray<A>, CloudFailure> => {
  const search = Effect.gen(function* () {
    const found = new Map<string, A>()
    let marker: string | undefined
    do {
      const page: Page<A> = yield* fetchPage(
        send,
        `find ${listing.things}`,
        listing,
        { limit: undefined, marker },
        { name }
      )
      for (const row of page.items) if (row.name === name) found.set(row.id, row)
      marker = page.next === marker ? undefined : page.next
    } while (marker !== undefined)
    return [...found.values()]
  })
  return search.pipe(
    Effect.retry({ while: (error) => error._tag === "RequestFailed" && error.fault.thingMissing, times: mostRestarts }),
    Effect.catchTag("RequestFailed", (failed) => Effect.fail(failure(failed)))
  )
}
