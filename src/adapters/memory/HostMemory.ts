import { Effect, Layer } from "effect"
import type { DiskContents } from "../../ports/HostMounter.ts"
import { DiskBackend, type DiskBackendFault, type DiskBackendService } from "./DiskBackend.ts"
import { type DiskFilling, type DiskSocket, makeDiskStore } from "./HostMemoryDisks.ts"
import type { OutsideFiles } from "./HostMemoryOutside.ts"
import { type HostMemoryServer, makeHostServer } from "./HostMemoryServer.ts"

export type { DiskFilling } from "./HostMemoryDisks.ts"
export type { HostFault, HostFaults } from "./HostMemoryFaults.ts"
export { type OutsideEntry, type OutsideFiles, realFiles } from "./HostMemoryOutside.ts"
export type { HostMemoryServer } from "./HostMemoryServer.ts"
export type { HostEvent, HostOperation } from "./HostMemoryTypes.ts"

/** How the servers begin. */
export interface HostMemoryOptions {
  /** Directories that each server has from the start, with all that lead to them. */
  readonly directories?: ReadonlyArray<string>
  /** Where other programs look for directories and targets; default nowhere. Meant for one server. */
  readonly outside?: OutsideFiles
}

/** Disks and the Linux servers they are plugged into, all in memory. */
export interface HostMemory {
  /** For a World: a volume attached there shows up as a disk of that server. */
  readonly disks: DiskBackendService
  readonly layerDisks: Layer.Layer<DiskBackend>
  /** A server comes into being when it is first asked for, or when a disk is plugged into it. */
  readonly server: (serverId: string) => HostMemoryServer
  /** Replaces what a disk holds, behind the back of every server. */
  readonly fill: (volumeId: string, filling: DiskFilling) => Effect.Effect<void, DiskBackendFault>
  readonly contents: (volumeId: string) => Effect.Effect<DiskContents, DiskBackendFault>
}

/** Memory that ends with the program; nothing needs to be closed. */
export const makeHostMemory = (options: HostMemoryOptions = {}): Effect.Effect<HostMemory> =>
  Effect.sync(() => {
    const servers = new Map<string, { readonly server: HostMemoryServer; readonly socket: DiskSocket }>()
    const of = (serverId: string) => {
      const known = servers.get(serverId)
      if (known !== undefined) return known
      const made = makeHostServer(options.directories ?? [], options.outside)
      servers.set(serverId, made)
      return made
    }
    const store = makeDiskStore(
      (serverId) => of(serverId).socket,
      () => [...servers.values()].map(({ socket }) => socket)
    )
    return {
      disks: store.backend,
      layerDisks: Layer.succeed(DiskBackend, store.backend),
      server: (serverId) => of(serverId).server,
      fill: store.fill,
      contents: store.contents
    }
  })
