import type { HttpClient } from "@effect/platform"
import { Effect, Layer } from "effect"
import { ServerNotFound } from "../../domain/errors.ts"
import type { ServerId } from "../../domain/Server.ts"
import { ServerPower } from "../../ports/ServerPower.ts"
import { decodeBody } from "./decode.ts"
import { toCloudFailure } from "./failures.ts"
import { pathSegment } from "./ids.ts"
import type { Keystone } from "./Keystone.ts"
import { makeService, type RequestFailed, type ServiceOptions } from "./OpenStackHttp.ts"
import { PowerReply, toEvidence } from "./serverPowerWire.ts"

const timeoutMillis = 30_000

/** The first one that shows how the compute host does, to those who may see it. */
const withHostStatus = "2.16"

const decodePower = decodeBody(PowerReply)

const failure = ({ operation, fault }: Pick<RequestFailed, "operation" | "fault">) =>
  toCloudFailure("Nova", operation, fault)

const errorFor = (id: ServerId) => (failed: RequestFailed) =>
  Effect.fail(failed.fault.thingMissing ? new ServerNotFound({ id }) : failure(failed))

const makeServerPower = (options: ServiceOptions) =>
  Effect.map(makeService("Nova", options), (send) =>
    ServerPower.of({
      look: Effect.fn("ServerPower.look")(function* (id: ServerId) {
        const segment = pathSegment(id)
        if (segment === undefined) return yield* new ServerNotFound({ id })
        const operation = "show server"
        return yield* send({
          label: "server_get",
          operation,
          method: "GET",
          path: `/servers/${segment}`,
          microversion: withHostStatus,
          timeoutMillis
        }).pipe(
          Effect.catchTag("RequestFailed", errorFor(id)),
          Effect.flatMap((answer) => Effect.mapError(decodePower(answer), (fault) => failure({ operation, fault }))),
          Effect.map(toEvidence)
        )
      }),
      stop: Effect.fn("ServerPower.stop")(function* (id: ServerId) {
        const segment = pathSegment(id)
        if (segment === undefined) return yield* new ServerNotFound({ id })
        yield* send({
          label: "server_stop",
          operation: "stop server",
          method: "POST",
          path: `/servers/${segment}/action`,
          body: { "os-stop": null },
          microversion: withHostStatus,
          timeoutMillis
        }).pipe(Effect.catchTag("RequestFailed", errorFor(id)))
      })
    })
  )

/** Power of servers over HTTP. Building it makes no request. */
export const layerServerPowerHttp = (
  options: ServiceOptions
): Layer.Layer<ServerPower, never, HttpClient.HttpClient | Keystone> =>
  Layer.effect(ServerPower, makeServerPower(options))
