import { Effect, Either } from "effect"
import type { WorldControl } from "../World.ts"
import type { ServerRecord } from "../worldTypes.ts"
import { type ApiFault, badRequest, conflict, policyForbids } from "./apiFaults.ts"
import { anything, memberOf, textIn, textsIn } from "./bodies.ts"
import { isObject, type Json } from "./json.ts"
import { emptyReply, jsonReply } from "./messages.ts"
import { actionSummary, actionView, flavorView, serverLinks, serverSummary, serverView } from "./novaViews.ts"
import { lastValues } from "./paging.ts"
import { adminsOnly, type Call, type Handler, type Route } from "./service.ts"

/** `[api] max_limit`. */
const pageCap = 1000

/** Parameters that the schema of the listing knows; from 2.75 on others are refused. */
const listParameters = [
  "name",
  "status",
  "limit",
  "marker",
  "sort_key",
  "sort_dir",
  "availability_zone",
  "all_tenants",
  "changes-since",
  "changes-before",
  "image",
  "flavor",
  "ip",
  "ip6",
  "uuid",
  "host",
  "hostname",
  "reservation_id",
  "project_id",
  "tenant_id",
  "user_id",
  "vm_state",
  "task_state",
  "power_state",
  "tags",
  "tags-any",
  "not-tags",
  "not-tags-any",
  "deleted",
  "locked"
]

const strictSince = 75
const moreFiltersSince = 83

const limitOf = (text: string | undefined): Either.Either<number, ApiFault> => {
  if (text === undefined) return Either.right(pageCap)
  return /^\d+$/.test(text)
    ? Either.right(Math.min(Number(text), pageCap))
    : Either.left(
        badRequest(`Invalid input for query parameters limit. Value: ${text}. '${text}' does not match '^[0-9]*$'`)
      )
}

const list =
  (detail: boolean): Handler =>
  (call) =>
    Effect.gen(function* () {
      const query = lastValues(call.query)
      const unknown = [...query.keys()].find((name) => !listParameters.includes(name))
      if (call.minor >= strictSince && unknown !== undefined) {
        return yield* badRequest(`Additional properties are not allowed ('${unknown}' was unexpected)`)
      }
      const limit = yield* limitOf(query.get("limit"))
      const zone = call.minor >= moreFiltersSince || call.isAdmin ? query.get("availability_zone") : undefined
      const found = yield* call.world.nova.listServers({
        name: query.get("name"),
        status: query.get("status")?.toUpperCase(),
        limit: zone === undefined ? limit : undefined,
        marker: query.get("marker")
      })
      const rows = found.rows.filter((row) => row.zone === (zone ?? row.zone)).slice(0, limit)
      const last = rows.at(-1)
      const next = new URLSearchParams([...new Map([...call.query, ["marker", last?.id ?? ""]])])
      return jsonReply(200, {
        servers: rows.map((row): Json => (detail ? serverView(call, row, true) : serverSummary(call, row))),
        servers_links:
          last !== undefined && rows.length === limit
            ? [{ rel: "next", href: `${call.endpoints.compute}${call.path}?${next}` }]
            : undefined
      })
    })

const show: Handler = (call) =>
  Effect.map(call.world.nova.showServer(call.params.id ?? ""), (server) =>
    jsonReply(200, { server: serverView(call, server) })
  )

const create: Handler = (call) =>
  Effect.gen(function* () {
    const member = yield* memberOf(call.body, "server", {
      required: ["name"],
      fields: { name: anything },
      additional: true
    })
    const { id } = yield* call.world.nova.createServer({
      name: textIn(member, "name") ?? "",
      zone: textIn(member, "availability_zone"),
      metadata: textsIn(member, "metadata")
    })
    return jsonReply(
      202,
      {
        server: {
          id,
          links: serverLinks(call, id),
          "OS-DCF:diskConfig": "MANUAL",
          security_groups: [{ name: "default" }],
          adminPass: "not-set"
        }
      },
      { Location: `${call.endpoints.compute}/servers/${id}` }
    )
  })

const remove: Handler = (call) =>
  Effect.as(call.world.nova.deleteServer(call.params.id ?? ""), emptyReply(204, { "Content-Type": "application/json" }))

type ServerChange = Parameters<WorldControl["setServer"]>[1]

/** The states an action starts from and what becomes of the server, at once and without a task. */
interface ServerAction {
  readonly from: ReadonlyArray<ServerRecord["vmState"]> | undefined
  readonly change: ServerChange
}

export const serverActions: Readonly<Record<string, ServerAction>> = {
  lock: { from: undefined, change: { locked: true } },
  unlock: { from: undefined, change: { locked: false } },
  "os-start": { from: ["stopped"], change: { vmState: "active" } },
  pause: { from: ["active", "rescued"], change: { vmState: "paused" } },
  unpause: { from: ["paused"], change: { vmState: "active" } },
  suspend: { from: ["active", "rescued"], change: { vmState: "suspended" } },
  resume: { from: ["suspended"], change: { vmState: "active" } },
  shelve: { from: ["active", "stopped", "paused", "suspended"], change: { vmState: "shelved" } },
  shelveOffload: { from: ["shelved"], change: { vmState: "shelved_offloaded" } },
  unshelve: { from: ["shelved", "shelved_offloaded"], change: { vmState: "active" } }
}

