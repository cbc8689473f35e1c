import type {
  NodePluginSeen,
  OwnVolumeSeen,
  SnapshotContentSeen,
  StorageClassSeen,
  VolumeAttachmentSeen
} from "./ClusterObjects.ts"
import type { DescribedBackup, DescribedSnapshot, DescribedVolume } from "./Inventory.ts"
import type { Server, ServerId } from "./Server.ts"
import type { ZoneMap } from "./Topology.ts"

export interface Tally {
  readonly volumes: number
  readonly sizeGiB: number
}

/** What one cloud has that matters to the cluster; of all else no more than a number is kept. */
export interface CloudReading {
  /** Of its section in cloud.conf; `""` is plain [Global]. */
  readonly name: string
  readonly zoneMap: ZoneMap
  /** Made for the cluster, or named by one of its PersistentVolumes. Oldest first, as are the following. */
  readonly volumes: ReadonlyArray<DescribedVolume>
  /** Made for the cluster. */
  readonly snapshots: ReadonlyArray<DescribedSnapshot>
  /** Likewise; undefined where the cloud does not show what is written on a backup. */
  readonly backups: ReadonlyArray<DescribedBackup> | undefined
  readonly servers: ReadonlyMap<ServerId, Server>
  /** Servers that a volume is attached to in Cinder, and of which Nova says that it has none. */
  readonly missingServers: ReadonlySet<ServerId>
  /** Such servers about which Nova gave no answer. */
  readonly unseenServers: number
  /** Volumes that bear the mark of another cluster, by its name. */
  readonly otherClusters: ReadonlyMap<string, Tally>
  /** Volumes that bear no such mark, or not this driver's description. */
  readonly unmarked: Tally
}

/** What Kubernetes had on record at one time. */
export interface ClusterReading {
  readonly volumes: ReadonlyArray<OwnVolumeSeen>
  readonly attachments: ReadonlyArray<VolumeAttachmentSeen>
  /** Undefined where the cluster knows no VolumeSnapshotContents. */
  readonly snapshots: ReadonlyArray<SnapshotContentSeen> | undefined
  /** Nodes where the driver is registered, with the servers that it says they are. */
  readonly servers: ReadonlyArray<NodePluginSeen>
  readonly classes: ReadonlyArray<StorageClassSeen>
}

export interface AuditRules {
  /** As it is written on what the driver makes. */
  readonly cluster: string
  /** What was made or changed less than so long ago is left out. */
  readonly graceMillis: number
  /** PersistentVolumes show the zone that was asked for, not that of the volume. */
  readonly ignoreVolumeZone: boolean
  /** The clouds are all that the cluster has volumes in. */
  readonly everyCloud: boolean
}

export interface AuditFacts {
  readonly rules: AuditRules
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly clouds: ReadonlyArray<CloudReading>
  /** Before the clouds were asked and after it, so that what came or went meanwhile is in one alone; undefined: not asked. */
  readonly kubernetes: { readonly before: ClusterReading; readonly after: ClusterReading } | undefined
}
