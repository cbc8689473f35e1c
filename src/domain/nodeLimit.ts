import { type Context, Effect } from "effect"
import type { HostMounter } from "../ports/HostMounter.ts"
import { decideNodeCapacity } from "./decisions/nodeCapacity.ts"
import { readMounts } from "./hostFacts.ts"
import type { NodeOptions } from "./NodeSettings.ts"

/** The most volumes that this node reports, looked up anew each time; what cannot be looked up leaves it as configured. */
export const makeNodeLimit = (
  host: Context.Tag.Service<HostMounter>,
  { limitFromGuest, maxVolumes }: Pick<NodeOptions, "limitFromGuest" | "maxVolumes">
): Effect.Effect<number> => {
  let told: number | undefined

  const look = Effect.gen(function* () {
    const places = yield* host.plugPlaces
    const mounts = yield* readMounts(host)
    return decideNodeCapacity({ places, mounts, configured: maxVolumes })
  }).pipe(
    Effect.catchAll(({ message }) => Effect.succeed({ limit: maxVolumes, evidence: `as configured: ${message}` }))
  )

  const learn = Effect.gen(function* () {
    const { evidence, limit } = yield* look
    if (limit !== told)
      yield* Effect.logInfo(`volumes for this node: ${limit === 0 ? "any number" : limit} (${evidence})`)
    told = limit
    return limit
  })

  return limitFromGuest ? learn : Effect.succeed(maxVolumes)
}
