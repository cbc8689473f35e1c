import { Effect } from "effect"
import type { AttachmentStatus } from "../worldTypes.ts"
import { attachmentSummary, attachmentView } from "./cinderViews.ts"
import type { CinderSettings } from "./cinderVolumes.ts"
import { filtersOf } from "./filters.ts"
import { jsonReply } from "./messages.ts"
import { pageQueryOf } from "./paging.ts"
import type { Handler, Route } from "./service.ts"

const attachmentsSince = 27

const statuses: ReadonlyArray<AttachmentStatus> = ["reserved", "attaching", "attached", "detaching"]

/** Pages without links to the next one, and a `status` filter that never finds anything: both as in Cinder. */
const list =
  (settings: CinderSettings, detail: boolean): Handler =>
  (call) =>
    Effect.gen(function* () {
      const query = yield* pageQueryOf(call, settings.pageCap)
      const filters = yield* filtersOf(call, "attachment", settings.filters)
      const wanted = filters.get("attach_status")
      const status = statuses.find((one) => one === wanted)
      if (filters.has("status") || (wanted !== undefined && status === undefined)) {
        return jsonReply(200, { attachments: [] })
      }
      const page = yield* call.world.cinder.listAttachments({
        volumeId: filters.get("volume_id"),
        serverId: filters.get("instance_id"),
        status,
        limit: query.size,
        marker: query.marker
      })
      return jsonReply(200, { attachments: page.rows.map(detail ? attachmentView : attachmentSummary) })
    })

const show: Handler = (call) =>
  Effect.map(call.world.cinder.showAttachment(call.params.id ?? ""), (attachment) =>
    jsonReply(200, { attachment: attachmentView(attachment) })
  )

const remove: Handler = (call) =>
  Effect.gen(function* () {
    const id = call.params.id ?? ""
    yield* call.world.cinder.deleteAttachment(id)
    const { rows } = yield* call.world.cinder.listAttachments({})
    return jsonReply(200, { attachments: rows.map(attachmentSummary) })
  })

/** https://docs.openstack.org/api-ref/block-storage/v3/#attachments */
export const attachmentRoutes = (settings: CinderSettings): ReadonlyArray<Route> => [
  { method: "GET", template: "/attachments", since: attachmentsSince, handle: list(settings, false) },
  { method: "GET", template: "/attachments/detail", since: attachmentsSince, handle: list(settings, true) },
  { method: "GET", template: "/attachments/{id}", since: attachmentsSince, handle: show },
  { method: "DELETE", template: "/attachments/{id}", since: attachmentsSince, handle: remove }
]
