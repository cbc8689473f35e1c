import type { DomainError } from "../../errors.ts"
import type { Finding } from "./Finding.ts"

/** What the driver would answer to a call about the object if it came now, found out by its own decisions. */
export interface Replay {
  /** The CSI call, such as ControllerPublishVolume. */
  readonly call: string
  /** For people: whom it is about, such as "volume … to server …". */
  readonly about: string
  readonly answer:
    | { readonly _tag: "Done" }
    /** It would do this next, and then look again. */
    | { readonly _tag: "Acts"; readonly deed: string }
    /** For what; with the error if it does not come in time. */
    | { readonly _tag: "Waits"; readonly state: string; readonly overdue: DomainError }
    | { readonly _tag: "Refuses"; readonly error: DomainError }
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
