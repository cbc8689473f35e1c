import { Effect } from "effect"
import type { ListBackupsRequest } from "../worldRequests.ts"
import {
  anything,
  boolean,
  flagIn,
  memberOf,
  objectOrNull,
  shortTextOrNull,
  textIn,
  textsIn,
  uuid,
  uuidOrNull
} from "./bodies.ts"
import { backupSummary, backupView, volumeBase } from "./cinderViews.ts"
import type { CinderSettings } from "./cinderVolumes.ts"
import { filtersOf } from "./filters.ts"
import type { Json } from "./json.ts"
import { emptyReply, jsonReply } from "./messages.ts"
import { pageBody, pageFrom, pageQueryOf } from "./paging.ts"
import type { Handler, Route } from "./service.ts"
import { statusesIn } from "./volumeFilters.ts"

const create: Handler = (call) =>
  Effect.gen(function* () {
    const member = yield* memberOf(call.body, "backup", {
      required: ["volume_id"],
      fields: {
        volume_id: uuid,
        snapshot_id: uuidOrNull,
        name: shortTextOrNull,
        description: shortTextOrNull,
        container: shortTextOrNull,
        incremental: boolean,
        force: boolean,
        ...(call.minor >= 43 ? { metadata: objectOrNull } : {}),
        ...(call.minor >= 51 ? { availability_zone: shortTextOrNull } : {})
      },
      additional: false
    })
    const backup = yield* call.world.cinder.createBackup({
      volumeId: textIn(member, "volume_id") ?? "",
      snapshotId: textIn(member, "snapshot_id"),
      name: textIn(member, "name")?.trim(),
      description: textIn(member, "description")?.trim(),
      container: textIn(member, "container"),
      incremental: flagIn(member, "incremental"),
      force: flagIn(member, "force"),
      metadata: textsIn(member, "metadata"),
      zone: textIn(member, "availability_zone")
    })
    return jsonReply(202, { backup: backupSummary(call, backup) })
  })

const show: Handler = (call) =>
  Effect.map(call.world.cinder.showBackup(call.params.id ?? ""), (backup) =>
    jsonReply(200, { backup: backupView(call, backup) })
  )

const list =
  (settings: CinderSettings, detail: boolean): Handler =>
  (call) =>
    Effect.gen(function* () {
      const query = yield* pageQueryOf(call, settings.pageCap)
      const filters = yield* filtersOf(call, "backup", settings.filters)
      const status = filters.get("status")
      const rows = (page: Pick<ListBackupsRequest, "sort" | "limit" | "marker">) =>
        call.world.cinder.listBackups({
          name: filters.get("name"),
          status: status === undefined ? undefined : statusesIn([status]),
          volumeId: filters.get("volume_id"),
          ...page
        })
      const page = yield* pageFrom(rows, query)
      const views = page.rows.map((row): Json => (detail ? backupView(call, row) : backupSummary(call, row)))
      return jsonReply(200, pageBody(call, volumeBase(call), "backups", query, page, views))
    })

const remove: Handler = (call) =>
  Effect.as(
    call.world.cinder.deleteBackup(call.params.id ?? ""),
    emptyReply(202, { "Content-Type": "application/json" })
  )

const restore: Handler = (call) =>
  Effect.gen(function* () {
    const member = yield* memberOf(call.body, "restore", {
      fields: { volume_id: uuidOrNull, name: shortTextOrNull, id: anything },
      additional: false
    })
    const { backupId, volumeId, volumeName } = yield* call.world.cinder.restoreBackup(call.params.id ?? "", {
      volumeId: textIn(member, "volume_id"),
      name: textIn(member, "name")
    })
    return jsonReply(202, {
      restore: { backup_id: backupId, volume_id: volumeId, volume_name: volumeName ?? null }
    })
  })

/** https://docs.openstack.org/api-ref/block-storage/v3/#backups-backups */
export const backupRoutes = (settings: CinderSettings): ReadonlyArray<Route> => [
  { method: "POST", template: "/backups", handle: create },
  { method: "GET", template: "/backups", handle: list(settings, false) },
  { method: "GET", template: "/backups/detail", handle: list(settings, true) },
  { method: "GET", template: "/backups/{id}", handle: show },
  { method: "DELETE", template: "/backups/{id}", handle: remove },
  { method: "POST", template: "/backups/{id}/restore", handle: restore }
]
