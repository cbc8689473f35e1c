import { Data } from "effect"
import { WorldFault } from "../worldErrors.ts"
import type { JsonObject } from "./json.ts"
import { jsonReply, type Reply } from "./messages.ts"

/** What the HTTP face refuses on its own account, before it asks the World. */
export class ApiFault extends Data.TaggedError("ApiFault")<{
  readonly status: number
  readonly kind: string
  readonly message: string
}> {}

export type Refusal = ApiFault | WorldFault

const fault = (status: number, kind: string) => (message: string) => new ApiFault({ status, kind, message })

export const malformed =
  "The server could not comply with the request since it is either malformed or otherwise incorrect."

export const badRequest = fault(400, "badRequest")
export const forbidden = fault(403, "forbidden")
export const itemNotFound = fault(404, "itemNotFound")
export const versionNotAcceptable = fault(406, "computeFault")
export const conflict = fault(409, "conflictingRequest")
export const badMediaType = fault(415, "badMediaType")
export const serverFault = fault(500, "computeFault")
export const notImplemented = fault(501, "notImplemented")

/** A method that exists, but not at the microversion asked for. */
export const methodNotThere = itemNotFound("The resource could not be found.")
export const unexpected = serverFault(
  "The server has either erred or is incapable of performing the requested operation."
)
export const policyForbids = (rule: string) => forbidden(`Policy doesn't allow ${rule} to be performed.`)

export const faultReply = (refusal: Refusal): Reply => {
  const retryAfter = refusal instanceof WorldFault ? refusal.retryAfter : undefined
  const body: JsonObject = {
    [refusal.kind]: { code: refusal.status, message: refusal.message, retryAfter }
  }
  return jsonReply(refusal.status, body, retryAfter === undefined ? {} : { "Retry-After": retryAfter })
}
