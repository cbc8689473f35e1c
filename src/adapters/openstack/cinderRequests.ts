import { Effect, type Schema } from "effect"
import { type CloudFailure, QuotaExceeded } from "../../domain/errors.ts"
import { decodeBody } from "./decode.ts"
import { toCloudFailure } from "./failures.ts"
import type { RequestFailed, ServiceClient, ServiceRequest } from "./OpenStackHttp.ts"

export const readTimeoutMillis = 30_000
export const changeTimeoutMillis = 60_000

export const failure = ({ operation, fault }: RequestFailed) => toCloudFailure("Cinder", operation, fault)

export const refused = (failed: RequestFailed): CloudFailure | QuotaExceeded =>
  failed.fault.quota ? new QuotaExceeded({ detail: failed.fault.detail }) : failure(failed)

/** Sends a request and reads its answer. */
export const ask = <A, I>(send: ServiceClient, request: ServiceRequest, schema: Schema.Schema<A, I>) => {
  const read = decodeBody(schema)
  return Effect.flatMap(send(request), (answer) =>
    Effect.mapError(read(answer), (fault) => toCloudFailure("Cinder", request.operation, fault))
  )
}

/**
 * What a failed deletion means. Cinder answers 400 to the second deletion; if the first one's answer was lost, that is its
 * success.
 */
export const unlessDeleting =
  <E>(look: Effect.Effect<{ readonly status: string }, E>) =>
  (failed: RequestFailed): Effect.Effect<"accepted" | "absent", CloudFailure> => {
    if (failed.fault.thingMissing) return Effect.succeed("absent")
    if (!failed.repeated || failed.fault.reason !== "invalid") return Effect.fail(failure(failed))
    return Effect.matchEffect(look, {
      onSuccess: ({ status }) => (status === "deleting" ? Effect.succeed("accepted") : Effect.fail(failure(failed))),
      onFailure: () => Effect.fail(failure(failed))
    })
  }
