import { Effect } from "effect"
import { SnapshotNotFound, VolumeNotFound } from "../../domain/errors.ts"
import type { SnapshotId } from "../../domain/Snapshot.ts"
import type { VolumeId } from "../../domain/Volume.ts"
import type { Cinder, NewSnapshot, PageRequest } from "../../ports/Cinder.ts"
import { findByName, listPageOf, snapshotListing } from "./cinderLists.ts"
import { ask, changeTimeoutMillis, failure, readTimeoutMillis, refused, unlessDeleting } from "./cinderRequests.ts"
import { newSnapshotBody, SnapshotReply, toSnapshot } from "./cinderWire.ts"
import { pathSegment } from "./ids.ts"
import type { ServiceClient } from "./OpenStackHttp.ts"

type Snapshots = Pick<
  Cinder["Type"],
  "findSnapshots" | "getSnapshot" | "listSnapshots" | "createSnapshot" | "deleteSnapshot"
>

export const snapshotRequests = (send: ServiceClient): Snapshots => {
  const getSnapshot = Effect.fn("Cinder.getSnapshot")(function* (id: SnapshotId) {
    const segment = pathSegment(id)
    if (segment === undefined) return yield* new SnapshotNotFound({ id })
    return yield* ask(
      send,
      {
        label: "snapshot_get",
        operation: "show snapshot",
        method: "GET",
        path: `/snapshots/${segment}`,
        timeoutMillis: readTimeoutMillis
      },
      SnapshotReply
    ).pipe(
      Effect.map(({ snapshot }) => toSnapshot(snapshot)),
      Effect.catchTag("RequestFailed", (failed) =>
        Effect.fail(failed.fault.thingMissing ? new SnapshotNotFound({ id }) : failure(failed))
      )
    )
  })

  const createSnapshot = Effect.fn("Cinder.createSnapshot")(function* (spec: NewSnapshot) {
    return yield* ask(
      send,
      {
        label: "snapshot_create",
        operation: "create snapshot",
        method: "POST",
        path: "/snapshots",
        body: newSnapshotBody(spec),
        timeoutMillis: changeTimeoutMillis
      },
      SnapshotReply
    ).pipe(
      Effect.map(({ snapshot }) => toSnapshot(snapshot)),
      Effect.catchTag("RequestFailed", (failed) =>
        Effect.fail(failed.fault.thingMissing ? new VolumeNotFound({ id: spec.volumeId }) : refused(failed))
      )
    )
  })

  const deleteSnapshot = Effect.fn("Cinder.deleteSnapshot")(function* (id: SnapshotId) {
    const segment = pathSegment(id)
    if (segment === undefined) return "absent" as const
    return yield* send({
      label: "snapshot_delete",
      operation: "delete snapshot",
      method: "DELETE",
      path: `/snapshots/${segment}`,
      timeoutMillis: changeTimeoutMillis
    }).pipe(Effect.as("accepted" as const), Effect.catchTag("RequestFailed", unlessDeleting(getSnapshot(id))))
  })

  return {
    findSnapshots: Effect.fn("Cinder.findSnapshots")((name: string) => findByName(send, snapshotListing, name)),
    getSnapshot,
    listSnapshots: Effect.fn("Cinder.listSnapshots")((page: PageRequest, volumeId: VolumeId | undefined) =>
      listPageOf(send, snapshotListing, page, volumeId)
    ),
    createSnapshot,
    deleteSnapshot
  }
}
