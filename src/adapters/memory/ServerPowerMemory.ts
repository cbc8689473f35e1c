import { Effect, Layer } from "effect"
import { ServerNotFound } from "../../domain/errors.ts"
import type { ServerId } from "../../domain/Server.ts"
import type { Power, ServerEvidence } from "../../domain/ServerEvidence.ts"
import { ServerPower } from "../../ports/ServerPower.ts"
import { World } from "./World.ts"
import type { WorldFault } from "./worldErrors.ts"
import { isPassing, toCloudFailure } from "./worldFailures.ts"
import type { ServerRecord } from "./worldTypes.ts"

const powers: Readonly<Record<number, Power>> = { 0: "none", 1: "running", 3: "paused", 4: "off", 7: "suspended" }

const toEvidence = (record: ServerRecord): ServerEvidence => ({
  status: record.status,
  task: record.taskState,
  power: powers[record.powerState] ?? "untold",
  locked: record.locked,
  hostId: record.host,
  hostStatus: undefined,
  updatedAt: record.updatedAt
})

/** The servers of a World, seen as a member of the project sees them: not how their compute hosts do. */
export const layerServerPowerMemory: Layer.Layer<ServerPower, never, World> = Layer.effect(
  ServerPower,
  Effect.map(World, ({ nova }) => {
    const errorFor = (id: ServerId, operation: string) => (fault: WorldFault) =>
      fault.status === 404 ? new ServerNotFound({ id }) : toCloudFailure("Nova", operation)(fault)
    return {
      look: Effect.fn("ServerPowerMemory.look")((id: ServerId) =>
        nova
          .showServer(id)
          .pipe(
            Effect.retry({ times: 3, while: isPassing }),
            Effect.mapBoth({ onSuccess: toEvidence, onFailure: errorFor(id, "show server") })
          )
      ),
      stop: Effect.fn("ServerPowerMemory.stop")((id: ServerId) =>
        Effect.mapError(nova.stopServer(id), errorFor(id, "stop server"))
      )
    }
  })
)
