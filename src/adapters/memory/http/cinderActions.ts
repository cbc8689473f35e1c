import { Effect } from "effect"
import type { VolumeStatus } from "../worldTypes.ts"
import { badRequest, conflict, notImplemented, policyForbids, type Refusal } from "./apiFaults.ts"
import { invalidField, memberOf, oneOf, shortTextOrNull, size, textIn } from "./bodies.ts"
import { isObject, type JsonObject, pythonRepr } from "./json.ts"
import { emptyReply } from "./messages.ts"
import type { Call, Route } from "./service.ts"

type Action = (call: Call, id: string, body: JsonObject) => Effect.Effect<void, Refusal>

const extend: Action = (call, id) =>
  Effect.gen(function* () {
    const body = yield* memberOf(call.body, "os-extend", {
      required: ["new_size"],
      fields: { new_size: size("'integer', 'string'") },
      additional: false
    })
    yield* call.world.cinder.extendVolume(id, Number(body.new_size), { allowInUse: call.minor >= 42 })
  })

const retype: Action = (call, id) =>
  Effect.gen(function* () {
    const body = yield* memberOf(call.body, "os-retype", {
      required: ["new_type"],
      fields: { new_type: shortTextOrNull, migration_policy: oneOf("on-demand", "never") },
      additional: true
    })
    const policy = textIn(body, "migration_policy")
    yield* call.world.cinder.retypeVolume(id, {
      type: textIn(body, "new_type") ?? "",
      policy: policy === "on-demand" || policy === "never" ? policy : undefined
    })
  })

/** Cinder keeps the flag where members see it too: in the volume's metadata. */
const updateReadonly: Action = (call, id, body) =>
  Effect.gen(function* () {
    const { readonly } = body
    if (typeof readonly !== "boolean") {
      return yield* invalidField("readonly", readonly, `${pythonRepr(readonly)} is not of type 'boolean'`)
    }
    const { status } = yield* call.world.cinder.showVolume(id)
    if (status !== "available") {
      return yield* badRequest(
        `Invalid volume: Volume ${id} status must be available to update readonly flag, but current status is: ${status}.`
      )
    }
    yield* call.world.cinder.mergeVolumeMetadata(id, { readonly: pythonRepr(readonly) })
  })

/** Members may not go round Nova: https://security.openstack.org/ossa/OSSA-2023-003.html */
const detach: Action = (call, id, body) =>
  Effect.gen(function* () {
    yield* call.world.cinder.showVolume(id)
    const { rows } = yield* call.world.cinder.listAttachments({ volumeId: id })
    const attachment = rows.find((row) => row.id === (textIn(body, "attachment_id") ?? row.id))
    if (attachment !== undefined) yield* call.world.cinder.deleteAttachment(attachment.id)
  })

const terminateConnection: Action = (call, id) =>
  Effect.gen(function* () {
    yield* call.world.cinder.showVolume(id)
    const { rows } = yield* call.world.cinder.listAttachments({ volumeId: id })
    const held = rows[0]
    if (held !== undefined) {
      return yield* conflict(
        `ConflictNovaUsingAttachment: Detach volume from instance ${held.serverId} using the Compute API`
      )
    }
  })

const statuses: ReadonlyArray<VolumeStatus> = [
  "creating",
  "available",
  "deleting",
  "error",
  "error_deleting",
  "error_extending",
  "attaching",
  "detaching",
  "in-use",
  "maintenance",
  "reserved"
]

const resetStatus: Action = (call, id, body) =>
  Effect.gen(function* () {
    const status = statuses.find((one) => one === body.status)
    if (status === undefined) return yield* badRequest("Must specify a valid status")
    yield* call.world.control.resetVolumeStatus(id, status)
  })

const forceDelete: Action = (call, id) =>
  Effect.zipRight(
    call.world.control.resetVolumeStatus(id, "error"),
    call.world.cinder.deleteVolume(id, { cascade: true })
  )

const forAdmins =
  (rule: string, action: Action): Action =>
  (call, id, body) =>
    Effect.flatMap(call.world.cinder.showVolume(id), () =>
      call.isAdmin
        ? action(call, id, body)
        : Effect.fail(policyForbids(`volume_extension:volume_admin_actions:${rule}`))
    )

/** Cinder has these, the World does not. */
const notHere: Action = () => Effect.fail(notImplemented("The memory OpenStack does not offer this action."))

export const volumeActions: Readonly<Record<string, Action>> = {
  "os-extend": extend,
  "os-retype": retype,
  "os-update_readonly_flag": updateReadonly,
  "os-detach": detach,
  "os-terminate_connection": terminateConnection,
  "os-reset_status": forAdmins("reset_status", resetStatus),
  "os-force_delete": forAdmins("force_delete", forceDelete),
  "os-force_detach": forAdmins("force_detach", notHere),
  "os-set_bootable": notHere,
  "os-volume_upload_image": notHere,
  "os-reimage": notHere,
  revert: notHere
}

const act: Route["handle"] = (call) =>
  Effect.gen(function* () {
    const names = isObject(call.body) ? Object.keys(call.body) : []
    const [name] = names
    if (name === undefined || names.length !== 1) return yield* badRequest("Malformed request body")
    const action = Object.hasOwn(volumeActions, name) ? volumeActions[name] : undefined
    if (action === undefined) {
      return yield* badRequest(
        `There is no such action: ${name}. Verify the request body and Content-Type header and try again.`
      )
    }
    const body = isObject(call.body) ? call.body[name] : undefined
    yield* action(call, call.params.id ?? "", isObject(body) ? body : {})
    return emptyReply(202, { "Content-Type": "application/json" })
  })

/** https://docs.openstack.org/api-ref/block-storage/v3/#volume-actions-volumes-action */
export const actionRoutes: ReadonlyArray<Route> = [{ method: "POST", template: "/volumes/{id}/action", handle: act }]
