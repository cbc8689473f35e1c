import { type handleUnaryCall, status } from "@grpc/grpc-js"
import { Cause, Clock, type Duration, Effect, Either, Exit, Fiber, FiberId, Option, Runtime } from "effect"
import { CallDeadline, CallStart } from "../../domain/CallDeadline.ts"
import type { DomainError } from "../../domain/errors.ts"
import { makePermits } from "../../domain/permits.ts"
import { watched } from "../../ports/Telemetry.ts"
import { logged } from "./callLog.ts"
import type { InFlight } from "./inFlight.ts"
import { subjectOf } from "./requestIds.ts"
import { type RpcStatus, rpcStatus, statusOf } from "./status.ts"
import { asSpan } from "./traceParent.ts"

/** More for the log of a call, by key, than the ids of its request. */
type Annotations = Readonly<Record<string, string>>

/** Turns a handler that is an Effect into one for gRPC. `method` is the RPC's name in the specification. */
export type Unary = <In extends object, Out>(
  method: string,
  handle: (request: In) => Effect.Effect<Out, DomainError>,
  annotationsOf?: (request: In) => Annotations
) => handleUnaryCall<In, Out>

/** A success of `changes` is a line in the log, a success of `reads` is for debugging; only `changes` stand in line. */
export interface Calls {
  readonly reads: Unary
  readonly changes: Unary
}

/**
 * Changes worked on at a time; more stand in line, first come first served, while their deadlines run. A call in work holds
 * some 60 kB, and sidecars with their usual hundred workers each rarely have as many calls under way.
 */
const mostChanges = 128

/** Effect's priority of a change, the lowest number going first: a read, such as the Probe that decides whether the process lives, has 0. */
const patient = 1

/** An answer leaves this long before the client hangs up: a share of the time left, at most half a second. */
const marginOf = (remaining: number): number => Math.min(remaining / 10, 500)

const tooLate = rpcStatus(status.DEADLINE_EXCEEDED, "the deadline passed before the call began; nothing was done")
const cancelled = rpcStatus(status.CANCELLED, "the client no longer waits")
const unfinished = (method: string, request: object): RpcStatus =>
  rpcStatus(
    status.DEADLINE_EXCEEDED,
    `${method}${subjectOf(request)} has not ended in time; the same call takes it up again`
  )

/**
 * Runs each call as two fibers, one that works and one that answers. A deadline, a cancelled call and a lost connection
 * end the answer at once and interrupt the work; a change under way is uninterruptible, runs to its end and keeps its
 * locks until then. `budget` bounds a call whose client set no deadline.
 */
export const makeCalls = (inFlight: InFlight, budget: Duration.DurationInput): Effect.Effect<Calls> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<never>()
    const inTurn = yield* makePermits(mostChanges, "changes")

    /** `remaining` is in milliseconds, infinite without a deadline. Interruptible only while it waits for the work. */
    const answer = Effect.fnUntraced(function* <Out>(
      method: string,
      request: object,
      remaining: number,
      work: Effect.Effect<Out, DomainError>
    ) {
      if (remaining <= 0) return yield* Effect.fail(tooLate)
      const worker = yield* inFlight.start(work)
      const limit = remaining === Number.POSITIVE_INFINITY ? budget : remaining - marginOf(remaining)
      const waited = yield* Fiber.await(worker).pipe(Effect.timeoutOption(limit), Effect.interruptible, Effect.exit)
      if (Exit.isFailure(waited) || Option.isNone(waited.value)) {
        yield* inFlight.leave(worker)
        return yield* Effect.fail(Exit.isFailure(waited) ? cancelled : unfinished(method, request))
      }
      const ended = waited.value.value
      if (Exit.isSuccess(ended)) return ended.value
      const defects = Option.getOrUndefined(Cause.keepDefects(ended.cause))
      if (defects !== undefined) yield* Effect.logError("met a defect", defects)
      return yield* Effect.fail(statusOf(ended.cause))
    })

    const unary =
      (changes: boolean): Unary =>
      (method, handle, annotationsOf = () => ({})) =>
      (call, reply) => {
        const { request } = call
        const remaining = Number(call.getDeadline()) - Date.now()
        const work = Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const handled = Effect.suspend(() => handle(request))
          return (changes ? Effect.withSchedulingPriority(inTurn(handled), patient) : handled).pipe(
            Effect.provideService(CallDeadline, now + remaining),
            Effect.provideService(CallStart, now)
          )
        }).pipe(watched({ _tag: "Call", method }))
        const fiber = answer(method, request, remaining, work).pipe(
          logged(method, changes, request),
          Effect.annotateLogs(annotationsOf(request)),
          asSpan(method, call.metadata),
          Effect.uninterruptible,
          Runtime.runFork(runtime)
        )
        // Raised for a call that was answered as well, when there is nothing left to interrupt.
        call.once("cancelled", () => fiber.unsafeInterruptAsFork(FiberId.none))
        fiber.addObserver(
          Exit.match({
            onSuccess: (value) => reply(null, value),
            onFailure: (cause) =>
              reply(Either.match(Cause.failureOrCause(cause), { onLeft: (it) => it, onRight: statusOf }))
          })
        )
      }

    return { reads: unary(false), changes: unary(true) }
  })
