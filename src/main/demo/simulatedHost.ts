import { Effect } from "effect"
import { makeHostMemory } from "../../adapters/memory/HostMemory.ts"
import type { DemoHost } from "./DemoHost.ts"

/** A Linux host in memory; `obstacle` is why it is not this machine. */
export const makeSimulatedHost = (root: string, serverId: string, obstacle: string): Effect.Effect<DemoHost> =>
  Effect.gen(function* () {
    const memory = yield* makeHostMemory({ directories: [root] })
    const server = memory.server(serverId)
    return {
      description: `simulated (${obstacle})`,
      layer: server.layer,
      disks: memory.disks,
      root,
      makeDirectory: server.makeDirectories,
      write: (path, text) => server.writeFile(path, new TextEncoder().encode(text)),
      read: (path) => Effect.map(server.readFile(path), (bytes) => new TextDecoder().decode(bytes))
    }
  })
