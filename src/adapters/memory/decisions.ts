import { Either } from "effect"
import type { Accepted } from "./worldEngine.ts"
import type { WorldFault } from "./worldErrors.ts"

export const refuseIf = (fault: WorldFault | undefined): Either.Either<void, WorldFault> =>
  fault === undefined ? Either.void : Either.left(fault)

export const found = <A>(row: A | undefined, missing: () => WorldFault): Either.Either<A, WorldFault> =>
  row === undefined ? Either.left(missing()) : Either.right(row)

export const answerOnly = <A>(answer: A): Accepted<A> => ({ answer })

/** `null` clears a text, undefined leaves it. */
export const updatedText = (text: string | null | undefined, former: string | undefined): string | undefined =>
  text === undefined ? former : (text ?? undefined)
