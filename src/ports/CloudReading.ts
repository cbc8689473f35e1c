import { Context, Effect, Layer } from "effect"
import { Cinder } from "./Cinder.ts"
import { Nova } from "./Nova.ts"

type ReadingCinder = Pick<
  Context.Tag.Service<Cinder>,
  "findVolumes" | "getVolume" | "listVolumes" | "getSnapshot" | "listSnapshots" | "getBackup" | "listZones" | "explain"
>
type ReadingNova = Pick<Context.Tag.Service<Nova>, "getServer">

/** The half of Cinder that changes nothing: what is written over it cannot ask for a change. */
export class CinderReading extends Context.Tag("cinder-csi/ports/CinderReading")<CinderReading, ReadingCinder>() {
  static readonly layer: Layer.Layer<CinderReading, never, Cinder> = Layer.effect(
    CinderReading,
    Effect.map(Cinder, (cinder) => ({
      findVolumes: cinder.findVolumes,
      getVolume: cinder.getVolume,
      listVolumes: cinder.listVolumes,
      getSnapshot: cinder.getSnapshot,
      listSnapshots: cinder.listSnapshots,
      getBackup: cinder.getBackup,
      listZones: cinder.listZones,
      explain: cinder.explain
    }))
  )
}

/** The half of Nova that changes nothing. */
export class NovaReading extends Context.Tag("cinder-csi/ports/NovaReading")<NovaReading, ReadingNova>() {
  static readonly layer: Layer.Layer<NovaReading, never, Nova> = Layer.effect(
    NovaReading,
    Effect.map(Nova, ({ getServer }) => ({ getServer }))
  )
}
