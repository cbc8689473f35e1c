import { Effect } from "effect"
import { type CloudServices, Clouds } from "../../domain/Clouds.ts"
import { type DomainError, Unsupported } from "../../domain/errors.ts"
import * as from from "./fromWireController.ts"
import { ControllerServiceCapability_RPC_Type as Can, type ControllerServer, ControllerService } from "./gen/csi.ts"
import { cloudNameIn, cloudOf, type SecretReference } from "./secrets.ts"
import type { Service } from "./server.ts"
import * as to from "./toWire.ts"
import type { Unary } from "./unary.ts"

const always = [
  Can.CREATE_DELETE_VOLUME,
  Can.PUBLISH_UNPUBLISH_VOLUME,
  Can.LIST_VOLUMES,
  Can.LIST_VOLUMES_PUBLISHED_NODES,
  Can.CREATE_DELETE_SNAPSHOT,
  Can.LIST_SNAPSHOTS,
  Can.EXPAND_VOLUME,
  Can.CLONE_VOLUME,
  Can.GET_VOLUME
]

export interface ControllerServiceOptions {
  /** Announce that the modes of one node with one and with several writers are told apart. */
  readonly singleNodeMultiWriter: boolean
}

/**
 * Clients take 4 MiB at most. An entry is some 200 to 400 bytes on the wire, so that a page of this length stays below
 * it; a longer list goes on under its token.
 */
const longestPage = 10_000

const pageSize = (maxEntries: number): number => (maxEntries === 0 ? longestPage : Math.min(maxEntries, longestPage))

const unsupported = (what: string) => () => Effect.fail(new Unsupported({ what }))

interface WithSecrets {
  readonly secrets: ReadonlyMap<string, string>
}

/** The half of CSI that talks to the clouds. */
export const controllerService = Effect.fnUntraced(function* ({ singleNodeMultiWriter }: ControllerServiceOptions) {
  const clouds = yield* Clouds
  const capabilities = [...always, ...(singleNodeMultiWriter ? [Can.SINGLE_NODE_MULTI_WRITER] : [])].map((type) => ({
    type: { $case: "rpc" as const, value: { type } }
  }))

  /** A name that is not served may be anything, and the message says it already. */
  const annotationsOf = ({ secrets }: WithSecrets) => {
    const cloud = cloudNameIn(secrets)
    return cloud !== "" && clouds.served.has(cloud) ? { cloud } : {}
  }

  /** Finds the cloud of a call before anything else of its request is looked at. */
  const inCloud = <In extends WithSecrets, Out>(
    unary: Unary,
    method: string,
    reference: SecretReference,
    handle: (cloud: CloudServices, request: In) => Effect.Effect<Out, DomainError>
  ) =>
    unary<In, Out>(
      method,
      (request) =>
        Effect.flatMap(cloudOf(request.secrets, clouds.served, reference), (cloud) => handle(cloud, request)),
      annotationsOf
    )

  const service: Service = ({ reads, changes }) => {
    const handlers: ControllerServer = {
      controllerGetCapabilities: reads("ControllerGetCapabilities", () => Effect.succeed({ capabilities })),
      createVolume: inCloud(changes, "CreateVolume", "provisioner", ({ volumes }, request) =>
        from.provisionRequest(request).pipe(Effect.flatMap(volumes.provision), Effect.map(to.createVolumeResponse))
      ),
      deleteVolume: inCloud(changes, "DeleteVolume", "provisioner", ({ volumes }, request) =>
        from.volumeToRemove(request).pipe(Effect.flatMap(volumes.remove), Effect.as({}))
      ),
      controllerPublishVolume: inCloud(
        changes,
        "ControllerPublishVolume",
        "controller-publish",
        ({ attachments }, request) =>
          from.publishRequest(request).pipe(Effect.flatMap(attachments.publish), Effect.map(to.publishResponse))
      ),
      controllerUnpublishVolume: inCloud(
        changes,
        "ControllerUnpublishVolume",
        "controller-publish",
        ({ attachments }, request) =>
          from.unpublishRequest(request).pipe(
            Effect.flatMap(({ volumeId, serverId }) => attachments.unpublish(volumeId, serverId)),
            Effect.as({})
          )
      ),
      validateVolumeCapabilities: inCloud(reads, "ValidateVolumeCapabilities", "provisioner", ({ volumes }, request) =>
        from
          .validationRequest(request)
          .pipe(Effect.flatMap(volumes.validate), Effect.map(to.validationResponse(request.volumeCapabilities)))
      ),
      controllerExpandVolume: inCloud(changes, "ControllerExpandVolume", "controller-expand", ({ volumes }, request) =>
        from.expandRequest(request).pipe(
          Effect.flatMap(({ volumeId, capacity, capability }) => volumes.expand(volumeId, capacity, capability)),
          Effect.map(to.expandResponse)
        )
      ),
      controllerGetVolume: reads("ControllerGetVolume", (request) =>
        from.volumeToShow(request).pipe(Effect.flatMap(clouds.getVolume), Effect.map(to.getVolumeResponse))
      ),
      listVolumes: reads("ListVolumes", (request) =>
        from.pageRequest(request).pipe(
          Effect.flatMap(({ maxEntries, token }) => clouds.listVolumes(pageSize(maxEntries), token)),
          Effect.map(to.listVolumesResponse)
        )
      ),
      createSnapshot: inCloud(changes, "CreateSnapshot", "snapshotter", ({ snapshots }, request) =>
        from.snapshotRequest(request).pipe(Effect.flatMap(snapshots.create), Effect.map(to.createSnapshotResponse))
      ),
      deleteSnapshot: inCloud(changes, "DeleteSnapshot", "snapshotter", ({ snapshots }, request) =>
        from.snapshotToRemove(request).pipe(Effect.flatMap(snapshots.remove), Effect.as({}))
      ),
      listSnapshots: inCloud(reads, "ListSnapshots", "snapshotter-list", ({ snapshots }, request) =>
        from.pageRequest(request).pipe(
          Effect.flatMap(({ maxEntries, token }) =>
            snapshots.list(from.snapshotFilter(request), pageSize(maxEntries), token)
          ),
          Effect.map(to.listSnapshotsResponse)
        )
      ),
      getCapacity: reads("GetCapacity", unsupported("asking for free capacity (GET_CAPACITY)")),
      controllerModifyVolume: changes("ControllerModifyVolume", unsupported("modifying a volume (MODIFY_VOLUME)")),
      getSnapshot: reads("GetSnapshot", unsupported("showing one snapshot (GET_SNAPSHOT)"))
    }
    return { definition: ControllerService, handlers }
  }
  return service
})
