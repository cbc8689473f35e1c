import { Effect } from "effect"
import { anything, type BodyRules, boolean, flagIn, memberOf, type Rule, textIn, uuid } from "./bodies.ts"
import { pythonRepr } from "./json.ts"
import { emptyReply, jsonReply } from "./messages.ts"
import { attachmentView } from "./novaViews.ts"
import { lastValues } from "./paging.ts"
import type { Handler, Route } from "./service.ts"

const tag: Rule = (value) => {
  if (typeof value !== "string") return `${pythonRepr(value)} is not of type 'string'`
  if (value.length > 60) return `${pythonRepr(value)} is too long`
  return /^[^,/]*$/.test(value) ? undefined : `${pythonRepr(value)} does not match '^[^,/]*$'`
}

const attachRules = (minor: number): BodyRules => ({
  required: ["volumeId"],
  fields: {
    volumeId: uuid,
    device: anything,
    ...(minor >= 49 ? { tag } : {}),
    ...(minor >= 79 ? { delete_on_termination: boolean } : {})
  },
  additional: false
})

/** From here on the answer comes before anything has been done. */
const asynchronousSince = 101

const attach: Handler = (call) =>
  Effect.gen(function* () {
    const member = yield* memberOf(call.body, "volumeAttachment", attachRules(call.minor))
    const mapping = yield* call.world.nova.attachVolume(call.params.id ?? "", textIn(member, "volumeId") ?? "", {
      device: textIn(member, "device"),
      tag: textIn(member, "tag"),
      deleteOnTermination: flagIn(member, "delete_on_termination"),
      multiattachAllowed: call.minor >= 60,
      requestId: call.requestId
    })
    return call.minor >= asynchronousSince
      ? emptyReply(202, { "Content-Type": "application/json" })
      : jsonReply(200, { volumeAttachment: attachmentView(call, mapping, true) })
  })

const detach: Handler = (call) =>
  Effect.as(
    call.world.nova.detachVolume(call.params.id ?? "", call.params.volume ?? "", { requestId: call.requestId }),
    emptyReply(202, { "Content-Type": "application/json" })
  )

const whole = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined

/** Nova counts the root disk too when it pages, and leaves it out afterwards. */
const list: Handler = (call) =>
  Effect.gen(function* () {
    const server = yield* call.world.nova.showServer(call.params.id ?? "")
    const query = lastValues(call.query)
    const disks = server.rootVolumeId === undefined ? [undefined, ...server.volumes] : server.volumes
    const start = whole(query.get("offset")) ?? 0
    const limit = whole(query.get("limit")) ?? disks.length
    const page = disks.slice(start, start + limit)
    return jsonReply(200, {
      volumeAttachments: page.flatMap((row) => (row === undefined ? [] : [attachmentView(call, row)]))
    })
  })

const show: Handler = (call) =>
  Effect.map(call.world.nova.showServerVolume(call.params.id ?? "", call.params.volume ?? ""), (row) =>
    jsonReply(200, { volumeAttachment: attachmentView(call, row) })
  )

/** https://docs.openstack.org/api-ref/compute/#servers-with-volume-attachments-servers-os-volume-attachments */
export const serverVolumeRoutes: ReadonlyArray<Route> = [
  { method: "POST", template: "/servers/{id}/os-volume_attachments", handle: attach },
  { method: "GET", template: "/servers/{id}/os-volume_attachments", handle: list },
  { method: "GET", template: "/servers/{id}/os-volume_attachments/{volume}", handle: show },
  { method: "DELETE", template: "/servers/{id}/os-volume_attachments/{volume}", handle: detach }
]
