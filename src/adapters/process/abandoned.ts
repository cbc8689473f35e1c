import { Clock, Effect, Metric } from "effect"
import { HostFailure } from "../../domain/errors.ts"
import { type LeftBehind, OnLeftBehind } from "../../domain/LeftBehind.ts"

/** Children that neither a time limit nor SIGKILL could end: they wait in the kernel for a disk that does not answer. */
export const abandonedChildren = Metric.gauge("cinder_csi_abandoned_commands", {
  description: "Commands that SIGKILL does not end, most likely because a disk does not answer"
})

/** By what they work on. A child may stand here under several keys, and several children under one. */
const abandoned = new Map<string, Set<LeftBehind>>()

/** Counts a child until it ends after all, and keeps further commands off what it works on. */
export const abandon = (
  program: string,
  pid: number | undefined,
  worksOn: ReadonlyArray<string>,
  ended: Effect.Effect<unknown>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const since = new Date(yield* Clock.currentTimeMillis).toISOString()
    const child: LeftBehind = {
      what: `${program} (pid ${pid ?? "unknown"}), which hangs since ${since} and cannot be killed`,
      ended: Effect.asVoid(ended)
    }
    for (const key of worksOn) abandoned.set(key, (abandoned.get(key) ?? new Set()).add(child))
    yield* Metric.increment(abandonedChildren)
    const forget = Effect.sync(() => {
      for (const key of worksOn) {
        const children = abandoned.get(key)
        children?.delete(child)
        if (children?.size === 0) abandoned.delete(key)
      }
    })
    yield* Effect.forkDaemon(
      Effect.zipRight(child.ended, Effect.zipRight(forget, Metric.incrementBy(abandonedChildren, -1)))
    )
    const tell = yield* OnLeftBehind
    tell(child)
  })

/** Fails while a child that could not be killed is at work on one of these: nobody knows what it still does there. */
export const refuseWhileAbandoned = (
  operation: string,
  worksOn: ReadonlyArray<string>
): Effect.Effect<void, HostFailure> =>
  Effect.suspend(() => {
    const [child] = worksOn.flatMap((key) => [...(abandoned.get(key) ?? [])])
    if (child === undefined) return Effect.void
    const detail = `an earlier command is still at work there: ${child.what}; its disk does not answer`
    return new HostFailure({ operation, outcome: "unknown", detail })
  })
