import { Client, credentials, Metadata, type status } from "@grpc/grpc-js"
import { Data, Duration, Effect } from "effect"
import { ControllerService, IdentityService, NodeService } from "./gen/csi.ts"

/** What a caller needs to fill in requests and to read answers. */
export {
  type VolumeCapability,
  VolumeCapability_AccessMode_Mode,
  type VolumeContentSource,
  VolumeUsage_Unit
} from "./gen/csi.ts"

/** A call that the driver refused or did not answer. */
export class RpcFailure extends Data.TaggedError("RpcFailure")<{
  readonly method: string
  readonly code: status
  readonly details: string
}> {
  override get message() {
    return `${this.method}: code ${this.code}, ${this.details}`
  }
}

/** How one call is made. */
export interface CallOptions {
  /** The deadline, counted from the call; none unless given. */
  readonly timeout?: Duration.DurationInput
}

interface Rpc<In, Out> {
  readonly path: string
  readonly requestSerialize: (request: In) => Buffer
  readonly requestDeserialize: (bytes: Buffer) => In
  readonly responseDeserialize: (bytes: Buffer) => Out
}

/** Connects on first use; interrupting a call cancels it. Fields that are left out are empty, as protobuf has it. */
export const makeCsiClient = Effect.fnUntraced(function* (target: string) {
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => new Client(target, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 })),
    (open) => Effect.sync(() => open.close())
  )

  const rpc =
    <In extends object, Out>(definition: Rpc<In, Out>) =>
    (fields: Partial<In> = {}, { timeout }: CallOptions = {}): Effect.Effect<Out, RpcFailure> =>
      Effect.async((resume) => {
        const request: In = { ...definition.requestDeserialize(Buffer.alloc(0)), ...fields }
        const method = definition.path.slice(definition.path.lastIndexOf("/") + 1)
        const call = client.makeUnaryRequest(
          definition.path,
          definition.requestSerialize,
          definition.responseDeserialize,
          request,
          new Metadata(),
          timeout === undefined ? {} : { deadline: Date.now() + Duration.toMillis(timeout) },
          (error, response) => {
            if (error !== null)
              resume(Effect.fail(new RpcFailure({ method, code: error.code, details: error.details })))
            else if (response !== undefined) resume(Effect.succeed(response))
          }
        )
        return Effect.sync(() => call.cancel())
      })

  return {
    getPluginInfo: rpc(IdentityService.getPluginInfo),
    getPluginCapabilities: rpc(IdentityService.getPluginCapabilities),
    probe: rpc(IdentityService.probe),
    createVolume: rpc(ControllerService.createVolume),
    deleteVolume: rpc(ControllerService.deleteVolume),
    controllerPublishVolume: rpc(ControllerService.controllerPublishVolume),
    controllerUnpublishVolume: rpc(ControllerService.controllerUnpublishVolume),
    validateVolumeCapabilities: rpc(ControllerService.validateVolumeCapabilities),
    listVolumes: rpc(ControllerService.listVolumes),
    getCapacity: rpc(ControllerService.getCapacity),
    controllerGetCapabilities: rpc(ControllerService.controllerGetCapabilities),
    createSnapshot: rpc(ControllerService.createSnapshot),
    deleteSnapshot: rpc(ControllerService.deleteSnapshot),
    listSnapshots: rpc(ControllerService.listSnapshots),
    getSnapshot: rpc(ControllerService.getSnapshot),
    controllerExpandVolume: rpc(ControllerService.controllerExpandVolume),
    controllerGetVolume: rpc(ControllerService.controllerGetVolume),
    controllerModifyVolume: rpc(ControllerService.controllerModifyVolume),
    nodeStageVolume: rpc(NodeService.nodeStageVolume),
    nodeUnstageVolume: rpc(NodeService.nodeUnstageVolume),
    nodePublishVolume: rpc(NodeService.nodePublishVolume),
    nodeUnpublishVolume: rpc(NodeService.nodeUnpublishVolume),
    nodeGetVolumeStats: rpc(NodeService.nodeGetVolumeStats),
    nodeExpandVolume: rpc(NodeService.nodeExpandVolume),
    nodeGetCapabilities: rpc(NodeService.nodeGetCapabilities),
    nodeGetInfo: rpc(NodeService.nodeGetInfo)
  }
})

/** Every RPC of the driver as an Effect. */
export type CsiClient = Effect.Effect.Success<ReturnType<typeof makeCsiClient>>
