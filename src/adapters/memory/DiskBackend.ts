import { Context, Data, Effect, Layer } from "effect"

/** The storage behind the World could not do what it was asked; the World then fails the operation as OpenStack would. */
export class DiskBackendFault extends Data.TaggedError("DiskBackendFault")<{
  readonly operation: string
  readonly problem: string
}> {
  override get message() {
    return `${this.operation}: ${this.problem}`
  }
}

/** Where the first content of a volume comes from. */
export interface DiskSource {
  readonly kind: "snapshot" | "volume" | "backup"
  readonly id: string
}

/**
 * Moves the bytes of the World's volumes. The World keeps the records and decides what is legal; each method here is called
 * once for each accepted operation. Copies are taken when a request is accepted, removals happen when it completes.
 */
export interface DiskBackendService {
  readonly create: (
    volumeId: string,
    sizeGiB: number,
    source: DiskSource | undefined
  ) => Effect.Effect<void, DiskBackendFault>
  readonly remove: (volumeId: string) => Effect.Effect<void, DiskBackendFault>
  /** Grows the volume; a disk plugged into a server grows there too. */
  readonly resize: (volumeId: string, sizeGiB: number) => Effect.Effect<void, DiskBackendFault>
  readonly createSnapshot: (snapshotId: string, volumeId: string) => Effect.Effect<void, DiskBackendFault>
  readonly removeSnapshot: (snapshotId: string) => Effect.Effect<void, DiskBackendFault>
  readonly createBackup: (backupId: string, source: DiskSource) => Effect.Effect<void, DiskBackendFault>
  readonly removeBackup: (backupId: string) => Effect.Effect<void, DiskBackendFault>
  readonly plug: (serverId: string, volumeId: string) => Effect.Effect<void, DiskBackendFault>
  readonly unplug: (serverId: string, volumeId: string) => Effect.Effect<void, DiskBackendFault>
}

/** The bytes behind the volumes of a World. */
export class DiskBackend extends Context.Tag("cinder-csi/memory/DiskBackend")<DiskBackend, DiskBackendService>() {}

/** Records without bytes: every operation succeeds and moves nothing. */
export const noDisks: DiskBackendService = {
  create: () => Effect.void,
  remove: () => Effect.void,
  resize: () => Effect.void,
  createSnapshot: () => Effect.void,
  removeSnapshot: () => Effect.void,
  createBackup: () => Effect.void,
  removeBackup: () => Effect.void,
  plug: () => Effect.void,
  unplug: () => Effect.void
}

/** A World of records alone. */
export const layerNoDisks: Layer.Layer<DiskBackend> = Layer.succeed(DiskBackend, noDisks)
