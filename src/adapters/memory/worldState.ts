import { Utils } from "effect"
import { type IndexedTable, makeIndexedTable } from "./IndexedTable.ts"
import { makeQuota, type Quota } from "./quota.ts"
import { followsAttachments, statusByAttachments } from "./volumeRules.ts"
import type { WorldSettings } from "./worldSettings.ts"
import type {
  AttachmentRecord,
  BackupRecord,
  InstanceActionRecord,
  MessageRecord,
  ServerRecord,
  ServerVolumeRecord,
  SnapshotRecord,
  VmState,
  VolumeRecord,
  VolumeTypeRecord
} from "./worldTypes.ts"

export type VolumeRow = Omit<VolumeRecord, "attachments">
export type BackupRow = Omit<BackupRecord, "hasDependentBackups"> & { readonly parentId: string | undefined }
export type ServerRow = Omit<ServerRecord, "volumes" | "status" | "powerState">
export type BdmRow = ServerVolumeRecord & { readonly id: string; readonly pair: string }

/** Everything the World holds. It changes in synchronous steps alone, so no request ever sees half of another. */
export interface WorldState {
  readonly volumes: IndexedTable<VolumeRow, "name">
  readonly attachments: IndexedTable<AttachmentRecord, "volumeId" | "serverId">
  readonly snapshots: IndexedTable<SnapshotRecord, "name" | "volumeId">
  readonly backups: IndexedTable<BackupRow, "name" | "volumeId" | "parentId">
  readonly servers: IndexedTable<ServerRow, "name">
  readonly bdms: IndexedTable<BdmRow, "volumeId" | "serverId" | "pair">
  readonly actions: IndexedTable<InstanceActionRecord & { readonly id: string }, "serverId">
  readonly messages: IndexedTable<MessageRecord, "resourceId">
  /** Attachments whose disk the backend has plugged in. */
  readonly plugged: Set<string>
  readonly types: ReadonlyArray<VolumeTypeRecord>
  readonly quota: Quota
  /** GiB of the volumes placed in each zone. */
  readonly placedGiB: Map<string, number>
  readonly newId: () => string
}

/** Ids of version 4's form, drawn from a seed. */
const makeIds = (seed: number): (() => string) => {
  const random = new Utils.PCGRandom(seed)
  const word = () => random.integer(0x10000).toString(16).padStart(4, "0")
  return () => {
    const version = `4${word().slice(1)}`
    const variant = `${(8 + random.integer(4)).toString(16)}${word().slice(1)}`
    return `${word()}${word()}-${word()}-${version}-${variant}-${word()}${word()}${word()}`
  }
}

export const makeWorldState = (settings: WorldSettings): WorldState => {
  const newId = makeIds(settings.seed)
  return {
    volumes: makeIndexedTable<VolumeRow, "name">({ name: ({ name }) => name }),
    attachments: makeIndexedTable<AttachmentRecord, "volumeId" | "serverId">({
      volumeId: ({ volumeId }) => volumeId,
      serverId: ({ serverId }) => serverId
    }),
    snapshots: makeIndexedTable<SnapshotRecord, "name" | "volumeId">({
      name: ({ name }) => name,
      volumeId: ({ volumeId }) => volumeId
    }),
    backups: makeIndexedTable<BackupRow, "name" | "volumeId" | "parentId">({
      name: ({ name }) => name,
      volumeId: ({ volumeId }) => volumeId,
      parentId: ({ parentId }) => parentId
    }),
    servers: makeIndexedTable<ServerRow, "name">({ name: ({ name }) => name }),
    bdms: makeIndexedTable<BdmRow, "volumeId" | "serverId" | "pair">({
      volumeId: ({ volumeId }) => volumeId,
      serverId: ({ serverId }) => serverId,
      pair: ({ pair }) => pair
    }),
    actions: makeIndexedTable<InstanceActionRecord & { readonly id: string }, "serverId">({
      serverId: ({ serverId }) => serverId
    }),
    messages: makeIndexedTable<MessageRecord, "resourceId">({ resourceId: ({ resourceId }) => resourceId }),
    plugged: new Set(),
    types: settings.volumeTypes.map((type, position) => ({
      id: type.id ?? newId(),
      name: type.name,
      multiattach: type.multiattach ?? false,
      encrypted: type.encrypted ?? false,
      zones: type.zones,
      backend: type.backend ?? "default",
      isDefault: position === 0
    })),
    quota: makeQuota(settings.quotas, settings.volumeTypes),
    placedGiB: new Map(),
    newId
  }
}

