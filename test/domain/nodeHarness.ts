import { Effect, Layer } from "effect"
import { type HostMemory, type HostMemoryServer, makeHostMemory } from "../../src/adapters/memory/HostMemory.ts"
import type { Access, AccessMode, VolumeCapability } from "../../src/domain/Capability.ts"
import type { DescribedDisk } from "../../src/domain/DescribedDisk.ts"
import type { IdentityUnknown } from "../../src/domain/errors.ts"
import { NodePublishing } from "../../src/domain/NodePublishing.ts"
import { type NodeOptions, NodeSettings } from "../../src/domain/NodeSettings.ts"
import { NodeStaging, type StageRequest } from "../../src/domain/NodeStaging.ts"
import { NodeVolumes } from "../../src/domain/NodeVolumes.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { type InstanceIdentity, InstanceMetadata } from "../../src/ports/InstanceMetadata.ts"

export const volumeId = VolumeId("8e2f8a5c-0b7f-4d6e-9c1a-3f5b7d9e1a2b")
export const otherVolumeId = VolumeId("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed")
export const GiB = 1_073_741_824n

export const stagingPath = "/kubelet/plugins/a/globalmount"
export const targetPath = "/kubelet/pods/1/mount"
export const secondTarget = "/kubelet/pods/2/mount"

const directories = ["/kubelet/plugins/a", "/kubelet/plugins/b", "/kubelet/pods/1", "/kubelet/pods/2"]

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
export const asText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const identity: InstanceIdentity = { serverId: ServerId("server-1"), zone: "nova", source: "config drive" }

export const defaults: NodeOptions = {
  maxVolumes: 0,
  limitFromGuest: false,
  withTopology: true,
  additionalTopology: {},
  rescanOnResize: false,
  formatNoise: false,
  uuidGuard: "refuse"
}

/** The node services over a memory host; each call builds them anew, as a restart of the driver does. */
export const servicesOn = (
  server: HostMemoryServer,
  options: Partial<NodeOptions> = {},
  metadata: Effect.Effect<InstanceIdentity, IdentityUnknown> = Effect.succeed(identity),
  disks: ReadonlyArray<DescribedDisk> = []
) =>
  Effect.all({ staging: NodeStaging, publishing: NodePublishing, volumes: NodeVolumes }).pipe(
    Effect.provide(
      Layer.mergeAll(NodeStaging.layer, NodePublishing.layer, NodeVolumes.layer).pipe(
        Layer.provide(
          Layer.mergeAll(
            server.layer,
            Layer.succeed(NodeSettings, { ...defaults, ...options }),
            Layer.succeed(InstanceMetadata, { identity: metadata, disks: Effect.succeed(disks) })
          )
        )
      )
    )
  )

export interface Node {
  readonly memory: HostMemory
  readonly host: HostMemoryServer
}

export const makeNode = (options: Partial<NodeOptions> = {}) =>
  Effect.gen(function* () {
    const memory = yield* makeHostMemory({ directories })
    const host = memory.server("server-1")
    const services = yield* servicesOn(host, options)
    return { memory, host, ...services }
  })

/** A node with one blank volume plugged in. */
export const nodeWithDisk = (options: Partial<NodeOptions> = {}) =>
  Effect.tap(makeNode(options), ({ memory }) => plugNew(memory, volumeId))

export const plugNew = (memory: HostMemory, id: string, sizeGiB = 1) =>
  Effect.zipRight(memory.disks.create(id, sizeGiB, undefined), memory.disks.plug("server-1", id))

export const mountCapability = (
  mode: AccessMode = "SINGLE_NODE_MULTI_WRITER",
  access: Partial<Extract<Access, { readonly _tag: "mount" }>> = {}
): VolumeCapability => ({ access: { _tag: "mount", fsType: "", flags: [], ...access }, mode })

export const blockCapability = (mode: AccessMode = "SINGLE_NODE_MULTI_WRITER"): VolumeCapability => ({
  access: { _tag: "block" },
  mode
})

export const stageRequest = (changes: Partial<StageRequest> = {}): StageRequest => ({
  volumeId,
  stagingPath,
  capability: mountCapability(),
  publishContext: {},
  volumeContext: {},
  ...changes
})

export const publishRequest = (changes: Partial<Parameters<NodePublishing["Type"]["publish"]>[0]> = {}) => ({
  volumeId,
  stagingPath,
  targetPath,
  capability: mountCapability(),
  readOnly: false,
  publishContext: {},
  volumeContext: {},
  ...changes
})

/** Targets of the mounts of volumes, without the host's own. */
export const mountTargets = (host: HostMemoryServer) =>
  Effect.map(host.mounter.mounts, (mounts) => mounts.map(({ target }) => target).filter((target) => target.length > 4))

/** What the disks of the host went through. */
export const operations = (host: HostMemoryServer) =>
  Effect.map(host.events, (events) => events.map(({ operation }) => operation))
