import type { HttpClient } from "@effect/platform"
import { Effect, Layer } from "effect"
import { ServerNotFound } from "../../domain/errors.ts"
import type { ServerId } from "../../domain/Server.ts"
import { ServerPower } from "../../ports/ServerPower.ts"
import { pathSegment } from "./ids.ts"
import type { Keystone } from "./Keystone.ts"
import { withHostStatus } from "./microversions.ts"
import { makeShowServer, serverError } from "./novaServer.ts"
import { makeService, type ServiceOptions } from "./OpenStackHttp.ts"
import { PowerReply, toEvidence } from "./serverPowerWire.ts"

const timeoutMillis = 30_000

const makeServerPower = (options: ServiceOptions) =>
  Effect.map(makeService("Nova", options), (send) => {
    const show = makeShowServer(send, withHostStatus, PowerReply)
    return ServerPower.of({
      look: Effect.fn("ServerPower.look")((id: ServerId) => Effect.map(show(id), toEvidence)),
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
        }).pipe(Effect.catchTag("RequestFailed", (failed) => Effect.fail(serverError(id, failed))))
      })
    })
  })

/** Power of servers over HTTP. Building it makes no request. */
export const layerServerPowerHttp = (
  options: ServiceOptions
): Layer.Layer<ServerPower, never, HttpClient.HttpClient | Keystone> =>
  Layer.effect(ServerPower, makeServerPower(options))
