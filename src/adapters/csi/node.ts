import { Effect } from "effect"
import { NodePublishing } from "../../domain/NodePublishing.ts"
import { NodeStaging } from "../../domain/NodeStaging.ts"
import { NodeVolumes } from "../../domain/NodeVolumes.ts"
import * as from from "./fromWireNode.ts"
import { NodeServiceCapability_RPC_Type as Can, type NodeServer, NodeService } from "./gen/csi.ts"
import type { Service } from "./server.ts"
import * as to from "./toWire.ts"

const always = [Can.STAGE_UNSTAGE_VOLUME, Can.GET_VOLUME_STATS, Can.EXPAND_VOLUME]

export interface NodeServiceOptions {
  /** Announce that the modes of one node with one and with several writers are told apart. */
  readonly singleNodeMultiWriter: boolean
}

/** The half of CSI that works on the disks of the machine it runs on. */
export const nodeService = Effect.fnUntraced(function* ({ singleNodeMultiWriter }: NodeServiceOptions) {
  const staging = yield* NodeStaging
  const publishing = yield* NodePublishing
  const volumes = yield* NodeVolumes
  const capabilities = [...always, ...(singleNodeMultiWriter ? [Can.SINGLE_NODE_MULTI_WRITER] : [])].map((type) => ({
    type: { $case: "rpc" as const, value: { type } }
  }))

  const service: Service = ({ reads, changes }) => {
    const handlers: NodeServer = {
      nodeGetCapabilities: reads("NodeGetCapabilities", () => Effect.succeed({ capabilities })),
      nodeGetInfo: reads("NodeGetInfo", () => Effect.map(volumes.info, to.nodeInfoResponse)),
      nodeStageVolume: changes("NodeStageVolume", (request) =>
        from.stageRequest(request).pipe(Effect.flatMap(staging.stage), Effect.as({}))
      ),
      nodeUnstageVolume: changes("NodeUnstageVolume", (request) =>
        from.unstagePlace(request).pipe(
          Effect.flatMap(({ volumeId, path }) => staging.unstage(volumeId, path)),
          Effect.as({})
        )
      ),
      nodePublishVolume: changes("NodePublishVolume", (request) =>
        from.nodePublishRequest(request).pipe(Effect.flatMap(publishing.publish), Effect.as({}))
      ),
      nodeUnpublishVolume: changes("NodeUnpublishVolume", (request) =>
        from.unpublishPlace(request).pipe(
          Effect.flatMap(({ volumeId, path }) => publishing.unpublish(volumeId, path)),
          Effect.as({})
        )
      ),
      nodeGetVolumeStats: reads("NodeGetVolumeStats", (request) =>
        from.usagePlace(request).pipe(
          Effect.flatMap(({ volumeId, path }) => volumes.usage(volumeId, path)),
          Effect.map(to.statsResponse)
        )
      ),
      nodeExpandVolume: changes("NodeExpandVolume", (request) =>
        from.nodeExpandRequest(request).pipe(
          Effect.flatMap(volumes.expand),
          Effect.map((capacityBytes) => ({ capacityBytes }))
        )
      )
    }
    return { definition: NodeService, handlers }
  }
  return service
})
