import { Effect, type Schema } from "effect"
import { type CloudFailure, ServerNotFound } from "../../domain/errors.ts"
import type { ServerId } from "../../domain/Server.ts"
import { decodeBody } from "./decode.ts"
import { toCloudFailure } from "./failures.ts"
import { pathSegment } from "./ids.ts"
import type { RequestFailed, ServiceClient } from "./OpenStackHttp.ts"

const timeoutMillis = 30_000

export const novaFailure = ({ operation, fault }: Pick<RequestFailed, "operation" | "fault">): CloudFailure =>
  toCloudFailure("Nova", operation, fault)

/** What the failure of a request about a server means where nothing else can be missing. */
export const serverError = (id: ServerId, failed: RequestFailed): CloudFailure | ServerNotFound =>
  failed.fault.thingMissing ? new ServerNotFound({ id }) : novaFailure(failed)

/** Asks Nova for a server, and reads of it what the schema names. */
export const makeShowServer = <A, I>(send: ServiceClient, microversion: string, schema: Schema.Schema<A, I>) => {
  const decode = decodeBody(schema)
  const operation = "show server"
  return (id: ServerId): Effect.Effect<A, CloudFailure | ServerNotFound> => {
    const segment = pathSegment(id)
    if (segment === undefined) return Effect.fail(new ServerNotFound({ id }))
    const path = `/servers/${segment}`
    return send({ label: "server_get", operation, method: "GET", path, microversion, timeoutMillis }).pipe(
      Effect.catchTag("RequestFailed", (failed) => Effect.fail(serverError(id, failed))),
      Effect.flatMap((answer) => Effect.mapError(decode(answer), (fault) => novaFailure({ operation, fault })))
    )
  }
}
