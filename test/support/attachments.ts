import { Effect } from "effect"
import { World, type WorldOptions } from "../../src/adapters/memory/index.ts"
import type { AccessMode } from "../../src/domain/Capability.ts"
import type { ControllerOptions } from "../../src/domain/ControllerSettings.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { VolumeAttachment } from "../../src/domain/VolumeAttachment.ts"
import { blockOn, controllerOnWorld } from "./controllerOnWorld.ts"

export const node1 = ServerId("11111111-1111-4111-8111-111111111111")
export const node2 = ServerId("22222222-2222-4222-8222-222222222222")

/** The controller's services over a World with two servers. */
export const twoNodes = (
  options: WorldOptions = {},
  requestsTake: `${number} seconds` = "0 seconds",
  settings: Partial<ControllerOptions> = {}
) =>
  controllerOnWorld(
    {
      servers: [
        { id: node1, name: "node-1" },
        { id: node2, name: "node-2" }
      ],
      volumeTypes: [{ name: "fast" }, { name: "shared", multiattach: true }, { name: "secret", encrypted: true }],
      ...options
    },
    settings,
    requestsTake
  )

export const newVolume = (type = "fast") =>
  Effect.gen(function* () {
    const { cinder } = yield* World
    const { id } = yield* cinder.createVolume({ name: "v", sizeGiB: 2, type })
    return VolumeId(id)
  })

export const publishTo = (volumeId: VolumeId, serverId: ServerId, mode: AccessMode = "SINGLE_NODE_WRITER") =>
  Effect.flatMap(VolumeAttachment, ({ publish }) =>
    publish({ volumeId, serverId, capability: blockOn(mode), readOnly: false })
  )

export const unpublishFrom = (volumeId: VolumeId, serverId: ServerId | undefined) =>
  Effect.flatMap(VolumeAttachment, ({ unpublish }) => unpublish(volumeId, serverId))

/** Where a volume is by Cinder and by Nova. */
export const placesOf = (volumeId: VolumeId) =>
  Effect.gen(function* () {
    const { cinder, nova } = yield* World
    const { attachments, status } = yield* cinder.showVolume(volumeId)
    const listed = yield* Effect.filter([node1, node2], (server) =>
      nova.listServerVolumes(server).pipe(
        Effect.map((rows) => rows.some((row) => row.volumeId === volumeId)),
        Effect.orElseSucceed(() => false)
      )
    )
    return { status, inCinder: attachments.map(({ serverId }) => serverId), inNova: listed.map(String) }
  })

export const detached: Effect.Effect.Success<ReturnType<typeof placesOf>> = {
  status: "available",
  inCinder: [],
  inNova: []
}
