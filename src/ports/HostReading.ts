import { Context, Effect, Layer } from "effect"
import { HostMounter } from "./HostMounter.ts"

type Reading = Pick<
  Context.Tag.Service<HostMounter>,
  "findDevice" | "describeDevices" | "contentsOf" | "mounts" | "locate" | "pulseOf"
>

/** The half of a host that changes nothing. */
export class HostReading extends Context.Tag("cinder-csi/ports/HostReading")<HostReading, Reading>() {
  static readonly layer: Layer.Layer<HostReading, never, HostMounter> = Layer.effect(
    HostReading,
    Effect.map(HostMounter, (host) => ({
      findDevice: host.findDevice,
      describeDevices: host.describeDevices,
      contentsOf: host.contentsOf,
      mounts: host.mounts,
      locate: host.locate,
      pulseOf: host.pulseOf
    }))
  )
}
