import { Clock, Effect, Layer, type Scope } from "effect"
import { attachOperations } from "./attachOperations.ts"
import { backupOperations } from "./backupOperations.ts"
import { DiskBackend } from "./DiskBackend.ts"
import { projectOperations } from "./projectOperations.ts"
import { bootServers, controlOperations, serverOperations } from "./serverOperations.ts"
import { snapshotOperations } from "./snapshotOperations.ts"
import { volumeOperations } from "./volumeOperations.ts"
import { World, type WorldService } from "./World.ts"
import { makeEngine } from "./worldEngine.ts"
import { type WorldOptions, worldSettings } from "./worldSettings.ts"

/** A World whose work in progress ends with the scope. */
export const makeWorld = (options: WorldOptions = {}): Effect.Effect<WorldService, never, DiskBackend | Scope.Scope> =>
  Effect.gen(function* () {
    const disks = yield* DiskBackend
    const scope = yield* Effect.scope
    const settings = worldSettings(options)
    const engine = makeEngine(settings, disks, scope)
    bootServers(engine, yield* Clock.currentTimeMillis)
    return {
      settings,
      cinder: {
        ...volumeOperations(engine),
        ...snapshotOperations(engine),
        ...backupOperations(engine),
        ...projectOperations(engine)
      },
      nova: { ...serverOperations(engine), ...attachOperations(engine) },
      faults: engine.plan.faults,
      calls: engine.calls,
      control: controlOperations(engine)
    }
  })

/** See `WorldOptions` for what can be set; without options: one zone, one type, no servers, no latency. */
export const layerWorld = (options: WorldOptions = {}): Layer.Layer<World, never, DiskBackend> =>
  Layer.scoped(World, makeWorld(options))
