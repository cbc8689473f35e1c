import type { ServerWait } from "../../ports/Telemetry.ts"
import type { DomainError } from "../errors.ts"

/** Whose change ends a wait: the object of the call itself, or the server that it is about. */
export type Awaited = "itself" | "server"

/**
 * What to do next, given the facts: the answer of every decision in this folder.
 * - `Do`: carry out the action, then look at the facts again
 * - `Wait`: something is under way that we did not finish; look again later. `overdue` is the answer when the time for
 *   waiting is over, where there is a better one than that the object is still in this state
 * - `Refuse`: answer with the error; nothing may be changed
 * - `Done`: the wanted state is there
 */
export type Verdict<Action, Result> =
  | { readonly _tag: "Do"; readonly action: Action }
  | {
      readonly _tag: "Wait"
      readonly state: string
      readonly on: Awaited
      readonly overdue: DomainError | undefined
      /** What keeps the server from being ready, where the server is waited for. */
      readonly because: ServerWait | undefined
    }
  | { readonly _tag: "Refuse"; readonly error: DomainError }
  | { readonly _tag: "Done"; readonly result: Result }

export const act = <Action>(action: Action): Verdict<Action, never> => ({ _tag: "Do", action })
export const wait = (state: string, on: Awaited = "itself", overdue?: DomainError): Verdict<never, never> => ({
  _tag: "Wait",
  state,
  on,
  overdue,
  because: undefined
})
/** For a server that something keeps from attaching and detaching and that will be ready. */
export const waitForServer = (
  { because, state }: { readonly state: string; readonly because: ServerWait },
  overdue: DomainError
): Verdict<never, never> => ({ _tag: "Wait", state, on: "server", overdue, because })
export const refuse = (error: DomainError): Verdict<never, never> => ({ _tag: "Refuse", error })
export const done = <Result>(result: Result): Verdict<never, Result> => ({ _tag: "Done", result })
