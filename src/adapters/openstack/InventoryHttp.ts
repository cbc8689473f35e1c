import type { HttpClient } from "@effect/platform"
import { Effect, Either, Layer } from "effect"
import { UnknownPageToken } from "../../domain/errors.ts"
import type { DescribedBackup, DescribedSnapshot, DescribedVolume } from "../../domain/Inventory.ts"
import type { PageRequest } from "../../ports/Cinder.ts"
import { CloudInventory } from "../../ports/CloudInventory.ts"
import type { CinderOptions } from "./CinderHttp.ts"
import {
  type Listing,
  listPage,
  markedBackupListing,
  pageOf,
  readBackups,
  readSnapshots,
  readVolumes,
  snapshotListing,
  volumeListing
} from "./cinderLists.ts"
import { hasNext, toMarkedBackup, toSnapshot, toVolume } from "./cinderWire.ts"
import { decodeBody } from "./decode.ts"
import type { Keystone } from "./Keystone.ts"
import { withoutMicroversions } from "./microversions.ts"
import { makeShowServer, novaFailure } from "./novaServer.ts"
import { ServerReply, ServersReply, toListedServer, toServer } from "./novaWire.ts"
import { makeService, type ServiceClient } from "./OpenStackHttp.ts"

const timeoutMillis = 60_000

/** Nova's oldest shows all that is needed of a server here. */
const oldest = "2.1"

const described = <A extends object>(row: A, description: string | null | undefined) => ({
  ...row,
  description: description ?? ""
})

const volumes: Listing<DescribedVolume> = {
  ...volumeListing,
  read: (answer) =>
    Either.map(readVolumes(answer), (reply) =>
      pageOf(
        reply.volumes.map((wire) => described(toVolume(wire), wire.description)),
        hasNext(reply.volumes_links)
      )
    )
}

const snapshots: Listing<DescribedSnapshot> = {
  ...snapshotListing,
  read: (answer) =>
    Either.map(readSnapshots(answer), (reply) =>
      pageOf(
        reply.snapshots.map((wire) => described(toSnapshot(wire), wire.description)),
        hasNext(reply.snapshots_links)
      )
    )
}

const backups: Listing<DescribedBackup> = {
  ...markedBackupListing,
  read: (answer) =>
    Either.map(readBackups(answer), (reply) =>
      pageOf(
        reply.backups.map((wire) => described(toMarkedBackup(wire), wire.description)),
        hasNext(reply.backups_links)
      )
    )
}

const readServers = decodeBody(ServersReply)

/** Unlike Cinder, Nova refuses a marker that it does not know as a bad request. */
const listServers = (send: ServiceClient) => (page: PageRequest) => {
  const operation = "list servers"
  const { limit, marker } = page
  return send({
    label: "server_list",
    operation,
    method: "GET",
    path: "/servers/detail",
    query: {
      ...(limit === undefined ? {} : { limit: String(limit) }),
      ...(marker === undefined ? {} : { marker })
    },
    microversion: oldest,
    timeoutMillis
  }).pipe(
    Effect.catchTag("RequestFailed", (failed) =>
      Effect.fail(
        failed.fault.reason === "invalid" && marker !== undefined
          ? new UnknownPageToken({ token: marker })
          : novaFailure(failed)
      )
    ),
    Effect.flatMap((answer) => Effect.mapError(readServers(answer), (fault) => novaFailure({ operation, fault }))),
    Effect.map((reply) => pageOf(reply.servers.map(toListedServer), hasNext(reply.servers_links)))
  )
}

const makeInventory = (options: CinderOptions) =>
  Effect.gen(function* () {
    const service = yield* makeService("Cinder", options)
    const cinder = options.ignoreMicroversions === true ? withoutMicroversions(service) : service
    const nova = yield* makeService("Nova", options)
    const showServer = makeShowServer(nova, oldest, ServerReply)
    return CloudInventory.of({
      volumes: Effect.fn("CloudInventory.volumes")((page: PageRequest) => listPage(cinder, volumes, page, {})),
      snapshots: Effect.fn("CloudInventory.snapshots")((page: PageRequest) => listPage(cinder, snapshots, page, {})),
      backups: Effect.fn("CloudInventory.backups")((page: PageRequest) => listPage(cinder, backups, page, {})),
      servers: Effect.fn("CloudInventory.servers")(listServers(nova)),
      server: Effect.fn("CloudInventory.server")((id) => Effect.map(showServer(id), toServer))
    })
  })

/** What a project has, over HTTP. Building it makes no request. */
export const layerInventoryHttp = (
  options: CinderOptions
): Layer.Layer<CloudInventory, never, HttpClient.HttpClient | Keystone> =>
  Layer.effect(CloudInventory, makeInventory(options))
