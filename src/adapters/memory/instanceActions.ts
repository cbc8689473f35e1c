import type { WorldState } from "./worldState.ts"
import type { InstanceActionRecord } from "./worldTypes.ts"

const eventOf = (action: InstanceActionRecord["action"]): string =>
  action === "create" ? "compute__do_build_and_run_instance" : `compute_${action}`

/** Opens an entry in the log that Nova keeps of what was asked of a server; `finish` closes it. */
export const recordAction = (
  state: WorldState,
  entry: {
    readonly action: InstanceActionRecord["action"]
    readonly serverId: string
    readonly startTime: number
    readonly requestId?: string | undefined
  }
): { readonly finish: (result: "Success" | "Error", at: number) => void } => {
  const id = state.newId()
  const { action, serverId, startTime } = entry
  const open = { event: eventOf(action), startTime, finishTime: undefined, result: undefined }
  const requestId = entry.requestId ?? `req-${state.newId()}`
  const row = { id, action, serverId, requestId, startTime, updatedAt: startTime, message: undefined, events: [open] }
  state.actions.put(row)
  return {
    finish: (result, at) =>
      state.actions.put({
        ...row,
        updatedAt: at,
        message: result === "Error" ? "Error" : undefined,
        events: [{ ...open, finishTime: at, result }]
      })
  }
}
