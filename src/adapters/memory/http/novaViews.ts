import { createHash } from "node:crypto"
import type { InstanceActionRecord, ServerRecord, ServerVolumeRecord } from "../worldTypes.ts"
import { uuidFrom } from "./cinderViews.ts"
import type { Json, JsonObject } from "./json.ts"
import type { Call } from "./service.ts"
import { serverTime, storedTime } from "./times.ts"

const flavorId = uuidFrom("flavor")
const imageId = uuidFrom("image")
const flavorName = "memory.small"

const bookmark = ({ endpoints }: Call, path: string): JsonObject => ({
  rel: "bookmark",
  href: `${endpoints.compute.replace(/\/v2\.1$/, "")}${path}`
})

const selfAndBookmark = (call: Call, path: string): Json => [
  { rel: "self", href: `${call.endpoints.compute}${path}` },
  bookmark(call, path)
]

export const serverLinks = (call: Call, id: string): Json => selfAndBookmark(call, `/servers/${id}`)

export const serverSummary = (call: Call, { id, name }: ServerRecord): JsonObject => ({
  id,
  name,
  links: serverLinks(call, id)
})

/** Nova hides the host's name from members behind a hash that differs by project. */
const hostId = (call: Call, row: ServerRecord): string =>
  row.vmState === "building" ? "" : createHash("sha224").update(`${call.project.id}${row.host}`).digest("hex")

const fault = (row: ServerRecord): JsonObject | undefined =>
  row.vmState === "error"
    ? { code: 500, created: serverTime(row.updatedAt), message: "No valid host was found." }
    : undefined

/** Which microversion brought which field: https://docs.openstack.org/nova/latest/reference/api-microversion-history.html */
export const serverView = (call: Call, row: ServerRecord, inList = false): JsonObject => {
  const since = (microversion: number, value: Json): Json | undefined =>
    call.minor >= microversion ? value : undefined
  const forAdmin = (value: Json, microversion = 1): Json | undefined =>
    call.isAdmin ? since(microversion, value) : undefined
  const flavor =
    call.minor >= 47
      ? { vcpus: 1, ram: 64, disk: 1, ephemeral: 0, swap: 0, original_name: flavorName, extra_specs: {} }
      : { id: flavorId, links: [bookmark(call, `/flavors/${flavorId}`)] }
  const booting = row.vmState === "building" && row.taskState === undefined
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    tenant_id: call.project.id,
    user_id: call.world.settings.userId,
    metadata: row.metadata,
    hostId: hostId(call, row),
    image: row.rootVolumeId === undefined ? { id: imageId, links: [bookmark(call, `/images/${imageId}`)] } : "",
    flavor,
    created: serverTime(row.createdAt),
    updated: serverTime(row.updatedAt),
    addresses: {},
    accessIPv4: "",
    accessIPv6: "",
    links: serverLinks(call, row.id),
    "OS-DCF:diskConfig": "MANUAL",
    progress: 0,
    fault: fault(row),
    "OS-EXT-AZ:availability_zone": row.zone,
    config_drive: "",
    key_name: null,
    "OS-SRV-USG:launched_at": row.launchedAt === undefined ? null : storedTime(row.launchedAt),
    "OS-SRV-USG:terminated_at": null,
    "OS-EXT-SRV-ATTR:host": forAdmin(row.host),
    "OS-EXT-SRV-ATTR:instance_name": forAdmin(`instance-${row.id.slice(0, 8)}`),
    "OS-EXT-SRV-ATTR:hypervisor_hostname": forAdmin(row.host),
    "OS-EXT-SRV-ATTR:hostname": since(90, row.name),
    "OS-EXT-STS:task_state": booting ? "scheduling" : (row.taskState ?? null),
    "OS-EXT-STS:vm_state": row.vmState,
    "OS-EXT-STS:power_state": row.powerState,
    "os-extended-volumes:volumes_attached": row.volumes.map(
      ({ volumeId, deleteOnTermination }): JsonObject => ({
        id: volumeId,
        delete_on_termination: since(3, deleteOnTermination)
      })
    ),
    locked: since(9, row.locked),
    locked_reason: since(73, null),
    host_status: forAdmin(row.computeUp ? "UP" : "UNKNOWN", 16),
    description: since(19, null),
    tags: since(26, []),
    trusted_image_certificates: since(63, null),
    server_groups: inList ? undefined : since(71, [])
  }
}

export const flavorView = (call: Call): JsonObject => ({
  id: flavorId,
  name: flavorName,
  ram: 64,
  disk: 1,
  swap: "",
  "OS-FLV-EXT-DATA:ephemeral": 0,
  "OS-FLV-DISABLED:disabled": false,
  vcpus: 1,
  "os-flavor-access:is_public": true,
  rxtx_factor: 1,
  links: selfAndBookmark(call, `/flavors/${flavorId}`)
})

/** `answered`: to a POST, which keeps the id at every microversion and has neither of the newer ids. */
export const attachmentView = (call: Call, row: ServerVolumeRecord, answered = false): JsonObject => {
  const since = (microversion: number, value: Json): Json | undefined =>
    call.minor >= microversion ? value : undefined
  return {
    id: answered || call.minor < 89 ? row.volumeId : undefined,
    volumeId: row.volumeId,
    serverId: row.serverId,
    device: row.device,
    tag: since(70, row.tag ?? null),
    delete_on_termination: since(79, row.deleteOnTermination),
    attachment_id: answered ? undefined : since(89, row.attachmentId),
    bdm_uuid: answered ? undefined : since(89, row.bdmId)
  }
}

export const actionSummary = (call: Call, row: InstanceActionRecord): JsonObject => ({
  action: row.action,
  instance_uuid: row.serverId,
  request_id: row.requestId,
  user_id: call.world.settings.userId,
  project_id: call.project.id,
  start_time: storedTime(row.startTime),
  message: row.message ?? null,
  updated_at: call.minor >= 58 ? storedTime(row.updatedAt) : undefined
})

export const actionView = (call: Call, row: InstanceActionRecord): JsonObject => ({
  ...actionSummary(call, row),
  events:
    call.isAdmin || call.minor >= 51
      ? row.events.map(
          (event): JsonObject => ({
            event: event.event,
            start_time: storedTime(event.startTime),
            finish_time: event.finishTime === undefined ? null : storedTime(event.finishTime),
            result: event.result ?? null,
            traceback: call.isAdmin ? null : undefined,
            hostId: call.minor >= 62 ? "" : undefined
          })
        )
      : undefined
})