const act: Handler = (call) =>
  Effect.gen(function* () {
    const id = call.params.id ?? ""
    const [name = ""] = isObject(call.body) ? Object.keys(call.body) : []
    if (name === "os-stop") return yield* Effect.as(call.world.nova.stopServer(id), emptyReply(202, {}))
    const action = Object.hasOwn(serverActions, name) ? serverActions[name] : undefined
    if (action === undefined) return yield* badRequest(`There is no such action: ${name}`)
    const server = yield* call.world.nova.showServer(id)
    if (server.locked && action.from !== undefined) return yield* conflict(`Instance ${id} is locked`)
    if (action.from !== undefined && !action.from.includes(server.vmState)) {
      return yield* conflict(
        `Cannot '${name.replace("os-", "")}' instance ${id} while it is in vm_state ${server.vmState}`
      )
    }
    yield* call.world.control.setServer(id, action.change)
    return emptyReply(202, { "Content-Type": "application/json" })
  })

const pagedActionsSince = 58

const listActions: Handler = (call) =>
  Effect.gen(function* () {
    const id = call.params.id ?? ""
    const actions = yield* call.world.nova.listInstanceActions(id)
    const query = lastValues(call.query)
    const marker = query.get("marker")
    const limit = call.minor < pagedActionsSince ? pageCap : yield* limitOf(query.get("limit"))
    const start = actions.findIndex(({ requestId }) => requestId === marker) + 1
    const rows = actions.slice(start, start + limit)
    const last = rows.at(-1)
    const next = new URLSearchParams([...new Map([...call.query, ["marker", last?.requestId ?? ""]])])
    return jsonReply(200, {
      instanceActions: rows.map((row) => actionSummary(call, row)),
      links:
        last !== undefined && rows.length === limit
          ? [{ rel: "next", href: `${call.endpoints.compute}${call.path}?${next}` }]
          : undefined
    })
  })

const showAction: Handler = (call) =>
  Effect.map(call.world.nova.showInstanceAction(call.params.id ?? "", call.params.request ?? ""), (action) =>
    jsonReply(200, { instanceAction: actionView(call, action) })
  )

const listZones: Handler = (call) =>
  Effect.map(call.world.nova.listServerZones, (zones) =>
    jsonReply(200, {
      availabilityZoneInfo: zones.map(({ name, available }) => ({
        zoneName: name,
        zoneState: { available },
        hosts: null
      }))
    })
  )

const showLimits: Handler = (call) =>
  Effect.map(call.world.nova.listServers({}), ({ rows }) =>
    jsonReply(200, { limits: { rate: [], absolute: limitsFor(call, rows.length) } })
  )

/** What Nova is installed with; network limits and files went with the microversions named. */
const limitsFor = (call: Call, servers: number): Json => {
  const until = (microversion: number, value: number) => (call.minor < microversion ? value : undefined)
  return {
    maxTotalInstances: 10,
    maxTotalCores: 20,
    maxTotalRAMSize: 51_200,
    maxServerMeta: 128,
    maxImageMeta: until(39, 128),
    maxPersonality: until(57, 5),
    maxPersonalitySize: until(57, 10_240),
    maxTotalKeypairs: 100,
    maxServerGroups: 10,
    maxServerGroupMembers: 10,
    maxTotalFloatingIps: until(36, -1),
    maxSecurityGroups: until(36, -1),
    maxSecurityGroupRules: until(36, -1),
    totalRAMUsed: servers * 64,
    totalCoresUsed: servers,
    totalInstancesUsed: servers,
    totalFloatingIpsUsed: until(36, 0),
    totalSecurityGroupsUsed: until(36, 0),
    totalServerGroupsUsed: 0
  }
}

const zonesInDetail: Handler = () => Effect.fail(policyForbids("os_compute_api:os-availability-zone:detail"))

/** https://docs.openstack.org/api-ref/compute/ : servers, their actions, and what a member may know of the cloud. */
export const serverRoutes: ReadonlyArray<Route> = [
  { method: "GET", template: "/servers", handle: list(false) },
  { method: "GET", template: "/servers/detail", handle: list(true) },
  { method: "POST", template: "/servers", handle: create },
  { method: "GET", template: "/servers/{id}", handle: show },
  { method: "DELETE", template: "/servers/{id}", handle: remove },
  { method: "POST", template: "/servers/{id}/action", handle: act },
  { method: "GET", template: "/servers/{id}/os-instance-actions", handle: listActions },
  { method: "GET", template: "/servers/{id}/os-instance-actions/{request}", handle: showAction },
  { method: "GET", template: "/os-availability-zone", handle: listZones },
  { method: "GET", template: "/os-availability-zone/detail", handle: zonesInDetail },
  { method: "GET", template: "/limits", handle: showLimits },
  {
    method: "GET",
    template: "/flavors/detail",
    handle: (call) => Effect.succeed(jsonReply(200, { flavors: [flavorView(call)] }))
  },
  { method: "GET", template: "/os-services", handle: adminsOnly("os_compute_api:os-services:list") },
  { method: "GET", template: "/os-hypervisors", handle: adminsOnly("os_compute_api:os-hypervisors:list") }
]
