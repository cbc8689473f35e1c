import type { AuditFacts, AuditRules, CloudReading, ClusterReading } from "../../src/domain/AuditFacts.ts"
import type { FindingKind } from "../../src/domain/AuditFinding.ts"
import type { OwnVolumeSeen, StorageClassSeen, VolumeAttachmentSeen } from "../../src/domain/ClusterObjects.ts"
import { decideAudit } from "../../src/domain/decisions/audit.ts"
import { description } from "../../src/domain/decisions/plan.ts"
import type { DescribedBackup, DescribedSnapshot, DescribedVolume } from "../../src/domain/Inventory.ts"
import type { Server, ServerId } from "../../src/domain/Server.ts"
import type { VolumeId } from "../../src/domain/Volume.ts"
import { aBackup, aSnapshot, attachmentTo, aVolume, ours } from "../domain/decisions/facts.ts"

const driver = "cinder.csi.openstack.org"

export const hour = 3_600_000
/** All times of the fixtures are long before. */
export const now = 1_000 * hour

export const rules: AuditRules = { cluster: "k8s", graceMillis: hour, ignoreVolumeZone: false, everyCloud: true }

type Change<A> = Partial<Omit<A, "status">> & { readonly status?: string }

export const volume = (change: Change<DescribedVolume> = {}): DescribedVolume => ({
  ...aVolume(change),
  description,
  ...only(change)
})
export const snapshot = (change: Change<DescribedSnapshot> = {}): DescribedSnapshot => ({
  ...aSnapshot(change),
  description,
  ...only(change)
})
export const backup = (change: Change<DescribedBackup> = {}): DescribedBackup => ({
  ...aBackup(change),
  description,
  ...only(change)
})

const only = ({ description: text }: { readonly description?: string }) =>
  text === undefined ? {} : { description: text }

export const attached = (to: ServerId = ours) => ({ status: "in-use", attachments: [attachmentTo(to)] })

export const server = (id: ServerId, ...volumeIds: ReadonlyArray<VolumeId>): Server => ({
  id,
  name: `name of ${id}`,
  status: "ACTIVE",
  task: undefined,
  locked: undefined,
  zone: "nova",
  volumeIds,
  updatedAt: 0
})

/** The record of a volume, as csi-provisioner makes it. */
export const record = (change: Partial<OwnVolumeSeen> = {}): OwnVolumeSeen => ({
  name: "pvc-1",
  uid: `uid of ${change.name ?? "pvc-1"}`,
  driver,
  volumeId: volume().id,
  fsType: "ext4",
  attributes: {},
  mountOptions: [],
  capacityBytes: 1_073_741_824n,
  accessModes: ["ReadWriteOnce"],
  isBlock: false,
  phase: "Bound",
  phaseSince: 0,
  problem: undefined,
  reclaimPolicy: "Delete",
  className: "fast",
  claim: { namespace: "shop", name: "data" },
  zones: ["nova"],
  deleting: false,
  createdAt: 0,
  ...change
})

/** The volume of `record`, wanted and attached on node-1. */
export const wanted = (change: Partial<VolumeAttachmentSeen> = {}): VolumeAttachmentSeen => ({
  name: "csi-1",
  uid: `uid of ${change.name ?? "csi-1"}`,
  nodeName: "node-1",
  volumeName: "pvc-1",
  volumeId: undefined,
  attached: true,
  deleting: false,
  error: undefined,
  createdAt: 0,
  ...change
})

/** The class `fast`. */
export const classOf = (volumeType: string | undefined): StorageClassSeen => ({
  name: "fast",
  provisioner: driver,
  parameters: volumeType === undefined ? {} : { type: volumeType },
  waitsForPod: false,
  expandable: true,
  isDefault: false
})

export const cloud = (change: Partial<CloudReading> = {}): CloudReading => ({
  name: "",
  zoneMap: new Map(),
  volumes: [],
  snapshots: [],
  backups: [],
  servers: new Map([[ours, server(ours)]]),
  missingServers: new Set(),
  unseenServers: 0,
  otherClusters: new Map(),
  unmarked: { volumes: 0, sizeGiB: 0 },
  ...change
})

/** node-1 is the server `ours`. */
export const cluster = (change: Partial<ClusterReading> = {}): ClusterReading => ({
  volumes: [],
  attachments: [],
  snapshots: [],
  servers: [{ nodeName: "node-1", serverId: ours, allocatable: undefined }],
  classes: [classOf("fast")],
  ...change
})

/** One cloud, and a cluster that is the same before and after. */
export const factsOf = (
  inCloud: Partial<CloudReading>,
  inCluster: Partial<ClusterReading> = {},
  change: Partial<AuditFacts> = {}
): AuditFacts => ({
  rules,
  now,
  clouds: [cloud(inCloud)],
  kubernetes: { before: cluster(inCluster), after: cluster(inCluster) },
  ...change
})

/** What is found, as kind and object. */
export const foundIn = (facts: AuditFacts): ReadonlyArray<readonly [FindingKind, string]> =>
  decideAudit(facts).findings.map(({ kind, about }) => [kind, about.id] as const)

/** What is said of the first finding. */
export const detailIn = (facts: AuditFacts): string | undefined => decideAudit(facts).findings[0]?.detail
