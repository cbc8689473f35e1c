import { Context } from "effect"

/**
 * When the caller of the current operation stops waiting, in milliseconds of Effect's Clock.
 * The gRPC server sets it from the client's deadline; without one a wait is bounded by its own budget.
 */
export class CallDeadline extends Context.Reference<CallDeadline>()("cinder-csi/domain/CallDeadline", {
  defaultValue: () => Number.POSITIVE_INFINITY
}) {}

/** When the current operation was called, by the same clock; undefined where nobody said. */
export class CallStart extends Context.Reference<CallStart>()("cinder-csi/domain/CallStart", {
  defaultValue: (): number | undefined => undefined
}) {}
