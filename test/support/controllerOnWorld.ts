import { type Duration, Effect, Fiber, Layer, TestClock } from "effect"
import {
  type DiskBackend,
  layerCloudMemoryOnDisks,
  layerNoDisks,
  World,
  type WorldOptions
} from "../../src/adapters/memory/index.ts"
import { layerPolling } from "../../src/adapters/waiting/PollingCloudWatch.ts"
import type { AccessMode, VolumeCapability } from "../../src/domain/Capability.ts"
import { type ControllerOptions, ControllerSettings } from "../../src/domain/ControllerSettings.ts"
import type { ServerId } from "../../src/domain/Server.ts"
import { SnapshotProvisioning } from "../../src/domain/SnapshotProvisioning.ts"
import type { VolumeId } from "../../src/domain/Volume.ts"
import { VolumeAttachment } from "../../src/domain/VolumeAttachment.ts"
import { type ProvisionRequest, VolumeProvisioning } from "../../src/domain/VolumeProvisioning.ts"
import { Cinder, type NewVolume } from "../../src/ports/Cinder.ts"
import { Nova } from "../../src/ports/Nova.ts"

export const GiB = 1_073_741_824n

export const controllerOptions: ControllerOptions = { cluster: "k8s", withTopology: true, ignoreVolumeZone: false }

/** Cinder and Nova that take their time before they carry out a creation or an attachment. */
const slowRequests = (delay: Duration.DurationInput) =>
  Layer.merge(
    Layer.effect(
      Cinder,
      Effect.map(Cinder, (cinder) => ({
        ...cinder,
        createVolume: (spec: NewVolume) => Effect.delay(cinder.createVolume(spec), delay)
      }))
    ),
    Layer.effect(
      Nova,
      Effect.map(Nova, (nova) => ({
        ...nova,
        attach: (server: ServerId, volume: VolumeId, multiattach: boolean) =>
          Effect.delay(nova.attach(server, volume, multiattach), delay)
      }))
    )
  )

/** The three controller services over one World, which comes out too; `claims` may hold the port of that name. */
export const controllerOnWorld = (
  options: WorldOptions = {},
  settings: Partial<ControllerOptions> = {},
  requestsTake: Duration.DurationInput = 0,
  claims: Layer.Layer<never> = Layer.empty,
  disks: Layer.Layer<DiskBackend> = layerNoDisks
) =>
  Layer.mergeAll(VolumeProvisioning.layer, VolumeAttachment.layer, SnapshotProvisioning.layer).pipe(
    Layer.provide(claims),
    Layer.provideMerge(layerPolling()),
    Layer.provide(slowRequests(requestsTake)),
    Layer.provideMerge(Layer.provide(layerCloudMemoryOnDisks(options), disks)),
    Layer.provide(Layer.succeed(ControllerSettings, { ...controllerOptions, ...settings }))
  )

export const blockOn = (mode: AccessMode = "SINGLE_NODE_WRITER"): VolumeCapability => ({
  access: { _tag: "block" },
  mode
})

export const mountOn = (mode: AccessMode = "SINGLE_NODE_WRITER", fsType = "ext4"): VolumeCapability => ({
  access: { _tag: "mount", fsType, flags: [] },
  mode
})

/** One GiB for one node, if nothing else is said. */
export const provisionRequest = (request: Partial<ProvisionRequest> = {}): ProvisionRequest => ({
  name: "pvc-1",
  capacity: { requiredBytes: GiB, limitBytes: undefined },
  capabilities: [mountOn()],
  parameters: {},
  source: undefined,
  topology: undefined,
  ...request
})

/** Lets two minutes pass while the effect runs, or as long as said. */
export const inTime = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  passing: `${number} ${"seconds" | "minutes"}` = "2 minutes"
) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(passing)
    return yield* Fiber.join(fiber)
  })

/** The requests that the effect makes, by name. */
export const requestsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { calls } = yield* World
    yield* calls.reset
    yield* effect
    return yield* calls.counts
  })
