import { Cause, Effect, Exit, Fiber } from "effect"

type Worker = Fiber.RuntimeFiber<unknown, unknown>

/**
 * The work that calls have begun and that has not ended. It lives apart from the calls: an answer may leave before a
 * change that must not be cut short has come to its end.
 */
export interface InFlight {
  readonly start: <A, E>(work: Effect.Effect<A, E>) => Effect.Effect<Fiber.RuntimeFiber<A, E>>
  /** Asks the work to stop and does not wait for it; an end other than that goes to the log. */
  readonly leave: (worker: Worker) => Effect.Effect<void>
  /** Waits until all that is under way now has ended. */
  readonly idle: Effect.Effect<void>
  /** Asks everything to stop and does not wait. */
  readonly abandon: Effect.Effect<void>
}

export const makeInFlight = Effect.sync((): InFlight => {
  const working = new Set<Worker>()
  const lateEnd = Exit.match({
    onSuccess: () => Effect.log("ended after its answer"),
    onFailure: (cause: Cause.Cause<unknown>) =>
      Cause.isInterruptedOnly(cause) ? Effect.void : Effect.logWarning("failed after its answer", cause)
  })
  return {
    start: (work) =>
      Effect.tap(Effect.forkDaemon(Effect.interruptible(work)), (worker) =>
        Effect.sync(() => {
          working.add(worker)
          worker.addObserver(() => working.delete(worker))
        })
      ),
    leave: (worker) =>
      Effect.zipRight(
        Fiber.interruptFork(worker),
        Fiber.await(worker).pipe(Effect.flatMap(lateEnd), Effect.forkDaemon, Effect.asVoid)
      ),
    idle: Effect.suspend(() => Effect.forEach([...working], (worker) => Fiber.await(worker), { discard: true })),
    abandon: Effect.suspend(() =>
      Effect.forEach([...working], (worker) => Fiber.interruptFork(worker), { discard: true })
    )
  }
})
