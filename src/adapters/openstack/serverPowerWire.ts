import { Schema } from "effect"
import type { Power, ServerEvidence } from "../../domain/ServerEvidence.ts"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullOr(schema), { exact: true })

/** https://docs.openstack.org/api-ref/compute/#show-server-details */
export const PowerReply = Schema.Struct({
  server: Schema.Struct({
    status: Schema.String,
    hostId: maybe(Schema.String),
    /** Absent unless a policy of the cloud lets us see it. */
    host_status: maybe(Schema.String),
    locked: maybe(Schema.Boolean),
    updated: maybe(Schema.String),
    "OS-EXT-STS:task_state": maybe(Schema.String),
    "OS-EXT-STS:power_state": maybe(Schema.Number)
  })
})

const powers: Readonly<Record<number, Power>> = {
  0: "none",
  1: "running",
  3: "paused",
  4: "off",
  6: "crashed",
  7: "suspended"
}

export const toEvidence = ({ server }: typeof PowerReply.Type): ServerEvidence => {
  const updatedAt = Date.parse(server.updated ?? "")
  return {
    status: server.status,
    task: server["OS-EXT-STS:task_state"] || undefined,
    power: powers[server["OS-EXT-STS:power_state"] ?? -1] ?? "untold",
    locked: server.locked ?? false,
    hostId: server.hostId ?? "",
    hostStatus: server.host_status ?? undefined,
    updatedAt: Number.isNaN(updatedAt) ? undefined : updatedAt
  }
}
