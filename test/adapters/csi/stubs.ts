import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Cause, Effect, HashMap, Layer, Logger } from "effect"
import { makeCsiClient } from "../../../src/adapters/csi/client.ts"
import { controllerService } from "../../../src/adapters/csi/controller.ts"
import type { CapacityRange, VolumeCapability } from "../../../src/adapters/csi/gen/csi.ts"
import { identityService } from "../../../src/adapters/csi/identity.ts"
import { nodeService } from "../../../src/adapters/csi/node.ts"
import { type ServeOptions, serve } from "../../../src/adapters/csi/server.ts"
import { Clouds, makeClouds } from "../../../src/domain/Clouds.ts"
import { VolumeNotFound } from "../../../src/domain/errors.ts"
import { NodePublishing } from "../../../src/domain/NodePublishing.ts"
import { NodeStaging } from "../../../src/domain/NodeStaging.ts"
import { NodeVolumes } from "../../../src/domain/NodeVolumes.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { SnapshotId } from "../../../src/domain/Snapshot.ts"
import type { SnapshotProvisioning } from "../../../src/domain/SnapshotProvisioning.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import type { VolumeAttachment } from "../../../src/domain/VolumeAttachment.ts"
import type { VolumeProvisioning } from "../../../src/domain/VolumeProvisioning.ts"

export const provisioned = {
  id: VolumeId("vol-1"),
  sizeBytes: 1_073_741_824n,
  context: {},
  source: undefined,
  topology: []
}

const cut = {
  id: SnapshotId("snap-1"),
  volumeId: VolumeId("vol-1"),
  sizeBytes: 1_073_741_824n,
  createdAt: 1_700_000_000_250,
  ready: true
}

const volumes: VolumeProvisioning["Type"] = {
  provision: () => Effect.succeed(provisioned),
  remove: () => Effect.void,
  expand: () => Effect.succeed({ sizeBytes: 2_147_483_648n, nodeExpansionRequired: true }),
  validate: () => Effect.succeed({ problem: undefined }),
  get: (id) => Effect.fail(new VolumeNotFound({ id })),
  list: () => Effect.succeed({ entries: [], nextToken: undefined })
}

const attachments: VolumeAttachment["Type"] = {
  publish: () => Effect.succeed({ DevicePath: "/dev/vdb" }),
  unpublish: () => Effect.void
}

const snapshots: SnapshotProvisioning["Type"] = {
  create: () => Effect.succeed(cut),
  remove: () => Effect.void,
  list: () => Effect.succeed({ entries: [cut], nextToken: undefined })
}

const staging: NodeStaging["Type"] = { stage: () => Effect.void, unstage: () => Effect.void }

const publishing: NodePublishing["Type"] = { publish: () => Effect.void, unpublish: () => Effect.void }

const nodeVolumes: NodeVolumes["Type"] = {
  usage: () => Effect.succeed({ _tag: "block", totalBytes: 1_073_741_824n }),
  health: () => Effect.succeed({ _tag: "Healthy" }),
  expand: () => Effect.succeed(2_147_483_648n),
  info: Effect.succeed({ serverId: ServerId("server-1"), maxVolumes: 24, topology: { zone: "nova" } })
}

/** Answers that differ from the plain success of every method. */
export interface Stubs {
  /** The clouds that are served, all by the same stubs; unless given, plain [Global]. */
  readonly cloudNames?: ReadonlyArray<string>
  readonly volumes?: Partial<VolumeProvisioning["Type"]>
  readonly attachments?: Partial<VolumeAttachment["Type"]>
  readonly snapshots?: Partial<SnapshotProvisioning["Type"]>
  readonly staging?: Partial<NodeStaging["Type"]>
  readonly publishing?: Partial<NodePublishing["Type"]>
  readonly nodeVolumes?: Partial<NodeVolumes["Type"]>
}

const cloudsOf = (stubs: Stubs) => {
  const services = {
    volumes: { ...volumes, ...stubs.volumes },
    attachments: { ...attachments, ...stubs.attachments },
    snapshots: { ...snapshots, ...stubs.snapshots }
  }
  return makeClouds(new Map((stubs.cloudNames ?? [""]).map((name) => [name, services])))
}

const layerOf = (stubs: Stubs) =>
  Layer.mergeAll(
    Layer.succeed(Clouds, cloudsOf(stubs)),
    Layer.succeed(NodeStaging, { ...staging, ...stubs.staging }),
    Layer.succeed(NodePublishing, { ...publishing, ...stubs.publishing }),
    Layer.succeed(NodeVolumes, { ...nodeVolumes, ...stubs.nodeVolumes })
  )

export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "csi-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

export const servicesOf = (stubs: Stubs = {}, withTopology = true) =>
  Effect.all([controllerService({ singleNodeMultiWriter: true }), nodeService({ singleNodeMultiWriter: true })]).pipe(
    Effect.map((services) => [identityService({ vendorVersion: "1.2.3", withTopology }), ...services]),
    Effect.provide(layerOf(stubs))
  )

export const serveAt = (path: string, stubs: Stubs = {}, options: Partial<ServeOptions> = {}) =>
  Effect.flatMap(servicesOf(stubs), (services) => serve({ endpoint: { _tag: "Unix", path }, services, ...options }))

/** A server of all three services on a socket of its own, and a client of it. */
export const driver = (stubs: Stubs = {}, options: Partial<ServeOptions> = {}) =>
  Effect.gen(function* () {
    const path = join(yield* temporaryDirectory, "csi.sock")
    const { target } = yield* serveAt(path, stubs, options)
    return { path, client: yield* makeCsiClient(target) }
  })

/** Every line that is logged, with all that a logger is told about it. */
export const capturedLogs = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ annotations, cause, logLevel, message }) => {
    const ids = Object.fromEntries(HashMap.toEntries(annotations))
    lines.push(JSON.stringify([logLevel.label, message, ids, Cause.pretty(cause)]))
  })
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

export const quiet = Logger.remove(Logger.defaultLogger)

export const mountCapability: VolumeCapability = {
  accessType: { $case: "mount", value: { fsType: "ext4", mountFlags: [], volumeMountGroup: "" } },
  accessMode: { mode: 1 }
}

export const blockCapability: VolumeCapability = {
  accessType: { $case: "block", value: {} },
  accessMode: { mode: 1 }
}

export const oneGiB: CapacityRange = { requiredBytes: 1_073_741_824n, limitBytes: 0n }
