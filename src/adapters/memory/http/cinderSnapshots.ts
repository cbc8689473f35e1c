import { Effect } from "effect"
import type { ListSnapshotsRequest } from "../worldRequests.ts"
import { badRequest } from "./apiFaults.ts"
import { boolean, flagIn, memberOf, objectOrNull, shortTextOrNull, textIn, textsIn, uuidOrNull } from "./bodies.ts"
import { snapshotView, volumeBase } from "./cinderViews.ts"
import type { CinderSettings } from "./cinderVolumes.ts"
import { filtersOf } from "./filters.ts"
import { emptyReply, jsonReply } from "./messages.ts"
import { pageBody, pageFrom, pageQueryOf } from "./paging.ts"
import type { Handler, Route } from "./service.ts"
import { pairsOf, statusesIn } from "./volumeFilters.ts"

/** From 3.66 on a snapshot of a volume in use needs no force. */
const forceFreeSince = 66

const create: Handler = (call) =>
  Effect.gen(function* () {
    const member = yield* memberOf(call.body, "snapshot", {
      required: ["volume_id"],
      fields: {
        volume_id: uuidOrNull,
        name: shortTextOrNull,
        description: shortTextOrNull,
        force: boolean,
        metadata: objectOrNull
      },
      additional: false
    })
    const force = flagIn(member, "force")
    if (call.minor >= forceFreeSince && force === false) {
      return yield* badRequest(
        "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward compatability, however, " +
          "when the 'force' flag is passed with a value evaluating to True, it is silently ignored."
      )
    }
    const snapshot = yield* call.world.cinder.createSnapshot({
      volumeId: textIn(member, "volume_id") ?? "",
      name: textIn(member, "name")?.trim(),
      description: textIn(member, "description")?.trim(),
      metadata: textsIn(member, "metadata"),
      force: call.minor >= forceFreeSince || force === true
    })
    return jsonReply(202, { snapshot: snapshotView(call, snapshot, { fresh: true }) })
  })

const show: Handler = (call) =>
  Effect.map(call.world.cinder.showSnapshot(call.params.id ?? ""), (snapshot) =>
    jsonReply(200, { snapshot: snapshotView(call, snapshot, { extended: true }) })
  )

const list =
  (settings: CinderSettings, detail: boolean): Handler =>
  (call) =>
    Effect.gen(function* () {
      const query = yield* pageQueryOf(call, settings.pageCap)
      const filters = yield* filtersOf(call, "snapshot", settings.filters)
      const status = filters.get("status")
      const zone = filters.get("availability_zone")
      const metadata = filters.get("metadata")
      const pairs = metadata === undefined ? undefined : pairsOf(metadata)
      const impossible =
        (metadata !== undefined && pairs === undefined) || filters.get("consumes_quota")?.toLowerCase() === "false"
      const rows = (page: Pick<ListSnapshotsRequest, "sort" | "limit" | "marker">) =>
        impossible
          ? Effect.succeed({ rows: [], full: false })
          : call.world.cinder.listSnapshots({
              name: filters.get("name"),
              status: status === undefined ? undefined : statusesIn([status]),
              volumeId: filters.get("volume_id"),
              zone: zone === undefined ? undefined : [zone],
              metadata: pairs,
              ...page
            })
      const page = yield* pageFrom(rows, query)
      const views = page.rows.map((row) => snapshotView(call, row, { extended: detail, brief: !detail }))
      return jsonReply(200, pageBody(call, volumeBase(call), "snapshots", query, page, views))
    })

const update: Handler = (call) =>
  Effect.gen(function* () {
    const member = yield* memberOf(call.body, "snapshot", {
      fields: { name: shortTextOrNull, description: shortTextOrNull },
      additional: true
    })
    const named = (field: string) => (member[field] === null ? null : textIn(member, field)?.trim())
    const snapshot = yield* call.world.cinder.updateSnapshot(call.params.id ?? "", {
      name: named("name"),
      description: named("description")
    })
    return jsonReply(200, { snapshot: snapshotView(call, snapshot, {}) })
  })

const remove: Handler = (call) =>
  Effect.as(
    call.world.cinder.deleteSnapshot(call.params.id ?? ""),
    emptyReply(202, { "Content-Type": "text/html; charset=UTF-8" })
  )

/** https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots */
export const snapshotRoutes = (settings: CinderSettings): ReadonlyArray<Route> => [
  { method: "POST", template: "/snapshots", handle: create },
  { method: "GET", template: "/snapshots", handle: list(settings, false) },
  { method: "GET", template: "/snapshots/detail", handle: list(settings, true) },
  { method: "GET", template: "/snapshots/{id}", handle: show },
  { method: "PUT", template: "/snapshots/{id}", handle: update },
  { method: "DELETE", template: "/snapshots/{id}", handle: remove }
]
