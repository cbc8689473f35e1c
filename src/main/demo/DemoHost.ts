import type { Effect, Layer } from "effect"
import type { DiskBackendService } from "../../adapters/memory/DiskBackend.ts"
import type { HostMounter } from "../../ports/HostMounter.ts"

/** The machine that plays the node, and the pod on it that uses the volume. */
export interface DemoHost {
  /** For people: what is real here. */
  readonly description: string
  readonly layer: Layer.Layer<HostMounter>
  readonly disks: DiskBackendService
  /** Directory that holds what kubelet would make for a pod. */
  readonly root: string
  /** Makes a directory for staging or for a pod, as kubelet does. */
  readonly makeDirectory: (path: string) => Effect.Effect<void, Error>
  /** Writes through the mounts and makes sure that the bytes are on the disk. */
  readonly write: (path: string, text: string) => Effect.Effect<void, Error>
  readonly read: (path: string) => Effect.Effect<string, Error>
}
