import { Cause, Data, Exit, Option } from "effect"

/** Ends the program with a code that says why. The text is for people; with an empty one nothing more is said. */
export class Ending extends Data.TaggedError("Ending")<{ readonly code: number; readonly text: string }> {
  override get message() {
    return this.text
  }
}

/** As a shell reads it: 0 for an end that was wanted, 1 for any failure that does not name another one. */
export const exitCodeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) return 0
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return error instanceof Ending ? error.code : 1
}
