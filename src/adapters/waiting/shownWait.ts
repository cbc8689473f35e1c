import { Effect } from "effect"
import type { AwaitedOperation } from "../../ports/CloudWatch.ts"
import { type ServerWait, Telemetry, type WaitReason } from "../../ports/Telemetry.ts"

/** One wait, shown to who watches the driver under the reason that it has at the time. */
export interface ShownWait {
  readonly isFor: (because: ServerWait | undefined) => void
  readonly ends: Effect.Effect<void>
}

const reasonOf = (operation: AwaitedOperation, because: ServerWait | undefined): WaitReason =>
  operation === "task" ? (because ?? "server_task") : operation

export const makeShownWaits: Effect.Effect<(operation: AwaitedOperation) => ShownWait> = Effect.map(
  Telemetry,
  ({ begins }) =>
    (operation) => {
      let shown: { readonly reason: WaitReason; readonly end: () => void } | undefined
      return {
        isFor: (because) => {
          const reason = reasonOf(operation, because)
          if (shown?.reason === reason) return
          shown?.end()
          shown = { reason, end: begins({ _tag: "Wait", reason }) }
        },
        ends: Effect.sync(() => shown?.end())
      }
    }
)
