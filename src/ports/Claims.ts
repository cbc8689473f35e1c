import { Context, type Effect } from "effect"
import type { ClaimRef } from "../domain/Claim.ts"
import type { ClaimNotFound, ClaimUnreadable } from "../domain/errors.ts"

/**
 * What the domain needs from Kubernetes. It is there only where the operator wants annotations of claims honoured: a
 * controller without this port reads none.
 */
export class Claims extends Context.Tag("cinder-csi/ports/Claims")<
  Claims,
  {
    /** The annotations of this one claim as they are now. */
    readonly annotations: (
      claim: ClaimRef
    ) => Effect.Effect<Readonly<Record<string, string>>, ClaimNotFound | ClaimUnreadable>
  }
>() {}
