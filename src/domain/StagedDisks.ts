import { Context, Effect, Layer } from "effect"
import { type BlockDevice, HostMounter } from "../ports/HostMounter.ts"
import { Telemetry } from "../ports/Telemetry.ts"
import type { VolumeId } from "./Volume.ts"

/**
 * The disks of the volumes that are staged on this node, for whoever watches them. After a restart of the driver they
 * come back as kubelet asks for the figures of each volume.
 */
export class StagedDisks extends Context.Tag("cinder-csi/domain/StagedDisks")<
  StagedDisks,
  {
    readonly note: (volume: VolumeId, device: BlockDevice) => Effect.Effect<void>
    readonly forget: (volume: VolumeId) => Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<StagedDisks, never, HostMounter> = Layer.effect(
    StagedDisks,
    Effect.gen(function* () {
      const host = yield* HostMounter
      const { shows } = yield* Telemetry
      const disks = new Map<VolumeId, BlockDevice>()

      /** A disk that has gone without an unstage is no disk of the volume any more. */
      const trafficOf = (volumeId: VolumeId, device: BlockDevice) =>
        host.trafficOf(device).pipe(
          Effect.map((traffic) => (traffic === undefined ? [] : [{ volumeId, traffic }])),
          Effect.catchAll(() => Effect.succeed([]))
        )

      shows({
        _tag: "StagedDisks",
        read: Effect.suspend(() =>
          Effect.map(
            Effect.forEach(disks, ([volume, device]) => trafficOf(volume, device)),
            (found) => found.flat()
          )
        )
      })
      return {
        note: (volume, device) => Effect.sync(() => disks.set(volume, device)),
        forget: (volume) => Effect.sync(() => disks.delete(volume))
      }
    })
  )
}
