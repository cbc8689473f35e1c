import { NotReady, Refused } from "../errors.ts"
import { type SnapshotPhase, staleReadMillis } from "./phases.ts"
import { act, done, refuse, type Verdict, wait } from "./Verdict.ts"

/** The deletion of a snapshot or backup. */
export interface RemovalFacts {
  /** For people, such as `snapshot 5a8f…`. */
  readonly subject: string
  /** How Cinder shows it; undefined once it is gone. */
  readonly seen: { readonly status: string; readonly phase: SnapshotPhase } | undefined
  /** Whether Cinder accepted our request; if not, with the reason it gave. */
  readonly request: "accepted" | { readonly refused: string }
  /** Since the request. */
  readonly waitedMillis: number
}

/** Answer with what Cinder says about a deletion that failed or was undone. */
export type RemovalAction = { readonly _tag: "Explain"; readonly stuck: boolean }

/** What a state means to a deletion. */
export const decideRemoval = ({ subject, seen, request, waitedMillis }: RemovalFacts): Verdict<RemovalAction, void> => {
  if (seen === undefined) return done(undefined)
  const { phase, status } = seen
  switch (phase) {
    case "leaving":
      return wait(status)
    case "free":
    case "broken":
      if (status === "error_deleting") return act({ _tag: "Explain", stuck: true })
      if (request !== "accepted") {
        return refuse(new Refused({ subject, because: request.refused, remedy: undefined }))
      }
      return waitedMillis < staleReadMillis ? wait(status) : act({ _tag: "Explain", stuck: false })
    case "making":
    case "busy":
    case "unknown":
      return refuse(new NotReady({ subject, state: status, remedy: undefined }))
  }
}
