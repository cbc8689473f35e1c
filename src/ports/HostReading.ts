import { Context, Effect, Layer, Struct } from "effect"
import { HostMounter } from "./HostMounter.ts"

const reading = ["findDevice", "describeDevices", "contentsOf", "mounts", "locate", "pulseOf"] as const

/** The half of a host that changes nothing. */
export class HostReading extends Context.Tag("cinder-csi/ports/HostReading")<
  HostReading,
  Pick<HostMounter["Type"], (typeof reading)[number]>
>() {
  static readonly layer: Layer.Layer<HostReading, never, HostMounter> = Layer.effect(
    HostReading,
    Effect.map(HostMounter, Struct.pick(...reading))
  )
}
