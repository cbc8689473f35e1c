import type { CloudFailure } from "../errors.ts"
import { staleReadMillis } from "./phases.ts"
import { saysHostIsSilent } from "./serverState.ts"

/** What became of a request to attach. Without an answer it may have been accepted. */
export type AttachRequest =
  | { readonly _tag: "Accepted"; readonly requestId: string | undefined }
  | { readonly _tag: "Unanswered"; readonly failure: CloudFailure }
  | { readonly _tag: "Refused"; readonly failure: CloudFailure }

/** What a failed request to attach means to the decision; undefined where the failure itself is the answer. */
export const readAttachFailure = (failure: CloudFailure): AttachRequest | undefined => {
  switch (failure.reason) {
    case "unanswered":
      return { _tag: "Unanswered", failure }
    case "invalid":
    case "conflict":
      return { _tag: "Refused", failure }
    case "unreachable":
    case "throttled":
    case "unsupported":
    case "unauthenticated":
    case "forbidden":
    case "notFound":
    case "malformed":
      return undefined
  }
}

/** Nova's words for an error of its own, after which it has stopped working on the request. */
const saysNovaGaveUp = (detail: string): boolean => /unexpected api error/i.test(detail) && !saysHostIsSilent(detail)

/**
 * How long after its answer was lost a request may still take effect. Nova waits a minute for the compute host, and its
 * API goes on with a request whose caller has gone
 * (https://docs.openstack.org/nova/latest/configuration/config.html#DEFAULT.rpc_response_timeout).
 */
export const mayLandMillis = ({ detail }: CloudFailure): number => (saysNovaGaveUp(detail) ? staleReadMillis : 60_000)
