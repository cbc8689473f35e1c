import { Context, Effect, Layer } from "effect"
import { OperationPending } from "./errors.ts"

/** Runs an effect while no other holder of one of its keys runs; the second caller fails at once. */
export type Exclusively = <A, E, R>(
  keys: ReadonlyArray<string>,
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | OperationPending, R>

/**
 * Locks that live in this process alone: they spare the cloud double work. Correctness rests on the state
 * that the cloud and the host report, since two replicas may run at once.
 */
export const makeOperationLocks: Effect.Effect<Exclusively> = Effect.sync(() => {
  const held = new Set<string>()
  return (keys, effect) =>
    Effect.acquireUseRelease(
      Effect.suspend(() => {
        const busy = keys.find((key) => held.has(key))
        if (busy !== undefined) return Effect.fail(new OperationPending({ subject: busy }))
        for (const key of keys) held.add(key)
        return Effect.void
      }),
      () => effect,
      () =>
        Effect.sync(() => {
          for (const key of keys) held.delete(key)
        })
    )
})

/** The locks that all controller services share, as the deletion of a volume must not meet its attachment. */
export class OperationLocks extends Context.Tag("cinder-csi/domain/OperationLocks")<OperationLocks, Exclusively>() {
  static readonly layer = Layer.effect(OperationLocks, makeOperationLocks)
}
