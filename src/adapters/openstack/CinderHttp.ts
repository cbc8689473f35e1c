import type { HttpClient } from "@effect/platform"
import { Effect, Layer } from "effect"
import type { BackupId } from "../../domain/Backup.ts"
import { VolumeNotFound } from "../../domain/errors.ts"
import type { SnapshotId } from "../../domain/Snapshot.ts"
import type { VolumeId } from "../../domain/Volume.ts"
import { Cinder, type NewVolume, type PageRequest } from "../../ports/Cinder.ts"
import { backupRequests } from "./cinderBackups.ts"
import { findByName, listPage, volumeListing } from "./cinderLists.ts"
import { ask, changeTimeoutMillis, failure, readTimeoutMillis, refused, unlessDeleting } from "./cinderRequests.ts"
import { snapshotRequests } from "./cinderSnapshots.ts"
import { MessagesReply, newVolumeBody, toVolume, VolumeReply, ZonesReply } from "./cinderWire.ts"
import { presentable } from "./failures.ts"
import { pathSegment } from "./ids.ts"
import type { Keystone } from "./Keystone.ts"
import {
  withAttachments,
  withBackupAsSource,
  withExtendInUse,
  withMessageFilters,
  withoutMicroversions
} from "./microversions.ts"
import { makeService, type ServiceOptions } from "./OpenStackHttp.ts"

const messagesTimeoutMillis = 5_000

/** Which Cinder is asked, and how. */
export interface CinderOptions extends ServiceOptions {
  /** Ask for no microversion: what needs one is refused. */
  readonly ignoreMicroversions?: boolean | undefined
}

const makeCinder = (options: CinderOptions) =>
  Effect.gen(function* () {
    const service = yield* makeService("Cinder", options)
    const send = options.ignoreMicroversions === true ? withoutMicroversions(service) : service

    const getVolume = Effect.fn("Cinder.getVolume")(function* (id: VolumeId) {
      const segment = pathSegment(id)
      if (segment === undefined) return yield* new VolumeNotFound({ id })
      return yield* ask(
        send,
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

    const createVolume = Effect.fn("Cinder.createVolume")(function* (spec: NewVolume) {
      return yield* ask(
        send,
        {
          label: "volume_create",
          operation: "create volume",
          method: "POST",
          path: "/volumes",
          body: newVolumeBody(spec),
          ...(spec.source?._tag === "backup" ? { microversion: withBackupAsSource } : {}),
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

    const removeAttachment = Effect.fn("Cinder.removeAttachment")(function* (id: string) {
      const segment = pathSegment(id)
      if (segment === undefined) return
      yield* send({
        label: "attachment_delete",
        operation: "remove attachment",
        method: "DELETE",
        path: `/attachments/${segment}`,
        microversion: withAttachments,
        timeoutMillis: changeTimeoutMillis
      }).pipe(
        Effect.catchTag("RequestFailed", (failed) =>
          failed.fault.thingMissing ? Effect.void : Effect.fail(failure(failed))
        )
      )
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

    const listZones = ask(
      send,
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

    const explain = Effect.fn("Cinder.explain")(function* (id: VolumeId | SnapshotId | BackupId) {
      const { messages } = yield* ask(
        send,
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
      removeAttachment,
      extendVolume,
      ...snapshotRequests(send),
      ...backupRequests(send),
      listZones,
      explain: (id) => Effect.orElseSucceed(explain(id), () => undefined)
    })
  })

/** Cinder over HTTP. Building it makes no request. */
export const layerCinderHttp = (options: CinderOptions): Layer.Layer<Cinder, never, HttpClient.HttpClient | Keystone> =>
  Layer.effect(Cinder, makeCinder(options))
