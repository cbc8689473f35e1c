import { Context, Effect, Layer } from "effect"
import { Telemetry } from "../ports/Telemetry.ts"
import { OperationPending } from "./errors.ts"
import { type LeftBehind, OnLeftBehind } from "./LeftBehind.ts"

/** Runs an effect while no other holder of one of its keys runs; the second caller fails at once. */
export type Exclusively = <A, E, R>(
  keys: ReadonlyArray<string>,
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | OperationPending, R>

/** Who has a key: a call, and then the programs that it could not end. */
interface Holder {
  readonly leftBehind: Set<LeftBehind>
  readonly ends: () => void
}

/**
 * Locks that live in this process alone: they spare the cloud double work. Correctness rests on the state
 * that the cloud and the host report, since two replicas may run at once. A program that a call leaves behind, because
 * not even SIGKILL ends it, keeps the call's keys until it ends.
 */
export const makeOperationLocks: Effect.Effect<Exclusively> = Effect.map(Telemetry, (telemetry) => {
  const held = new Map<string, Holder>()

  const take = (keys: ReadonlyArray<string>) =>
    Effect.suspend(() => {
      const busy = keys.find((key) => held.has(key))
      if (busy !== undefined) {
        const [program] = held.get(busy)?.leftBehind ?? []
        return new OperationPending({ subject: busy, ...(program === undefined ? {} : { holder: program.what }) })
      }
      const holder: Holder = { leftBehind: new Set(), ends: telemetry.begins({ _tag: "Lock" }) }
      for (const key of keys) held.set(key, holder)
      return Effect.succeed(holder)
    })

  const giveUp = (keys: ReadonlyArray<string>, { ends, leftBehind }: Holder) => {
    const free = Effect.sync(() => {
      ends()
      for (const key of keys) held.delete(key)
    })
    if (leftBehind.size === 0) return free
    const departures = [...leftBehind].map((program) =>
      Effect.zipRight(
        program.ended,
        Effect.sync(() => leftBehind.delete(program))
      )
    )
    return Effect.forkDaemon(Effect.zipRight(Effect.all(departures, { concurrency: "unbounded" }), free))
  }

  return (keys, effect) =>
    Effect.acquireUseRelease(
      take(keys),
      ({ leftBehind }) => Effect.provideService(effect, OnLeftBehind, (program) => void leftBehind.add(program)),
      (holder) => giveUp(keys, holder)
    )
})

/** The locks that all controller services share, as the deletion of a volume must not meet its attachment. */
export class OperationLocks extends Context.Tag("cinder-csi/domain/OperationLocks")<OperationLocks, Exclusively>() {
  static readonly layer = Layer.effect(OperationLocks, makeOperationLocks)
}
