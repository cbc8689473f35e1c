import { Effect, Layer } from "effect"
import { NodeFull, ServerNotFound, VolumeNotFound } from "../../domain/errors.ts"
import { type Server, ServerId } from "../../domain/Server.ts"
import { VolumeId } from "../../domain/Volume.ts"
import { type DetachAnswer, Nova } from "../../ports/Nova.ts"
import { World } from "./World.ts"
import { isPassing, saysServerIsFull, saysServerIsMissing, toCloudFailure } from "./worldFailures.ts"
import type { ServerRecord } from "./worldTypes.ts"

export const toServer = (record: ServerRecord): Server => ({
  id: ServerId(record.id),
  name: record.name,
  status: record.status,
  task: record.taskState,
  locked: record.locked,
  zone: record.zone,
  volumeIds: record.volumes.map(({ volumeId }) => VolumeId(volumeId)),
  updatedAt: record.updatedAt
})

const accepted: DetachAnswer = { _tag: "Accepted", requestId: undefined }
const notAttached: DetachAnswer = { _tag: "NotAttached" }

/** The Nova of a World in memory. */
export const layerNovaMemory: Layer.Layer<Nova, never, World> = Layer.effect(
  Nova,
  Effect.map(World, ({ nova }) => {
    const failure = (operation: string) => toCloudFailure("Nova", operation)
    return {
      getServer: Effect.fn("NovaMemory.getServer")((id: ServerId) =>
        nova.showServer(id).pipe(
          Effect.retry({ times: 3, while: isPassing }),
          Effect.map(toServer),
          Effect.mapError((fault) =>
            fault.status === 404 ? new ServerNotFound({ id }) : failure("show server")(fault)
          )
        )
      ),
      attach: Effect.fn("NovaMemory.attach")((server: ServerId, volume: VolumeId, multiattach: boolean) =>
        nova.attachVolume(server, volume, { multiattachAllowed: multiattach }).pipe(
          Effect.as(undefined),
          Effect.mapError((fault) => {
            if (saysServerIsFull(fault)) return new NodeFull({ serverId: server, detail: fault.message })
            if (saysServerIsMissing(fault)) return new ServerNotFound({ id: server })
            return fault.status === 404 ? new VolumeNotFound({ id: volume }) : failure("attach volume")(fault)
          })
        )
      ),
      detach: Effect.fn("NovaMemory.detach")((server: ServerId, volume: VolumeId) =>
        nova.detachVolume(server, volume).pipe(
          Effect.retry({ times: 3, while: isPassing }),
          Effect.as(accepted),
          Effect.catchIf(
            ({ status }) => status === 404,
            () => Effect.succeed(notAttached)
          ),
          Effect.mapError(failure("detach volume"))
        )
      )
    }
  })
)