export const pairOf = (serverId: string, volumeId: string): string => `${serverId}/${volumeId}`

export const volumeView = (state: WorldState, row: VolumeRow): VolumeRecord => ({
  ...row,
  attachments: state.attachments.rowsWhere("volumeId", row.id).filter(({ status }) => status === "attached")
})

export const backupView = (state: WorldState, { parentId: _, ...row }: BackupRow): BackupRecord => ({
  ...row,
  hasDependentBackups: state.backups.entriesWhere("parentId", row.id).length > 0
})

export const bdmView = ({ id: _, pair: __, ...row }: BdmRow): ServerVolumeRecord => row

const powerStates: Readonly<Record<VmState, number>> = {
  building: 0,
  active: 1,
  stopped: 4,
  paused: 3,
  suspended: 7,
  rescued: 1,
  resized: 1,
  shelved: 4,
  shelved_offloaded: 4,
  "soft-delete": 4,
  error: 0
}

const steadyStatuses: Readonly<Record<VmState, string>> = {
  building: "BUILD",
  active: "ACTIVE",
  stopped: "SHUTOFF",
  paused: "PAUSED",
  suspended: "SUSPENDED",
  rescued: "RESCUE",
  resized: "VERIFY_RESIZE",
  shelved: "SHELVED",
  shelved_offloaded: "SHELVED_OFFLOADED",
  "soft-delete": "SOFT_DELETED",
  error: "ERROR"
}

/** Nova's table of statuses: https://docs.openstack.org/nova/latest/reference/vm-states.html */
export const serverStatus = (vmState: VmState, task: string | undefined): string => {
  const steady = steadyStatuses[vmState]
  if (task === undefined) return steady
  const mayRebuild = vmState === "active" || vmState === "stopped" || vmState === "error"
  if (mayRebuild && task.startsWith("rebuild")) return "REBUILD"
  if (vmState === "resized" && task === "resize_reverting") return "REVERT_RESIZE"
  if ((vmState === "active" || vmState === "stopped") && task.startsWith("resize_")) return "RESIZE"
  if (vmState !== "active") return steady
  if (task === "migrating") return "MIGRATING"
  if (task === "updating_password") return "PASSWORD"
  if (!task.startsWith("reboot")) return steady
  return task.endsWith("_hard") ? "HARD_REBOOT" : "REBOOT"
}

export const serverView = (state: WorldState, row: ServerRow): ServerRecord => ({
  ...row,
  status: serverStatus(row.vmState, row.taskState),
  powerState: powerStates[row.vmState],
  volumes: state.bdms.rowsWhere("serverId", row.id).map(bdmView)
})

/** Changes a volume that still exists, which also moves `updatedAt`. */
export const changeVolume = (state: WorldState, id: string, change: Partial<VolumeRow>, now: number): void => {
  const row = state.volumes.get(id)
  if (row !== undefined) state.volumes.put({ ...row, ...change, updatedAt: now })
}

/** Lets the attachments decide the status, unless the volume is busy with something else. */
export const followAttachments = (state: WorldState, id: string, now: number): void => {
  const row = state.volumes.get(id)
  if (row === undefined || !followsAttachments(row.status)) return
  changeVolume(state, id, { status: statusByAttachments(state.attachments.rowsWhere("volumeId", id)) }, now)
}

export const removeVolume = (state: WorldState, row: VolumeRow): void => {
  state.volumes.remove(row.id)
  state.quota.countVolume(-1, row.sizeGiB, row.type)
  if (row.host !== undefined) {
    state.placedGiB.set(row.zone, (state.placedGiB.get(row.zone) ?? 0) - row.sizeGiB)
  }
}

const messageDays = 30

export const addMessage = (
  state: WorldState,
  about: { readonly type: MessageRecord["resourceType"]; readonly id: string },
  code: string,
  text: string,
  now: number
): void =>
  state.messages.put({
    id: state.newId(),
    eventId: `VOLUME_${about.type}_${code}`,
    userMessage: text,
    level: "ERROR",
    resourceType: about.type,
    resourceId: about.id,
    requestId: `req-${state.newId()}`,
    createdAt: now,
    guaranteedUntil: now + messageDays * 86_400_000
  })
