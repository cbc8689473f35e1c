import { Either } from "effect"
import type { NodePublishRequest } from "../../domain/NodePublishing.ts"
import type { StageRequest } from "../../domain/NodeStaging.ts"
import type { NodeExpandRequest } from "../../domain/NodeVolumes.ts"
import { VolumeId } from "../../domain/Volume.ts"
import type * as wire from "./gen/csi.ts"
import {
  type Checked,
  capability,
  identifier,
  optionalCapability,
  optionalCapacity,
  record,
  required
} from "./wireFields.ts"

/** A path of a volume. Only its presence is checked here: how it must look depends on what is done at it. */
export interface Place {
  readonly volumeId: VolumeId
  readonly path: string
}

const volumeId = (value: string): Checked<VolumeId> => Either.map(identifier("volume_id", value), VolumeId)

/** An id too long to exist passes where something is taken away: what nothing has is gone already. */
const placeToLeave = (id: string, field: string, path: string): Checked<Place> =>
  Either.gen(function* () {
    return { volumeId: VolumeId(yield* required("volume_id", id)), path: yield* required(field, path) }
  })

export const stageRequest = (request: wire.NodeStageVolumeRequest): Checked<StageRequest> =>
  Either.gen(function* () {
    return {
      volumeId: yield* volumeId(request.volumeId),
      stagingPath: yield* required("staging_target_path", request.stagingTargetPath),
      capability: yield* capability(request.volumeCapability),
      publishContext: record(request.publishContext),
      volumeContext: record(request.volumeContext)
    }
  })

export const unstagePlace = (request: wire.NodeUnstageVolumeRequest): Checked<Place> =>
  placeToLeave(request.volumeId, "staging_target_path", request.stagingTargetPath)

export const nodePublishRequest = (request: wire.NodePublishVolumeRequest): Checked<NodePublishRequest> =>
  Either.gen(function* () {
    return {
      volumeId: yield* volumeId(request.volumeId),
      targetPath: yield* required("target_path", request.targetPath),
      capability: yield* capability(request.volumeCapability),
      stagingPath: request.stagingTargetPath,
      readOnly: request.readonly,
      publishContext: record(request.publishContext),
      volumeContext: record(request.volumeContext)
    }
  })

export const unpublishPlace = (request: wire.NodeUnpublishVolumeRequest): Checked<Place> =>
  placeToLeave(request.volumeId, "target_path", request.targetPath)

export const usagePlace = (request: wire.NodeGetVolumeStatsRequest): Checked<Place> =>
  Either.gen(function* () {
    return {
      volumeId: yield* volumeId(request.volumeId),
      path: yield* required("volume_path", request.volumePath)
    }
  })

export const nodeExpandRequest = (request: wire.NodeExpandVolumeRequest): Checked<NodeExpandRequest> =>
  Either.gen(function* () {
    return {
      volumeId: yield* volumeId(request.volumeId),
      volumePath: yield* required("volume_path", request.volumePath),
      stagingPath: request.stagingTargetPath,
      capacity: yield* optionalCapacity(request.capacityRange),
      capability: yield* optionalCapability(request.volumeCapability)
    }
  })
