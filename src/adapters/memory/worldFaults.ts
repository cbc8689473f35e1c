import { Effect } from "effect"
import type { CallFault, CallName, WorkFault, WorkOutcome, WorldFaults } from "./World.ts"
import type { WorkName } from "./worldSettings.ts"

export type Ending = "succeeds" | WorkOutcome

/** What the faults mean to requests and to work in progress. */
export interface FaultPlan {
  readonly faults: WorldFaults
  /** The fault that this request meets, which is used up by asking. */
  readonly drawCall: (call: CallName) => CallFault | undefined
  /** How work accepted now will end; `subject` holds the ids and names it concerns. */
  readonly drawWork: (work: WorkName, subject: ReadonlyArray<string | undefined>) => Ending
  /** Waits while this kind of work is frozen. */
  readonly thawed: (work: WorkName) => Effect.Effect<void>
}

interface Planned<A> {
  readonly fault: A
  left: number
}

/** The oldest plan that fits, used up by one. */
const draw = <A>(plans: Array<Planned<A>>, fits: (fault: A) => boolean): A | undefined => {
  const position = plans.findIndex(({ fault }) => fits(fault))
  const plan = plans[position]
  if (plan === undefined) return undefined
  plan.left -= 1
  if (plan.left <= 0) plans.splice(position, 1)
  return plan.fault
}

export const makeFaultPlan = (): FaultPlan => {
  const calls: Array<Planned<CallFault>> = []
  const works: Array<Planned<WorkFault>> = []
  const latches = new Map<WorkName, Effect.Latch>()

  const latch = (work: WorkName): Effect.Latch => {
    const known = latches.get(work)
    if (known !== undefined) return known
    const open = Effect.unsafeMakeLatch(true)
    latches.set(work, open)
    return open
  }

  return {
    faults: {
      failWork: (fault) => Effect.sync(() => void works.push({ fault, left: fault.times ?? 1 })),
      failCall: (fault) => Effect.sync(() => void calls.push({ fault, left: fault.times ?? 1 })),
      freeze: (work) => Effect.suspend(() => latch(work).close).pipe(Effect.asVoid),
      release: (work) => Effect.suspend(() => latch(work).open).pipe(Effect.asVoid),
      clear: Effect.suspend(() => {
        calls.length = 0
        works.length = 0
        return Effect.forEach(latches.values(), ({ open }) => open, { discard: true })
      })
    },
    drawCall: (call) => draw(calls, (fault) => fault.call === call),
    drawWork: (work, subject) =>
      draw(
        works,
        (fault) => fault.work === work && subject.some((text) => text?.includes(fault.matching ?? "") ?? false)
      )?.outcome ?? "succeeds",
    thawed: (work) => Effect.suspend(() => latch(work).await)
  }
}
