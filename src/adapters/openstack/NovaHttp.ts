import type { HttpClient } from "@effect/platform"
import { Effect, Layer, RcMap } from "effect"
import { type CloudFailure, NodeFull, ServerNotFound, VolumeNotFound } from "../../domain/errors.ts"
import { makePermits } from "../../domain/permits.ts"
import type { ServerId } from "../../domain/Server.ts"
import type { VolumeId } from "../../domain/Volume.ts"
import { type DetachAnswer, Nova } from "../../ports/Nova.ts"
import { pathSegment } from "./ids.ts"
import type { Keystone } from "./Keystone.ts"
import { withLocked, withMultiattach, withShelvedServers } from "./microversions.ts"
import { makeShowServer, novaFailure } from "./novaServer.ts"
import { attachBody, ServerReply, toServer } from "./novaWire.ts"
import { makeService, type RequestFailed, type ServiceOptions } from "./OpenStackHttp.ts"

/** Nova asks the server's host before it answers and waits there behind other attachments of the same server. */
const attachTimeoutMillis = 180_000
const detachTimeoutMillis = 60_000

const notAttached: DetachAnswer = { _tag: "NotAttached" }

/** Nova's sentence names what is missing: "Instance ID could not be found." or "Volume ID could not be found." */
const attachError = (
  failed: RequestFailed,
  server: ServerId,
  volume: VolumeId
): CloudFailure | NodeFull | ServerNotFound | VolumeNotFound => {
  const { reason, thingMissing, detail } = failed.fault
  if (thingMissing) {
    return /^volume\b/i.test(detail) ? new VolumeNotFound({ id: volume }) : new ServerNotFound({ id: server })
  }
  return reason === "forbidden" && /maximum/i.test(detail)
    ? new NodeFull({ serverId: server, detail })
    : novaFailure(failed)
}

const makeNova = (options: ServiceOptions) =>
  Effect.gen(function* () {
    const send = yield* makeService("Nova", options)
    // Nova's compute works off the attachments of a server one by one, and holds each request meanwhile.
    const turns = yield* RcMap.make({ lookup: (_: ServerId) => makePermits(1, "nova_server") })

    const inTurn = <A, E>(server: ServerId, effect: Effect.Effect<A, E>) =>
      Effect.scoped(Effect.flatMap(RcMap.get(turns, server), (turn) => turn(effect)))

    const showServer = makeShowServer(send, withLocked, ServerReply)

    const getServer = Effect.fn("Nova.getServer")((id: ServerId) => Effect.map(showServer(id), toServer))

    const attach = Effect.fn("Nova.attach")(function* (server: ServerId, volume: VolumeId, multiattach: boolean) {
      const segment = pathSegment(server)
      if (segment === undefined) return yield* new ServerNotFound({ id: server })
      if (pathSegment(volume) === undefined) return yield* new VolumeNotFound({ id: volume })
      return yield* inTurn(
        server,
        send({
          label: "volume_attach",
          operation: "attach volume",
          method: "POST",
          path: `/servers/${segment}/os-volume_attachments`,
          body: attachBody(volume),
          microversion: multiattach ? withMultiattach : withShelvedServers,
          timeoutMillis: attachTimeoutMillis,
          slow: true
        })
      ).pipe(
        Effect.map(({ requestId }) => requestId),
        Effect.catchTag("RequestFailed", (failed) => Effect.fail(attachError(failed, server, volume)))
      )
    })

    const detach = Effect.fn("Nova.detach")(function* (server: ServerId, volume: VolumeId) {
      const serverSegment = pathSegment(server)
      const volumeSegment = pathSegment(volume)
      if (serverSegment === undefined || volumeSegment === undefined) return notAttached
      return yield* inTurn(
        server,
        send({
          label: "volume_detach",
          operation: "detach volume",
          method: "DELETE",
          path: `/servers/${serverSegment}/os-volume_attachments/${volumeSegment}`,
          microversion: withShelvedServers,
          timeoutMillis: detachTimeoutMillis,
          slow: true
        })
      ).pipe(
        Effect.map(({ requestId }): DetachAnswer => ({ _tag: "Accepted", requestId })),
        Effect.catchTag("RequestFailed", (failed) =>
          failed.fault.thingMissing ? Effect.succeed(notAttached) : Effect.fail(novaFailure(failed))
        )
      )
    })

    return Nova.of({ getServer, attach, detach })
  })

/** Nova over HTTP. Building it makes no request. */
export const layerNovaHttp = (options: ServiceOptions): Layer.Layer<Nova, never, HttpClient.HttpClient | Keystone> =>
  Layer.scoped(Nova, makeNova(options))
