import { Either } from "effect"
import type { VolumeCapability } from "../../domain/Capability.ts"
import type { CapacityRange } from "../../domain/Capacity.ts"
import { ServerId } from "../../domain/Server.ts"
import { SnapshotId } from "../../domain/Snapshot.ts"
import type { SnapshotFilter, SnapshotRequest } from "../../domain/SnapshotProvisioning.ts"
import type { TopologyRequirement } from "../../domain/Topology.ts"
import { VolumeId, type VolumeSource } from "../../domain/Volume.ts"
import type { PublishRequest } from "../../domain/VolumeAttachment.ts"
import type { ProvisionRequest, ValidationRequest } from "../../domain/VolumeProvisioning.ts"
import type * as wire from "./gen/csi.ts"
import {
  type Checked,
  capabilities,
  capability,
  identifier,
  invalid,
  maxEntries,
  nameField,
  optionalCapability,
  optionalCapacity,
  record,
  required,
  requiredCapacity
} from "./wireFields.ts"

const volumeId = (value: string): Checked<VolumeId> => Either.map(identifier("volume_id", value), VolumeId)

/**
 * For calls that take something away. An id longer than the specification allows is let through: nothing can have it,
 * and a call that is refused for it would be repeated for ever where "gone already" ends the matter.
 */
const volumeIdToLeave = (value: string): Checked<VolumeId> => Either.map(required("volume_id", value), VolumeId)

const source = (given: wire.VolumeContentSource | undefined): Checked<VolumeSource | undefined> => {
  if (given === undefined) return Either.right(undefined)
  switch (given.type?.$case) {
    case undefined:
      return invalid("volume_content_source.type", "must be snapshot or volume")
    case "snapshot":
      return Either.map(
        identifier("volume_content_source.snapshot.snapshot_id", given.type.value.snapshotId),
        (id) => ({ _tag: "snapshot", id: SnapshotId(id) })
      )
    case "volume":
      return Either.map(identifier("volume_content_source.volume.volume_id", given.type.value.volumeId), (id) => ({
        _tag: "volume",
        id: VolumeId(id)
      }))
  }
}

/** A requirement without any place asks for nothing. */
const topology = (given: wire.TopologyRequirement | undefined): TopologyRequirement | undefined => {
  if (given === undefined || given.requisite.length + given.preferred.length === 0) return undefined
  return {
    requisite: given.requisite.map(({ segments }) => record(segments)),
    preferred: given.preferred.map(({ segments }) => record(segments))
  }
}

export const provisionRequest = (request: wire.CreateVolumeRequest): Checked<ProvisionRequest> =>
  Either.gen(function* () {
    const name = yield* nameField("name", request.name)
    const asked = yield* capabilities(request.volumeCapabilities)
    const capacity = yield* optionalCapacity(request.capacityRange)
    const from = yield* source(request.volumeContentSource)
    if (request.mutableParameters.size > 0) {
      return yield* invalid("mutable_parameters", "are not supported: the driver does not advertise MODIFY_VOLUME")
    }
    return {
      name,
      capacity,
      capabilities: asked,
      parameters: record(request.parameters),
      source: from,
      topology: topology(request.accessibilityRequirements)
    }
  })

export const volumeToRemove = (request: wire.DeleteVolumeRequest): Checked<VolumeId> =>
  volumeIdToLeave(request.volumeId)

export const publishRequest = (request: wire.ControllerPublishVolumeRequest): Checked<PublishRequest> =>
  Either.gen(function* () {
    return {
      volumeId: yield* volumeId(request.volumeId),
      serverId: ServerId(yield* identifier("node_id", request.nodeId)),
      capability: yield* capability(request.volumeCapability),
      readOnly: request.readonly
    }
  })

export interface UnpublishRequest {
  readonly volumeId: VolumeId
  readonly serverId: ServerId | undefined
}

export const unpublishRequest = (request: wire.ControllerUnpublishVolumeRequest): Checked<UnpublishRequest> =>
  Either.map(volumeIdToLeave(request.volumeId), (id) => ({
    volumeId: id,
    serverId: request.nodeId === "" ? undefined : ServerId(request.nodeId)
  }))

export const validationRequest = (request: wire.ValidateVolumeCapabilitiesRequest): Checked<ValidationRequest> =>
  Either.gen(function* () {
    return {
      volumeId: yield* volumeId(request.volumeId),
      capabilities: yield* capabilities(request.volumeCapabilities)
    }
  })

export interface ExpandRequest {
  readonly volumeId: VolumeId
  readonly capacity: CapacityRange
  readonly capability: VolumeCapability | undefined
}

export const expandRequest = (request: wire.ControllerExpandVolumeRequest): Checked<ExpandRequest> =>
  Either.gen(function* () {
    return {
      volumeId: yield* volumeId(request.volumeId),
      capacity: yield* requiredCapacity(request.capacityRange),
      capability: yield* optionalCapability(request.volumeCapability)
    }
  })

export const volumeToShow = (request: wire.ControllerGetVolumeRequest): Checked<VolumeId> => volumeId(request.volumeId)

export interface PageRequest {
  readonly maxEntries: number
  readonly token: string
}

export const pageRequest = (
  request: Pick<wire.ListVolumesRequest, "maxEntries" | "startingToken">
): Checked<PageRequest> =>
  Either.map(maxEntries(request.maxEntries), (most) => ({ maxEntries: most, token: request.startingToken }))

export const snapshotRequest = (request: wire.CreateSnapshotRequest): Checked<SnapshotRequest> =>
  Either.gen(function* () {
    return {
      volumeId: VolumeId(yield* identifier("source_volume_id", request.sourceVolumeId)),
      name: yield* nameField("name", request.name),
      parameters: record(request.parameters)
    }
  })

export const snapshotToRemove = (request: wire.DeleteSnapshotRequest): Checked<SnapshotId> =>
  Either.map(required("snapshot_id", request.snapshotId), SnapshotId)

export const snapshotFilter = (request: wire.ListSnapshotsRequest): SnapshotFilter => ({
  snapshotId: request.snapshotId === "" ? undefined : SnapshotId(request.snapshotId),
  volumeId: request.sourceVolumeId === "" ? undefined : VolumeId(request.sourceVolumeId)
})
