import fc from "fast-check"
import { BackupId, backupStatus, backupStatuses, type MarkedBackup } from "../../../src/domain/Backup.ts"
import type { Verdict } from "../../../src/domain/decisions/Verdict.ts"
import { type Server, ServerId } from "../../../src/domain/Server.ts"
import { type Snapshot, SnapshotId, snapshotStatus, snapshotStatuses } from "../../../src/domain/Snapshot.ts"
import { type Attachment, type Volume, VolumeId, volumeStatus, volumeStatuses } from "../../../src/domain/Volume.ts"

export const ours = ServerId("server-1")
export const theirs = ServerId("server-2")

export const attachmentTo = (serverId: ServerId | undefined): Attachment => ({
  attachmentId: `attachment-${serverId}`,
  serverId,
  device: "/dev/vdb"
})

export const aVolume = (volume: Partial<Omit<Volume, "status">> & { readonly status?: string } = {}): Volume => ({
  id: VolumeId("volume-1"),
  name: "pvc-1",
  sizeGiB: 1,
  zone: "nova",
  volumeType: "fast",
  multiattach: false,
  encrypted: false,
  source: undefined,
  attachments: [],
  metadata: { "cinder.csi.openstack.org/cluster": "k8s" },
  createdAt: 0,
  updatedAt: undefined,
  ...volume,
  status: volumeStatus(volume.status ?? "available")
})

export const aSnapshot = (
  snapshot: Partial<Omit<Snapshot, "status">> & { readonly status?: string } = {}
): Snapshot => ({
  id: SnapshotId("snapshot-1"),
  name: "snap",
  volumeId: VolumeId("volume-1"),
  sizeGiB: 2,
  metadata: { "cinder.csi.openstack.org/cluster": "k8s" },
  createdAt: 0,
  ...snapshot,
  status: snapshotStatus(snapshot.status ?? "available")
})

export const aBackup = (
  backup: Partial<Omit<MarkedBackup, "status">> & { readonly status?: string } = {}
): MarkedBackup => ({
  id: BackupId("backup-1"),
  name: "snap",
  volumeId: VolumeId("volume-1"),
  snapshotId: SnapshotId("snapshot-1"),
  sizeGiB: 2,
  failReason: undefined,
  metadata: { "cinder.csi.openstack.org/cluster": "k8s", type: "backup" },
  createdAt: 0,
  cutAt: 0,
  ...backup,
  status: backupStatus(backup.status ?? "available")
})

export const aServer = (server: Partial<Server> = {}): Server => ({
  id: ours,
  name: "node-1",
  status: "ACTIVE",
  task: undefined,
  locked: false,
  zone: "nova",
  volumeIds: [],
  updatedAt: undefined,
  ...server
})

/** A verdict in one word, as the tables show it. */
export const wordFor = <Action extends { readonly _tag: string }, Result>(verdict: Verdict<Action, Result>): string => {
  switch (verdict._tag) {
    case "Do":
      return verdict.action._tag
    case "Refuse":
      return verdict.error._tag
    case "Wait":
    case "Done":
      return verdict._tag
  }
}

/** Every documented status and some that no release has. */
export const anyVolumeStatus = fc.oneof(fc.constantFrom(...volumeStatuses), fc.constantFrom("", "thawing", "AVAILABLE"))
export const anySnapshotStatus = fc.oneof(fc.constantFrom(...snapshotStatuses), fc.constantFrom("", "thawing"))
export const anyBackupStatus = fc.oneof(fc.constantFrom(...backupStatuses), fc.constantFrom("", "thawing"))

export const anyAttachments = fc
  .subarray<ServerId | undefined>([ours, theirs, undefined])
  .map((servers) => servers.map(attachmentTo))

export const anyVolume = fc
  .record({
    status: anyVolumeStatus,
    sizeGiB: fc.integer({ min: 1, max: 5 }),
    zone: fc.constantFrom("nova", "az2"),
    volumeType: fc.constantFrom("fast", "slow", undefined),
    multiattach: fc.boolean(),
    attachments: anyAttachments,
    metadata: fc.constantFrom({}, { "cinder.csi.openstack.org/cluster": "k8s" })
  })
  .map(aVolume)

export const anyServer = fc
  .record({
    status: fc.constantFrom("ACTIVE", "SHUTOFF", "PAUSED", "BUILD", "ERROR", "SHELVED_OFFLOADED", "FUTURE"),
    task: fc.constantFrom(undefined, "rebooting"),
    locked: fc.constantFrom(undefined, true, false),
    volumeIds: fc.constantFrom([], [VolumeId("volume-1")])
  })
  .map(aServer)

export const anyWait = fc.constantFrom(0, 9_999, 10_000, 60_000)
