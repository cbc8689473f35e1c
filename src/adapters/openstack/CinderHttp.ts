import type { HttpClient } from "@effect/platform"
import { Effect, Layer, type Schema } from "effect"
import { type CloudFailure, QuotaExceeded, SnapshotNotFound, VolumeNotFound } from "../../domain/errors.ts"
import type { SnapshotId } from "../../domain/Snapshot.ts"
import type { VolumeId } from "../../domain/Volume.ts"
import { Cinder, type NewSnapshot, type NewVolume, type PageRequest } from "../../ports/Cinder.ts"
import { findByName, listPage, snapshotListing, volumeListing } from "./cinderLists.ts"
import {
  MessagesReply,
  newSnapshotBody,
  newVolumeBody,
  SnapshotReply,
  toSnapshot,
  toVolume,
  VolumeReply,
  ZonesReply
} from "./cinderWire.ts"
import { decodeBody } from "./decode.ts"
import { presentable, toCloudFailure } from "./failures.ts"
import { pathSegment } from "./ids.ts"
import type { Keystone } from "./Keystone.ts"
import { makeService, type RequestFailed, type ServiceOptions, type ServiceRequest } from "./OpenStackHttp.ts"

const readTimeoutMillis = 30_000
const changeTimeoutMillis = 60_000
const messagesTimeoutMillis = 5_000

/**
 * The least microversions that have what is needed; without one Cinder speaks 3.0
 * (https://docs.openstack.org/cinder/latest/contributor/api_microversion_history.html).
 */
const withMessageFilters = "3.5"
const withExtendInUse = "3.42"

const failure = ({ operation, fault }: RequestFailed) => toCloudFailure("Cinder", operation, fault)

const refused = (failed: RequestFailed): CloudFailure | QuotaExceeded =>
  failed.fault.quota ? new QuotaExceeded({ detail: failed.fault.detail }) : failure(failed)

