import { type DomainError, StillWorking } from "../../errors.ts"
import type { Verdict } from "../Verdict.ts"
import type { Finding } from "./Finding.ts"

export type ReplayAnswer =
  | { readonly _tag: "Done" }
  /** It would do this next, and then look again. */
  | { readonly _tag: "Acts"; readonly deed: string }
  /** For what; with the error if it does not come in time. */
  | { readonly _tag: "Waits"; readonly state: string; readonly overdue: DomainError }
  | { readonly _tag: "Refuses"; readonly error: DomainError }

/** What a verdict comes to that does nothing more; `subject` is what would be waited for. */
export const answerOf = (
  verdict: Exclude<Verdict<unknown, unknown>, { readonly _tag: "Do" }>,
  subject: string
): ReplayAnswer => {
  switch (verdict._tag) {
    case "Done":
      return { _tag: "Done" }
    case "Refuse":
      return { _tag: "Refuses", error: verdict.error }
    case "Wait": {
      const { overdue, state } = verdict
      return { _tag: "Waits", state, overdue: overdue ?? new StillWorking({ subject, state }) }
    }
  }
}

/** What the driver would answer to a call about the object if it came now, found out by its own decisions. */
export interface Replay {
  /** The CSI call, such as ControllerPublishVolume. */
  readonly call: string
  /** For people: whom it is about, such as "volume … to server …". */
  readonly about: string
  readonly answer: ReplayAnswer
}

/** An Event of Kubernetes. */
export interface EventSeen {
  /** Such as `PersistentVolumeClaim default/data`. */
  readonly about: string
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly count: number
  /** Milliseconds since the epoch; undefined where the event tells no time. */
  readonly at: number | undefined
}

/** All that was found out at once. */
export interface Report {
  readonly findings: ReadonlyArray<Finding>
  readonly replays: ReadonlyArray<Replay>
  readonly events: ReadonlyArray<EventSeen>
}

export const onlyFindings = (findings: ReadonlyArray<Finding>): Report => ({ findings, replays: [], events: [] })
