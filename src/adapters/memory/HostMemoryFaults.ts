import { Effect } from "effect"
import { HostFailure } from "../../domain/errors.ts"
import type { HostOperation } from "./HostMemoryTypes.ts"

/** How an operation of the host fails. */
export interface HostFault {
  /** How often; default once. */
  readonly times?: number
  readonly detail?: string
  /** Default `failed`. */
  readonly outcome?: "failed" | "unknown"
  /** True: the operation is carried out and only its answer is this failure. */
  readonly afterwards?: boolean
}

/** Trouble of one server on demand. */
export interface HostFaults {
  readonly fail: (operation: HostOperation, fault?: HostFault) => Effect.Effect<void>
  /** Runs before the next operation of this kind, which waits for it. */
  readonly before: (operation: HostOperation, effect: Effect.Effect<void>) => Effect.Effect<void>
  /** Disks plugged in from now on are seen this many milliseconds later. */
  readonly delayDisks: (millis: number) => Effect.Effect<void>
  /** Disks plugged in from now on are seen only after a rescan. */
  readonly hideUntilRescan: (hide: boolean) => Effect.Effect<void>
  /** Changed sizes of disks are seen only after a look at the size. */
  readonly holdSizes: (hold: boolean) => Effect.Effect<void>
  /** The kernel or the tool refuses to grow file systems that are mounted, or all. */
  readonly refuseGrowth: (which: "none" | "mounted" | "all") => Effect.Effect<void>
  /** A program has a file open below the path: its mount cannot be undone until `release`. */
  readonly hold: (path: string) => Effect.Effect<void>
  readonly release: (path: string) => Effect.Effect<void>
  /** Forgets all of this. */
  readonly clear: Effect.Effect<void>
}

interface Planned {
  readonly operation: HostOperation
  left: number
  readonly effect: Effect.Effect<void, HostFailure>
  readonly afterwards: boolean
}

/** Faults as the server that suffers them sees them. */
export interface FaultPlan {
  readonly faults: HostFaults
  readonly around: <A>(operation: HostOperation, run: Effect.Effect<A, HostFailure>) => Effect.Effect<A, HostFailure>
  readonly diskDelay: () => number
  readonly hidesDisks: () => boolean
  readonly holdsSizes: () => boolean
  readonly refusesGrowth: (isMounted: boolean) => boolean
  readonly isHeld: (path: string) => boolean
}

export const makeFaultPlan = (): FaultPlan => {
  let planned: Array<Planned> = []
  let delay = 0
  let hides = false
  let holds = false
  let growth: "none" | "mounted" | "all" = "none"
  const held = new Set<string>()

  const take = (operation: HostOperation, afterwards: boolean): Effect.Effect<void, HostFailure> => {
    const next = planned.find((one) => one.operation === operation && one.afterwards === afterwards)
    if (next === undefined) return Effect.void
    next.left -= 1
    if (next.left <= 0) planned = planned.filter((one) => one !== next)
    return next.effect
  }

  return {
    faults: {
      fail: (operation, { afterwards = false, detail = "Input/output error", outcome = "failed", times = 1 } = {}) =>
        Effect.sync(() => {
          const effect = Effect.fail(new HostFailure({ operation, outcome, detail }))
          planned.push({ operation, left: times, effect, afterwards })
        }),
      before: (operation, effect) =>
        Effect.sync(() => {
          planned.push({ operation, left: 1, effect, afterwards: false })
        }),
      delayDisks: (millis) =>
        Effect.sync(() => {
          delay = millis
        }),
      hideUntilRescan: (hide) =>
        Effect.sync(() => {
          hides = hide
        }),
      holdSizes: (hold) =>
        Effect.sync(() => {
          holds = hold
        }),
      refuseGrowth: (which) =>
        Effect.sync(() => {
          growth = which
        }),
      hold: (path) => Effect.sync(() => held.add(path)),
      release: (path) => Effect.sync(() => held.delete(path)),
      clear: Effect.sync(() => {
        planned = []
        delay = 0
        hides = false
        holds = false
        growth = "none"
        held.clear()
      })
    },
    around: (operation, run) =>
      Effect.zipLeft(
        Effect.zipRight(
          Effect.suspend(() => take(operation, false)),
          run
        ),
        Effect.suspend(() => take(operation, true))
      ),
    diskDelay: () => delay,
    hidesDisks: () => hides,
    holdsSizes: () => holds,
    refusesGrowth: (isMounted) => growth === "all" || (growth === "mounted" && isMounted),
    isHeld: (path) => [...held].some((one) => one === path || one.startsWith(`${path}/`))
  }
}
