import type { NodeInfo, VolumeUsage } from "../../domain/NodeVolumes.ts"
import type { ProvisionedSnapshot, SnapshotPage } from "../../domain/SnapshotProvisioning.ts"
import type { Segments } from "../../domain/Topology.ts"
import type { VolumeSource } from "../../domain/Volume.ts"
import type { PublishContext } from "../../domain/VolumeAttachment.ts"
import type {
  ExpandedVolume,
  ListedVolume,
  ProvisionedVolume,
  Validation,
  VolumePage
} from "../../domain/VolumeProvisioning.ts"
import type * as wire from "./gen/csi.ts"
import { VolumeUsage_Unit as Unit, type VolumeCapability } from "./gen/csi.ts"

const map = (record: Readonly<Record<string, string>>): Map<string, string> => new Map(Object.entries(record))

const topology = (segments: Segments): wire.Topology => ({ segments: map(segments) })

const contentSource = (source: VolumeSource | undefined): wire.VolumeContentSource | undefined => {
  switch (source?._tag) {
    case undefined:
      return undefined
    case "snapshot":
      return { type: { $case: "snapshot", value: { snapshotId: source.id } } }
    case "volume":
      return { type: { $case: "volume", value: { volumeId: source.id } } }
  }
}

const volume = (provisioned: ProvisionedVolume): wire.Volume => ({
  volumeId: provisioned.id,
  capacityBytes: provisioned.sizeBytes,
  volumeContext: map(provisioned.context),
  contentSource: contentSource(provisioned.source),
  accessibleTopology: provisioned.topology.map(topology)
})

export const createVolumeResponse = (provisioned: ProvisionedVolume): wire.CreateVolumeResponse => ({
  volume: volume(provisioned)
})

export const publishResponse = (context: PublishContext): wire.ControllerPublishVolumeResponse => ({
  publishContext: map(context)
})

/** Confirms the capabilities alone: nothing else of the request was looked at. */
export const validationResponse =
  (asked: ReadonlyArray<VolumeCapability>) =>
  ({ problem }: Validation): wire.ValidateVolumeCapabilitiesResponse => ({
    confirmed:
      problem === undefined
        ? {
            volumeCapabilities: [...asked],
            volumeContext: new Map(),
            parameters: new Map(),
            mutableParameters: new Map()
          }
        : undefined,
    message: problem ?? ""
  })

const listed = ({ volume: provisioned, publishedOn }: ListedVolume) => ({
  volume: volume(provisioned),
  status: { publishedNodeIds: [...publishedOn], volumeCondition: undefined }
})

export const listVolumesResponse = ({ entries, nextToken }: VolumePage): wire.ListVolumesResponse => ({
  entries: entries.map(listed),
  nextToken: nextToken ?? ""
})

export const getVolumeResponse = (found: ListedVolume): wire.ControllerGetVolumeResponse => listed(found)

export const expandResponse = (expanded: ExpandedVolume): wire.ControllerExpandVolumeResponse => ({
  capacityBytes: expanded.sizeBytes,
  nodeExpansionRequired: expanded.nodeExpansionRequired
})

const snapshot = (provisioned: ProvisionedSnapshot): wire.Snapshot => {
  const seconds = Math.floor(provisioned.createdAt / 1000)
  return {
    snapshotId: provisioned.id,
    sourceVolumeId: provisioned.volumeId,
    sizeBytes: provisioned.sizeBytes,
    creationTime: { seconds: BigInt(seconds), nanos: Math.floor((provisioned.createdAt - seconds * 1000) * 1_000_000) },
    readyToUse: provisioned.ready,
    groupSnapshotId: ""
  }
}

export const createSnapshotResponse = (provisioned: ProvisionedSnapshot): wire.CreateSnapshotResponse => ({
  snapshot: snapshot(provisioned)
})

export const listSnapshotsResponse = ({ entries, nextToken }: SnapshotPage): wire.ListSnapshotsResponse => ({
  entries: entries.map((entry) => ({ snapshot: snapshot(entry) })),
  nextToken: nextToken ?? ""
})

const usageEntries = (usage: VolumeUsage): Array<wire.VolumeUsage> => {
  switch (usage._tag) {
    case "block":
      return [{ unit: Unit.BYTES, total: usage.totalBytes, used: 0n, available: 0n }]
    case "mount":
      return [
        { unit: Unit.BYTES, total: usage.totalBytes, used: usage.usedBytes, available: usage.availableBytes },
        { unit: Unit.INODES, total: usage.totalInodes, used: usage.usedInodes, available: usage.availableInodes }
      ]
  }
}

export const statsResponse = (usage: VolumeUsage): wire.NodeGetVolumeStatsResponse => ({
  usage: usageEntries(usage),
  volumeCondition: undefined
})

export const nodeInfoResponse = (info: NodeInfo): wire.NodeGetInfoResponse => ({
  nodeId: info.serverId,
  maxVolumesPerNode: BigInt(info.maxVolumes),
  accessibleTopology: info.topology === undefined ? undefined : topology(info.topology)
})
