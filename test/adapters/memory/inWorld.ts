import { Effect } from "effect"
import { layerNoDisks } from "../../../src/adapters/memory/DiskBackend.ts"
import { World, type WorldService } from "../../../src/adapters/memory/World.ts"
import type { WorldFault } from "../../../src/adapters/memory/worldErrors.ts"
import { layerWorld } from "../../../src/adapters/memory/worldLayer.ts"
import type { WorldOptions } from "../../../src/adapters/memory/worldSettings.ts"

/** Runs a test against a fresh World without disks. */
export const inWorld = <A, E>(
  options: WorldOptions,
  test: (world: WorldService) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.flatMap(World, test).pipe(Effect.provide(layerWorld(options)), Effect.provide(layerNoDisks))

/** Two running servers in zone nova. */
export const twoServers = [
  { id: "11111111-1111-4111-8111-111111111111", name: "node-1" },
  { id: "22222222-2222-4222-8222-222222222222", name: "node-2" }
] as const

/** What became of a request: "accepted" or the HTTP status of its refusal. */
export const verdict = <A>(request: Effect.Effect<A, WorldFault>): Effect.Effect<"accepted" | number> =>
  Effect.match(request, { onFailure: ({ status }) => status, onSuccess: () => "accepted" as const })
