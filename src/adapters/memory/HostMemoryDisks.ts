import { Effect } from "effect"
import { bytesOf } from "../../domain/Capacity.ts"
import type { DiskContents } from "../../ports/HostMounter.ts"
import { DiskBackendFault, type DiskBackendService, type DiskSource } from "./DiskBackend.ts"
import { emptyTree, type FileTree } from "./HostMemoryTree.ts"

/** What is on a disk. Copies of a disk share nothing. */
export type ImageContents =
  | { readonly _tag: "Blank" }
  | {
      readonly _tag: "FileSystem"
      readonly type: string
      readonly uuid: string | undefined
      readonly label: string | undefined
      sizeBytes: bigint
      readonly tree: FileTree
      /** A check finds what only a human may repair. */
      readonly damaged: boolean
    }
  | { readonly _tag: "Foreign"; readonly what: string }
  /** An encrypted disk that nothing was written to. */
  | { readonly _tag: "Noise" }
  /** Bytes that were written to the raw disk. */
  | { readonly _tag: "Raw"; readonly bytes: Uint8Array }

export interface DiskImage {
  sizeBytes: bigint
  contents: ImageContents
}

/** What a disk can be made to hold, besides what is written through a mount. */
export type DiskFilling =
  | { readonly _tag: "Blank" }
  | { readonly _tag: "Noise" }
  | { readonly _tag: "Foreign"; readonly what: string }
  | { readonly _tag: "Raw"; readonly bytes: Uint8Array }
  | {
      readonly _tag: "FileSystem"
      readonly type: string
      readonly files?: Readonly<Record<string, Uint8Array>>
      /** Default: the size of the disk. */
      readonly sizeBytes?: bigint
      readonly uuid?: string
      readonly label?: string
      readonly damaged?: boolean
    }

const copyContents = (contents: ImageContents): ImageContents =>
  contents._tag === "FileSystem" ? { ...contents, tree: contents.tree.copy() } : contents

/** What scans of the disk find. */
export const scan = (contents: ImageContents): DiskContents => {
  switch (contents._tag) {
    case "Blank":
    case "Noise":
      return contents
    case "FileSystem": {
      const { label, sizeBytes, type, uuid } = contents
      return { _tag: "FileSystem", type, uuid, label, sizeBytes }
    }
    case "Foreign":
      return contents
    case "Raw":
      return contents.bytes.every((byte) => byte === 0)
        ? { _tag: "Blank" }
        : { _tag: "Unclear", why: "data without a signature" }
  }
}

const filled = (filling: DiskFilling, diskBytes: bigint): ImageContents => {
  if (filling._tag !== "FileSystem") return filling
  const tree = emptyTree()
  for (const [path, bytes] of Object.entries(filling.files ?? {})) tree.set(path, { kind: "file", bytes })
  const { damaged = false, label, sizeBytes = diskBytes, type, uuid } = filling
  return { _tag: "FileSystem", type, uuid, label, sizeBytes, tree, damaged }
}

/** A server that disks can be plugged into. */
export interface DiskSocket {
  readonly plug: (volumeId: string, image: DiskImage) => Effect.Effect<void>
  readonly unplug: (volumeId: string) => void
  readonly holds: (volumeId: string) => boolean
  readonly resized: (volumeId: string) => void
}

export interface DiskStore {
  readonly backend: DiskBackendService
  readonly fill: (volumeId: string, filling: DiskFilling) => Effect.Effect<void, DiskBackendFault>
  readonly contents: (volumeId: string) => Effect.Effect<DiskContents, DiskBackendFault>
}

const fault = (operation: string, problem: string) => Effect.fail(new DiskBackendFault({ operation, problem }))

export const makeDiskStore = (
  socketOf: (serverId: string) => DiskSocket,
  sockets: () => ReadonlyArray<DiskSocket>
): DiskStore => {
  const volumes = new Map<string, DiskImage>()
  const snapshots = new Map<string, DiskImage>()
  const backups = new Map<string, DiskImage>()

  const copiesOf = (kind: DiskSource["kind"]): Map<string, DiskImage> => {
    switch (kind) {
      case "volume":
        return volumes
      case "snapshot":
        return snapshots
      case "backup":
        return backups
    }
  }

  const image = (operation: string, kind: DiskSource["kind"], id: string) =>
    Effect.suspend(() => {
      const found = copiesOf(kind).get(id)
      return found === undefined ? fault(operation, `there is no ${kind} ${id}`) : Effect.succeed(found)
    })

  const copied = (operation: string, { id, kind }: DiskSource, into: Map<string, DiskImage>, key: string) =>
    Effect.map(image(operation, kind, id), ({ contents, sizeBytes }) => {
      into.set(key, { sizeBytes, contents: copyContents(contents) })
    })

  const backend: DiskBackendService = {
    create: (volumeId, sizeGiB, source) =>
      Effect.gen(function* () {
        if (volumes.has(volumeId)) return yield* fault("create", `volume ${volumeId} exists`)
        const sizeBytes = bytesOf(sizeGiB)
        if (source === undefined) {
          volumes.set(volumeId, { sizeBytes, contents: { _tag: "Blank" } })
          return
        }
        const from = yield* image("create", source.kind, source.id)
        if (from.sizeBytes > sizeBytes) return yield* fault("create", `${source.kind} ${source.id} is larger`)
        volumes.set(volumeId, { sizeBytes, contents: copyContents(from.contents) })
      }),
    remove: (volumeId) =>
      Effect.suspend(() => {
        if (sockets().some((socket) => socket.holds(volumeId)))
          return fault("remove", `volume ${volumeId} is plugged in`)
        volumes.delete(volumeId)
        return Effect.void
      }),
    resize: (volumeId, sizeGiB) =>
      Effect.gen(function* () {
        const disk = yield* image("resize", "volume", volumeId)
        if (bytesOf(sizeGiB) < disk.sizeBytes) return yield* fault("resize", `volume ${volumeId} would shrink`)
        disk.sizeBytes = bytesOf(sizeGiB)
        for (const socket of sockets()) socket.resized(volumeId)
      }),
    createSnapshot: (snapshotId, volumeId) =>
      copied("createSnapshot", { kind: "volume", id: volumeId }, snapshots, snapshotId),
    removeSnapshot: (snapshotId) => Effect.sync(() => snapshots.delete(snapshotId)),
    createBackup: (backupId, source) => copied("createBackup", source, backups, backupId),
    removeBackup: (backupId) => Effect.sync(() => backups.delete(backupId)),
    plug: (serverId, volumeId) =>
      Effect.flatMap(image("plug", "volume", volumeId), (disk) => socketOf(serverId).plug(volumeId, disk)),
    unplug: (serverId, volumeId) => Effect.sync(() => socketOf(serverId).unplug(volumeId))
  }

  return {
    backend,
    fill: (volumeId, filling) =>
      Effect.map(image("fill", "volume", volumeId), (disk) => {
        disk.contents = filled(filling, disk.sizeBytes)
      }),
    contents: (volumeId) => Effect.map(image("look", "volume", volumeId), ({ contents }) => scan(contents))
  }
}
