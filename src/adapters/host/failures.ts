import { type Duration, Effect, Option } from "effect"
import { HostFailure } from "../../domain/errors.ts"
import { bounded } from "../process/bounded.ts"

export const failed = (operation: string, detail: string): HostFailure =>
  new HostFailure({ operation, outcome: "failed", detail })

/** The code of a system call's error such as ENOENT; undefined for anything else. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined

/** What went wrong in a system call, without the stack. */
export const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export interface CallFailure {
  readonly code: string | undefined
  readonly failure: HostFailure
}

/**
 * A call into the kernel, given up after the limit although the call itself cannot be stopped; what is made of several
 * learns of it by its signal. `late` is the outcome of
 * a call that is given up.
 */
export const callWithCode = <A>(
  operation: string,
  limit: Duration.Duration,
  act: (signal: AbortSignal) => Promise<A>,
  late: HostFailure["outcome"] = "failed"
): Effect.Effect<A, CallFailure> => {
  const made = Effect.tryPromise({
    try: act,
    catch: (error): CallFailure => ({ code: codeOf(error), failure: failed(operation, problemOf(error)) })
  })
  const unanswered: CallFailure = {
    code: undefined,
    failure: new HostFailure({ operation, outcome: late, detail: "the kernel does not answer" })
  }
  return Effect.flatMap(
    bounded(made, limit),
    Option.match({ onNone: () => Effect.fail(unanswered), onSome: Effect.succeed })
  )
}

export const call = <A>(
  operation: string,
  limit: Duration.Duration,
  act: (signal: AbortSignal) => Promise<A>
): Effect.Effect<A, HostFailure> => Effect.mapError(callWithCode(operation, limit, act), ({ failure }) => failure)

/** A look at what the kernel holds in memory. */
export const glance = <A>(operation: string, look: () => A): Effect.Effect<A, HostFailure> =>
  Effect.try({ try: look, catch: (error) => failed(operation, problemOf(error)) })

/** Undefined where a look fails, which most files of sysfs do on most disks. */
export const orNothing = <A>(look: () => A): A | undefined => {
  try {
    return look()
  } catch {
    return undefined
  }
}
