import { Effect, Layer } from "effect"
import { IdentityUnknown } from "../../domain/errors.ts"
import { ServerId } from "../../domain/Server.ts"
import { InstanceMetadata } from "../../ports/InstanceMetadata.ts"
import { World } from "./World.ts"

/** This machine plays the server of that id or name; asking counts as no call, for metadata is not the cloud's API. */
export const layerMetadataMemory = (server: string): Layer.Layer<InstanceMetadata, never, World> =>
  Layer.effect(
    InstanceMetadata,
    Effect.map(World, ({ control }) => ({
      identity: Effect.flatMap(control.lookUpServer(server), (found) =>
        found === undefined
          ? new IdentityUnknown({ tried: [`in-memory metadata: the World has no server ${server}`] })
          : Effect.succeed({ serverId: ServerId(found.id), zone: found.zone, source: "in-memory metadata" })
      ),
      disks: Effect.succeed([])
    }))
  )
