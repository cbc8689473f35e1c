import { Effect, Either } from "effect"
import type { ListVolumesRequest } from "../worldRequests.ts"
import { type ApiFault, badRequest, itemNotFound } from "./apiFaults.ts"
import {
  anything,
  type BodyRules,
  filledIn,
  filledTextOrNull,
  memberOf,
  numberIn,
  objectOrNull,
  size,
  textIn,
  textOrNull,
  textsIn,
  uuidOrNull
} from "./bodies.ts"
import { volumeBase, volumeSummary, volumeView } from "./cinderViews.ts"
import { filtersOf, type ResourceFilters } from "./filters.ts"
import type { Json, JsonObject } from "./json.ts"
import { emptyReply, jsonReply } from "./messages.ts"
import { lastValues, pageBody, pageFrom, pageQueryOf } from "./paging.ts"
import { schedulerHintsIn } from "./schedulerHints.ts"
import type { Call, Handler, Route } from "./service.ts"
import { volumeFiltersOf } from "./volumeFilters.ts"

export interface CinderSettings {
  /** `osapi_max_limit`: rows of a page at most. */
  readonly pageCap: number
  readonly filters: ResourceFilters
}

/** From 3.53 on unknown fields are refused. */
const strictSince = 53

const creationRules = (minor: number): BodyRules => ({
  fields: {
    name: textOrNull,
    description: textOrNull,
    size: (value) => (value === null ? undefined : size("'integer', 'string', 'null'")(value)),
    metadata: objectOrNull,
    availability_zone: filledTextOrNull,
    volume_type: textOrNull,
    snapshot_id: uuidOrNull,
    source_volid: uuidOrNull,
    backup_id: uuidOrNull,
    imageRef: textOrNull,
    group_id: uuidOrNull,
    consistencygroup_id: textOrNull,
    multiattach: anything
  },
  additional: minor < strictSince
})

/** What the World has no words for: images, groups and the old way to ask for multiattach. */
const refuseUnknownSources = (member: JsonObject): ApiFault | undefined => {
  const group = textIn(member, "group_id")
  if (member.multiattach === true) {
    return badRequest(
      "multiattach parameter has been removed. The default behavior is to use multiattach enabled volume types. " +
        "Contact your administrator to create a multiattach enabled volume type and use it to create multiattach volumes."
    )
  }
  if (textIn(member, "imageRef") !== undefined) {
    return badRequest("Invalid image identifier or unable to access requested image.")
  }
  return group === undefined ? undefined : itemNotFound(`Group ${group} could not be found.`)
}

const trimmed = (text: string | undefined): string | undefined => text?.trim()

const create: Handler = (call) =>
  Effect.gen(function* () {
    const member = yield* memberOf(call.body, "volume", creationRules(call.minor))
    const refused = refuseUnknownSources(member)
    if (refused !== undefined) return yield* refused
    const volume = yield* call.world.cinder.createVolume({
      name: trimmed(textIn(member, "name")),
      description: trimmed(textIn(member, "description")),
      sizeGiB: numberIn(member, "size"),
      type: filledIn(member, "volume_type"),
      zone: textIn(member, "availability_zone"),
      snapshotId: textIn(member, "snapshot_id"),
      sourceVolumeId: textIn(member, "source_volid"),
      backupId: textIn(member, "backup_id"),
      metadata: textsIn(member, "metadata"),
      hints: yield* schedulerHintsIn(call.body)
    })
    return jsonReply(202, { volume: volumeView(call, volume, { fresh: true }) })
  })

const show: Handler = (call) =>
  Effect.map(call.world.cinder.showVolume(call.params.id ?? ""), (volume) =>
    jsonReply(200, { volume: volumeView(call, volume, { extended: true }) })
  )

/** Undefined: no volume can match. */
const wanted = (call: Call, settings: CinderSettings) =>
  Either.flatMap(filtersOf(call, "volume", settings.filters), volumeFiltersOf)

const list =
  (settings: CinderSettings, detail: boolean): Handler =>
  (call) =>
    Effect.gen(function* () {
      const query = yield* pageQueryOf(call, settings.pageCap)
      const filters = yield* wanted(call, settings)
      const rows = (page: Pick<ListVolumesRequest, "sort" | "limit" | "marker">) =>
        filters === undefined
          ? Effect.succeed({ rows: [], full: false })
          : call.world.cinder.listVolumes({ ...filters, ...page })
      const page = yield* pageFrom(rows, query)
      const views = page.rows.map(
        (row): Json => (detail ? volumeView(call, row, { extended: true }) : volumeSummary(call, row))
      )
      return jsonReply(200, pageBody(call, volumeBase(call), "volumes", query, page, views))
    })

const summary =
  (settings: CinderSettings): Handler =>
  (call) =>
    Effect.gen(function* () {
      const filters = yield* wanted(call, settings)
      const { rows } = filters === undefined ? { rows: [] } : yield* call.world.cinder.listVolumes(filters)
      const metadata: Record<string, ReadonlyArray<string>> = {}
      for (const row of rows) {
        for (const [key, value] of Object.entries(row.metadata)) {
          metadata[key] = [...new Set([...(metadata[key] ?? []), value])]
        }
      }
      return jsonReply(200, {
        "volume-summary": {
          total_count: rows.length,
          total_size: rows.reduce((sum, row) => sum + row.sizeGiB, 0),
          metadata: call.minor >= 36 ? metadata : undefined
        }
      })
    })

const updateRules = (minor: number): BodyRules => ({
  fields: {
    name: textOrNull,
    description: textOrNull,
    display_name: textOrNull,
    display_description: textOrNull,
    metadata: objectOrNull
  },
  additional: minor < strictSince
})

const update: Handler = (call) =>
  Effect.gen(function* () {
    const member = yield* memberOf(call.body, "volume", updateRules(call.minor))
    const named = (field: string) => (member[field] === null ? null : trimmed(textIn(member, field)))
    const volume = yield* call.world.cinder.updateVolume(call.params.id ?? "", {
      name: named("name") ?? named("display_name"),
      description: named("description") ?? named("display_description"),
      metadata: textsIn(member, "metadata")
    })
    return jsonReply(200, { volume: volumeView(call, volume, {}) })
  })

const isTrue = (text: string | undefined): boolean => /^(?:true|1|yes|on|t|y)$/i.test(text ?? "")

const remove: Handler = (call) =>
  Effect.gen(function* () {
    const query = lastValues(call.query)
    yield* call.world.cinder.deleteVolume(call.params.id ?? "", { cascade: isTrue(query.get("cascade")) })
    return emptyReply(202, { "Content-Type": "text/html; charset=UTF-8" })
  })

export const volumeRoutes = (settings: CinderSettings): ReadonlyArray<Route> => [
  { method: "POST", template: "/volumes", handle: create },
  { method: "GET", template: "/volumes", handle: list(settings, false) },
  { method: "GET", template: "/volumes/detail", handle: list(settings, true) },
  { method: "GET", template: "/volumes/summary", since: 12, handle: summary(settings) },
  { method: "GET", template: "/volumes/{id}", handle: show },
  { method: "PUT", template: "/volumes/{id}", handle: update },
  { method: "DELETE", template: "/volumes/{id}", handle: remove }
]
