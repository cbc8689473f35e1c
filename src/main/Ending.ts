import { Cause, Data, Exit, Option } from "effect"

/** Ends the program with a code that says why. The text is for people; with an empty one nothing more is said. */
export class Ending extends Data.TaggedError("Ending")<{ readonly code: number; readonly text: string }> {
  override get message() {
    return this.text
  }
}

/** As a shell reads it: 0 for work that is done, 1 for any failure that does not name another code. */
export const exitCodeOf = (exit: Exit.Exit<unknown, unknown>, toldToEnd = 0): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.isInterruptedOnly(exit.cause)) return toldToEnd
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return error instanceof Ending ? error.code : 1
}
