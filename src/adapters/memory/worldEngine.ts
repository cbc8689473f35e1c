import { Clock, Duration, Effect, Either, type Scope } from "effect"
import type { DiskBackendFault, DiskBackendService } from "./DiskBackend.ts"
import type { CallName, WorldCalls } from "./World.ts"
import type { WorldFault } from "./worldErrors.ts"
import { type Ending, type FaultPlan, makeFaultPlan } from "./worldFaults.ts"
import type { Latencies, WorkName, WorldSettings } from "./worldSettings.ts"
import { makeWorldState, type WorldState } from "./worldState.ts"

/** What a request answers, and the work that goes on after it. */
export interface Accepted<A> {
  readonly answer: A
  readonly work?: Effect.Effect<void>
}

/** Decides and records a request in one synchronous step. `now` is in milliseconds since the epoch. */
export type Decision<A> = (now: number) => Either.Either<Accepted<A>, WorldFault>

type DiskStep = Effect.Effect<void, DiskBackendFault>

/** Work after an accepted request. A disk step that fails makes the work fail; later ones are then left out. */
export interface Work {
  readonly name: WorkName
  readonly ending: Ending
  /** Right after the request. */
  readonly begin?: DiskStep
  /** After half of the latency, followed by `halfway`. */
  readonly middle?: DiskStep
  readonly halfway?: (now: number) => void
  /** After all of the latency. */
  readonly end?: DiskStep
  readonly finish: (ending: Ending, now: number) => void
}

export interface Engine {
  readonly settings: WorldSettings
  readonly state: WorldState
  readonly disks: DiskBackendService
  readonly plan: FaultPlan
  readonly calls: WorldCalls
  /** Counts the call, meets planned faults, decides, and starts the work in the World's scope. */
  readonly request: <A>(call: CallName, decide: Decision<A>) => Effect.Effect<A, WorldFault>
  /** As `request` for a call that is more than one step; `ask` must not start work on its own. */
  readonly longRequest: <A>(call: CallName, ask: Effect.Effect<A, WorldFault>) => Effect.Effect<A, WorldFault>
  readonly decide: <A>(decide: Decision<A>) => Effect.Effect<A, WorldFault>
  readonly carryOut: (work: Work) => Effect.Effect<void>
  readonly pause: (latency: keyof Latencies) => Effect.Effect<void>
  readonly takesTime: (latency: keyof Latencies) => boolean
  /** One piece of work at a time on a server, and only while its compute host answers. */
  readonly onCompute: (serverId: string, work: Effect.Effect<void>) => Effect.Effect<void>
  /** Waits until nothing is being done on the server. */
  readonly computeIdle: (serverId: string) => Effect.Effect<void>
  readonly setComputeUp: (serverId: string, up: boolean) => Effect.Effect<void>
}

interface Compute {
  readonly lock: Effect.Semaphore
  readonly up: Effect.Latch
}

export const makeEngine = (settings: WorldSettings, disks: DiskBackendService, scope: Scope.Scope): Engine => {
  const state = makeWorldState(settings)
  const plan = makeFaultPlan()
  const counts = new Map<CallName, number>()
  const computes = new Map<string, Compute>()

  const compute = (serverId: string): Compute => {
    const known = computes.get(serverId)
    if (known !== undefined) return known
    const fresh = { lock: Effect.unsafeMakeSemaphore(1), up: Effect.unsafeMakeLatch(true) }
    computes.set(serverId, fresh)
    return fresh
  }

  /** The work must not inherit the request's uninterruptibility, or closing the scope would wait for it. */
  const start = (work: Effect.Effect<void>) =>
    Effect.forkIn(Effect.interruptible(work), scope).pipe(Effect.zipRight(Effect.yieldNow()))

  const decide = <A>(decision: Decision<A>): Effect.Effect<A, WorldFault> =>
    Effect.clockWith((clock) =>
      Either.match(decision(clock.unsafeCurrentTimeMillis()), {
        onLeft: Effect.fail,
        onRight: ({ answer, work }) => (work === undefined ? Effect.succeed(answer) : Effect.as(start(work), answer))
      })
    ).pipe(Effect.uninterruptible)

  const longRequest = <A>(call: CallName, ask: Effect.Effect<A, WorldFault>): Effect.Effect<A, WorldFault> =>
    Effect.suspend(() => {
      counts.set(call, (counts.get(call) ?? 0) + 1)
      const met = plan.drawCall(call)
      if (met === undefined) return ask
      return met.afterwards === true ? Effect.zipRight(ask, Effect.fail(met.fault)) : Effect.fail(met.fault)
    })

  const takesTime = (latency: keyof Latencies) => Duration.toMillis(settings.latencies[latency]) > 0

  const pause = (latency: keyof Latencies) =>
    takesTime(latency) ? Effect.sleep(settings.latencies[latency]) : Effect.void

  const halfOf = (work: WorkName) =>
    takesTime(work) ? Effect.sleep(Duration.times(settings.latencies[work], 0.5)) : Effect.void

  const carryOut = (work: Work): Effect.Effect<void> =>
    Effect.gen(function* () {
      let ending = work.ending
      const step = (disk: DiskStep | undefined) =>
        ending !== "succeeds" || disk === undefined
          ? Effect.void
          : disk.pipe(
              Effect.catchAllCause((cause) => {
                ending = "fails"
                return Effect.logWarning(`the disks of the World failed to ${work.name}`, cause)
              })
            )
      yield* step(work.begin)
      yield* halfOf(work.name)
      yield* plan.thawed(work.name)
      yield* step(work.middle)
      const middle = yield* Clock.currentTimeMillis
      if (ending === "succeeds") work.halfway?.(middle)
      yield* halfOf(work.name)
      yield* plan.thawed(work.name)
      yield* step(work.end)
      work.finish(ending, yield* Clock.currentTimeMillis)
    })

  return {
    settings,
    state,
    disks,
    plan,
    calls: {
      counts: Effect.sync(() => Object.fromEntries(counts)),
      total: Effect.sync(() => [...counts.values()].reduce((sum, count) => sum + count, 0)),
      reset: Effect.sync(() => counts.clear())
    },
    decide,
    longRequest,
    request: (call, decision) => longRequest(call, decide(decision)),
    carryOut,
    pause,
    takesTime,
    onCompute: (serverId, work) =>
      Effect.suspend(() => {
        const { lock, up } = compute(serverId)
        return lock.withPermits(1)(Effect.zipRight(up.await, work))
      }),
    computeIdle: (serverId) => Effect.suspend(() => compute(serverId).lock.withPermits(1)(Effect.void)),
    setComputeUp: (serverId, up) =>
      Effect.suspend(() => (up ? compute(serverId).up.open : compute(serverId).up.close)).pipe(Effect.asVoid)
  }
}
