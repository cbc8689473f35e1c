import { Schema } from "effect"
import { type Server, ServerId } from "../../domain/Server.ts"
import { VolumeId } from "../../domain/Volume.ts"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullOr(schema), { exact: true })

/** A server whose cell is down has little more than its id. */
const WireServer = Schema.Struct({
  id: Schema.String,
  name: maybe(Schema.String),
  status: Schema.String,
  locked: maybe(Schema.Boolean),
  updated: maybe(Schema.String),
  "OS-EXT-STS:task_state": maybe(Schema.String),
  "OS-EXT-AZ:availability_zone": maybe(Schema.String),
  "os-extended-volumes:volumes_attached": maybe(Schema.Array(Schema.Struct({ id: Schema.String })))
})

export const ServerReply = Schema.Struct({ server: WireServer })
export const ServersReply = Schema.Struct({
  servers: Schema.Array(WireServer),
  servers_links: maybe(Schema.Array(Schema.Struct({ rel: Schema.String })))
})

const millisOf = (time: string | null | undefined): number | undefined => {
  const millis = Date.parse(time ?? "")
  return Number.isNaN(millis) ? undefined : millis
}

export const toListedServer = (server: typeof WireServer.Type): Server => ({
  id: ServerId(server.id),
  name: server.name ?? "",
  status: server.status,
  task: server["OS-EXT-STS:task_state"] || undefined,
  locked: server.locked ?? undefined,
  zone: server["OS-EXT-AZ:availability_zone"] ?? "",
  volumeIds: server["os-extended-volumes:volumes_attached"]?.map(({ id }) => VolumeId(id)),
  updatedAt: millisOf(server.updated)
})

export const toServer = ({ server }: typeof ServerReply.Type): Server => toListedServer(server)

export const attachBody = (volume: VolumeId) => ({ volumeAttachment: { volumeId: volume } })