const makeCinder = (options: ServiceOptions) =>
  Effect.gen(function* () {
    const send = yield* makeService("Cinder", options)

    const ask = <A, I>(request: ServiceRequest, schema: Schema.Schema<A, I>) => {
      const read = decodeBody(schema)
      return Effect.flatMap(send(request), (answer) =>
        Effect.mapError(read(answer), (fault) => toCloudFailure("Cinder", request.operation, fault))
      )
    }

    const getVolume = Effect.fn("Cinder.getVolume")(function* (id: VolumeId) {
      const segment = pathSegment(id)
      if (segment === undefined) return yield* new VolumeNotFound({ id })
      return yield* ask(
        {
          label: "volume_get",
          operation: "show volume",
          method: "GET",
          path: `/volumes/${segment}`,
          timeoutMillis: readTimeoutMillis
        },
        VolumeReply
      ).pipe(
        Effect.map(({ volume }) => toVolume(volume)),
        Effect.catchTag("RequestFailed", (failed) =>
          Effect.fail(failed.fault.thingMissing ? new VolumeNotFound({ id }) : failure(failed))
        )
      )
    })

    const getSnapshot = Effect.fn("Cinder.getSnapshot")(function* (id: SnapshotId) {
      const segment = pathSegment(id)
      if (segment === undefined) return yield* new SnapshotNotFound({ id })
      return yield* ask(
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

    /** Cinder answers 400 to the second deletion; if the first one's answer was lost, that is its success. */
    const unlessDeleting =
      <E>(look: Effect.Effect<{ readonly status: string }, E>) =>
      (failed: RequestFailed): Effect.Effect<void, CloudFailure> => {
        if (failed.fault.thingMissing) return Effect.void
        if (!failed.repeated || failed.fault.reason !== "invalid") return Effect.fail(failure(failed))
        return Effect.matchEffect(look, {
          onSuccess: ({ status }) => (status === "deleting" ? Effect.void : Effect.fail(failure(failed))),
          onFailure: () => Effect.fail(failure(failed))
        })
      }

    const createVolume = Effect.fn("Cinder.createVolume")(function* (spec: NewVolume) {
      return yield* ask(
        {
          label: "volume_create",
          operation: "create volume",
          method: "POST",
          path: "/volumes",
          body: newVolumeBody(spec),
          timeoutMillis: changeTimeoutMillis
        },
        VolumeReply
      ).pipe(
        Effect.map(({ volume }) => toVolume(volume)),
        Effect.catchTag("RequestFailed", (failed) => Effect.fail(refused(failed)))
      )
    })

    const deleteVolume = Effect.fn("Cinder.deleteVolume")(function* (id: VolumeId) {
      const segment = pathSegment(id)
      if (segment === undefined) return
      yield* send({
        label: "volume_delete",
        operation: "delete volume",
        method: "DELETE",
        path: `/volumes/${segment}`,
        timeoutMillis: changeTimeoutMillis
      }).pipe(Effect.catchTag("RequestFailed", unlessDeleting(getVolume(id))))
    })

    const extendVolume = Effect.fn("Cinder.extendVolume")(function* (id: VolumeId, sizeGiB: number, attached: boolean) {
      const segment = pathSegment(id)
      if (segment === undefined) return yield* new VolumeNotFound({ id })
      yield* send({
        label: "volume_expand",
        operation: "extend volume",
        method: "POST",
        path: `/volumes/${segment}/action`,
        body: { "os-extend": { new_size: sizeGiB } },
        ...(attached ? { microversion: withExtendInUse } : {}),
        timeoutMillis: changeTimeoutMillis
      }).pipe(
        Effect.catchTag("RequestFailed", (failed) =>
          Effect.fail(failed.fault.thingMissing ? new VolumeNotFound({ id }) : refused(failed))
        )
      )
    })

    const createSnapshot = Effect.fn("Cinder.createSnapshot")(function* (spec: NewSnapshot) {
      return yield* ask(
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
      if (segment === undefined) return
      yield* send({
        label: "snapshot_delete",
        operation: "delete snapshot",
        method: "DELETE",
        path: `/snapshots/${segment}`,
        timeoutMillis: changeTimeoutMillis
      }).pipe(Effect.catchTag("RequestFailed", unlessDeleting(getSnapshot(id))))
    })

    const listSnapshots = Effect.fn("Cinder.listSnapshots")(function* (
      page: PageRequest,
      volumeId: VolumeId | undefined
    ) {
      if (volumeId === undefined) return yield* listPage(send, snapshotListing, page, {})
      if (pathSegment(volumeId) === undefined) return { items: [], next: undefined }
      const { items, next } = yield* listPage(send, snapshotListing, page, { volume_id: volumeId })
      // Cinder reads filter values as literals, so an id that looks like a list or a number may match something else.
      return { items: items.filter((snapshot) => snapshot.volumeId === volumeId), next }
    })

    const listZones = ask(
      {
        label: "zone_list",
        operation: "list zones",
        method: "GET",
        path: "/os-availability-zone",
        timeoutMillis: readTimeoutMillis
      },
      ZonesReply
    ).pipe(
      Effect.map(({ availabilityZoneInfo }) => availabilityZoneInfo.map(({ zoneName }) => zoneName)),
      Effect.catchTag("RequestFailed", (failed) => Effect.fail(failure(failed))),
      Effect.withSpan("Cinder.listZones")
    )

    const explain = Effect.fn("Cinder.explain")(function* (id: VolumeId | SnapshotId) {
      const { messages } = yield* ask(
        {
          label: "message_list",
          operation: "list messages",
          method: "GET",
          path: "/messages",
          query: { resource_uuid: id, sort: "created_at:desc", limit: "10" },
          microversion: withMessageFilters,
          timeoutMillis: messagesTimeoutMillis
        },
        MessagesReply
      )
      const newest = messages.find(({ resource_uuid }) => resource_uuid === id)
      return newest === undefined ? undefined : presentable(newest.user_message, [])
    })

    return Cinder.of({
      findVolumes: Effect.fn("Cinder.findVolumes")((name: string) => findByName(send, volumeListing, name)),
      getVolume,
      listVolumes: Effect.fn("Cinder.listVolumes")((page: PageRequest) => listPage(send, volumeListing, page, {})),
      createVolume,
      deleteVolume,
      extendVolume,
      findSnapshots: Effect.fn("Cinder.findSnapshots")((name: string) => findByName(send, snapshotListing, name)),
      getSnapshot,
      listSnapshots,
      createSnapshot,
      deleteSnapshot,
      listZones,
      explain: (id) => Effect.orElseSucceed(explain(id), () => undefined)
    })
  })

/** Cinder over HTTP. Building it makes no request. */
export const layerCinderHttp = (
  options: ServiceOptions
): Layer.Layer<Cinder, never, HttpClient.HttpClient | Keystone> => Layer.effect(Cinder, makeCinder(options))
