import { Cause, Exit, FiberId, Option, Tracer } from "effect"

const longestText = 2_048

/** What may leave the program of a failure: its sentence, which has been looked through for secrets, and its name. */
class SpanFailure extends Error {
  constructor(name: string, message: string) {
    super(message.slice(0, longestText))
    this.name = name
    this.stack = ""
  }
}

const textOf = (value: unknown, key: string): string | undefined => {
  const text: unknown = Reflect.get(Object(value), key)
  return typeof text === "string" && text !== "" ? text : undefined
}

/** Nobody has looked at what a defect may hold. */
const toldOf = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, SpanFailure> => {
  if (Exit.isSuccess(exit)) return Exit.void
  if (Cause.isInterruptedOnly(exit.cause)) return Exit.interrupt(FiberId.none)
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return Exit.fail(
    failure === undefined
      ? new SpanFailure("Defect", "internal error of the driver; its log has the cause")
      : new SpanFailure(
          textOf(failure, "_tag") ?? "Failure",
          textOf(failure, "message") ?? textOf(failure, "details") ?? "failed"
        )
  )
}

/** Headers hold tokens; a stack of a bundled program tells nothing; a log's cause may be a defect. */
const isKept = (key: string): boolean =>
  !/^http\.(request|response)\.header\./.test(key) && key !== "code.stacktrace" && key !== "effect.cause"

const keptOf = (attributes: Readonly<Record<string, unknown>> | undefined) =>
  attributes === undefined ? undefined : Object.fromEntries(Object.entries(attributes).filter(([key]) => isKept(key)))

/** The tracer, seeing of every span only what may leave the program. */
export const withoutSecrets = (tracer: Tracer.Tracer): Tracer.Tracer =>
  Tracer.make({
    span: (...args) => {
      const span = tracer.span(...args)
      const { attribute, end, event } = span
      return Object.assign(span, {
        attribute: (key: string, value: unknown) => {
          if (isKept(key)) attribute.call(span, key, value)
        },
        event: (name: string, time: bigint, attributes?: Record<string, unknown>) =>
          event.call(span, name, time, keptOf(attributes)),
        end: (time: bigint, exit: Exit.Exit<unknown, unknown>) => end.call(span, time, toldOf(exit))
      })
    },
    context: tracer.context
  })
