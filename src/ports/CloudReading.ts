import { Context, Effect, Layer, Struct } from "effect"
import { Cinder } from "./Cinder.ts"
import { Nova } from "./Nova.ts"

const ofCinder = [
  "findVolumes",
  "getVolume",
  "listVolumes",
  "getSnapshot",
  "listSnapshots",
  "getBackup",
  "listZones",
  "explain"
] as const

/** The half of Cinder that changes nothing: what is written over it cannot ask for a change. */
export class CinderReading extends Context.Tag("cinder-csi/ports/CinderReading")<
  CinderReading,
  Pick<Cinder["Type"], (typeof ofCinder)[number]>
>() {
  static readonly layer: Layer.Layer<CinderReading, never, Cinder> = Layer.effect(
    CinderReading,
    Effect.map(Cinder, Struct.pick(...ofCinder))
  )
}

/** The half of Nova that changes nothing. */
export class NovaReading extends Context.Tag("cinder-csi/ports/NovaReading")<
  NovaReading,
  Pick<Nova["Type"], "getServer">
>() {
  static readonly layer: Layer.Layer<NovaReading, never, Nova> = Layer.effect(
    NovaReading,
    Effect.map(Nova, Struct.pick("getServer"))
  )
}
