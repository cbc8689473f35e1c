import { Clock, Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"

/** Zones come and go with an operator's work on the cloud. */
const rememberedMillis = 5 * 60_000

export interface KnownZones {
  /** What Cinder said last, without a request; undefined if it was not asked lately. */
  readonly remembered: Effect.Effect<ReadonlyArray<string> | undefined>
  /** Empty where Cinder does not tell: the list only helps. */
  readonly ask: Effect.Effect<ReadonlyArray<string>>
}

/** Cinder's zones, asked for when somebody needs them and remembered for a while. */
export const makeKnownZones: Effect.Effect<KnownZones, never, Cinder> = Effect.map(Cinder, (cinder) => {
  let known: { readonly zones: ReadonlyArray<string>; readonly until: number } | undefined
  return {
    remembered: Effect.map(Clock.currentTimeMillis, (now) =>
      known !== undefined && now < known.until ? known.zones : undefined
    ),
    ask: Effect.gen(function* () {
      const zones = yield* cinder.listZones
      known = { zones, until: (yield* Clock.currentTimeMillis) + rememberedMillis }
      return zones
    }).pipe(Effect.catchAll((failure) => Effect.as(Effect.logWarning(failure.message), [])))
  }
})
