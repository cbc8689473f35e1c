import { Context, type Effect } from "effect"

/** A program on the host that nobody can end and that may still do its work. */
export interface LeftBehind {
  /** Program, process and time, for people. */
  readonly what: string
  /** Returns once it has ended after all. */
  readonly ended: Effect.Effect<void>
}

/**
 * Told of each program that the current operation leaves behind. Not part of a failure, since an operation whose caller
 * has gone ends in interruption, which keeps no failures.
 */
export class OnLeftBehind extends Context.Reference<OnLeftBehind>()("cinder-csi/domain/OnLeftBehind", {
  defaultValue: (): ((program: LeftBehind) => void) => () => undefined
}) {}
