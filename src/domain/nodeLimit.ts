import { type Context, Effect, Option } from "effect"
import type { HostMounter } from "../ports/HostMounter.ts"
import { Telemetry } from "../ports/Telemetry.ts"
import { attachedIn, decideNodeCapacity } from "./decisions/nodeCapacity.ts"
import { readMounts } from "./hostFacts.ts"
import type { NodeOptions } from "./NodeSettings.ts"

/** The most volumes that this node reports, looked up anew each time; what cannot be looked up leaves it as configured. */
export const makeNodeLimit = (
  host: Context.Tag.Service<HostMounter>,
  { limitFromGuest, maxVolumes }: Pick<NodeOptions, "limitFromGuest" | "maxVolumes">
): Effect.Effect<Effect.Effect<number>> =>
  Effect.map(Telemetry, ({ shows }) => {
    let told = limitFromGuest ? undefined : maxVolumes

    const facts = Effect.all({ places: host.plugPlaces, mounts: readMounts(host) })

    const look = facts.pipe(
      Effect.map((seen) => decideNodeCapacity({ ...seen, configured: maxVolumes })),
      Effect.catchAll(({ message }) => Effect.succeed({ limit: maxVolumes, evidence: `as configured: ${message}` }))
    )

    const learn = Effect.gen(function* () {
      const { evidence, limit } = yield* look
      if (limit !== told)
        yield* Effect.logInfo(`volumes for this node: ${limit === 0 ? "any number" : limit} (${evidence})`)
      told = limit
      return limit
    })

    shows({
      _tag: "NodeRoom",
      read: Effect.map(Effect.option(Effect.map(facts, attachedIn)), (attached) => ({
        limit: told,
        attached: Option.getOrUndefined(attached)
      }))
    })
    return limitFromGuest ? learn : Effect.succeed(maxVolumes)
  })
