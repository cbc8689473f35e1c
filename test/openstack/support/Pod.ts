import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { CsiClient } from "../../../src/adapters/csi/client.ts"
import {
  VolumeCapability_AccessMode_Mode as Mode,
  VolumeUsage_Unit as Unit,
  type VolumeCapability,
  type VolumeContentSource
} from "../../../src/adapters/csi/client.ts"
import { bytesOf } from "../../../src/domain/Capacity.ts"
import { zoneKey } from "../../../src/domain/Topology.ts"
import { run } from "./commands.ts"
import type { LabNode } from "./LabNode.ts"

export const mounted = (fsType: string): VolumeCapability => ({
  accessType: { $case: "mount", value: { fsType, mountFlags: [], volumeMountGroup: "" } },
  accessMode: { mode: Mode.SINGLE_NODE_WRITER }
})

const rawOn = (mode: Mode): VolumeCapability => ({
  accessType: { $case: "block", value: {} },
  accessMode: { mode }
})

export const raw = rawOn(Mode.SINGLE_NODE_WRITER)

/** A raw disk that several nodes write to. */
export const sharedRaw = rawOn(Mode.MULTI_NODE_MULTI_WRITER)

/** Sidecars wait this long for the controller, kubelet for the node. */
const timeout = "2 minutes"

export interface MadeVolume {
  readonly id: string
  /** Zones of the answer's topology. */
  readonly zones: ReadonlyArray<string>
  readonly context: Map<string, string>
  readonly capability: VolumeCapability
}

const inZone = (zone: string) => ({ segments: new Map([[zoneKey, zone]]) })

/** What a sidecar sends for a StorageClass whose secret names a cloud. */
export const secretsFor = (cloud: string | undefined) => new Map(cloud === undefined ? [] : [["cloud", cloud]])

export const createVolume = (
  controller: CsiClient,
  name: string,
  capability: VolumeCapability,
  options: {
    readonly sizeGiB?: number
    readonly source?: VolumeContentSource
    readonly type?: string
    /** In order of preference. */
    readonly zones?: ReadonlyArray<string>
    /** Value of the secret's key `cloud`. */
    readonly cloud?: string
  } = {}
) =>
  controller
    .createVolume(
      {
        name,
        capacityRange: { requiredBytes: bytesOf(options.sizeGiB ?? 1), limitBytes: 0n },
        volumeCapabilities: [capability],
        volumeContentSource: options.source,
        parameters: new Map(options.type === undefined ? [] : [["type", options.type]]),
        secrets: secretsFor(options.cloud),
        accessibilityRequirements:
          options.zones === undefined ? undefined : { requisite: [], preferred: options.zones.map(inZone) }
      },
      { timeout }
    )
    .pipe(
      Effect.map(
        ({ volume }): MadeVolume => ({
          id: volume?.volumeId ?? "",
          zones: volume?.accessibleTopology.map(({ segments }) => segments.get(zoneKey) ?? "") ?? [],
          context: volume?.volumeContext ?? new Map(),
          capability
        })
      )
    )

export const deleteVolume = (controller: CsiClient, { id }: MadeVolume, cloud?: string) =>
  controller.deleteVolume({ volumeId: id, secrets: secretsFor(cloud) }, { timeout })

/** A volume in use by a pod on a node, as kubelet and the attacher bring it there. */
export interface InUse {
  /** The directory, or the device, that the pod sees. */
  readonly target: string
  readonly staging: string
  readonly unmount: Effect.Effect<void, unknown>
  readonly detach: Effect.Effect<void, unknown>
}

export const use = (controller: CsiClient, node: LabNode, { id, context, capability }: MadeVolume, readonly = false) =>
  Effect.gen(function* () {
    const staging = join(node.root, "staging", id)
    const pod = join(node.root, "pods", id)
    const target = join(pod, "volume")
    yield* Effect.tryPromise(() => mkdir(staging, { recursive: true }))
    yield* Effect.tryPromise(() => mkdir(pod, { recursive: true }))
    const { publishContext } = yield* controller.controllerPublishVolume(
      { volumeId: id, nodeId: node.serverId, volumeCapability: capability, volumeContext: context },
      { timeout }
    )
    const shared = { volumeId: id, stagingTargetPath: staging, volumeCapability: capability, publishContext }
    yield* node.csi.nodeStageVolume({ ...shared, volumeContext: context }, { timeout })
    yield* node.csi.nodePublishVolume({ ...shared, targetPath: target, readonly, volumeContext: context }, { timeout })
    const unmount = Effect.zipRight(
      node.csi.nodeUnpublishVolume({ volumeId: id, targetPath: target }, { timeout }),
      node.csi.nodeUnstageVolume({ volumeId: id, stagingTargetPath: staging }, { timeout })
    )
    const detach = controller.controllerUnpublishVolume({ volumeId: id, nodeId: node.serverId }, { timeout })
    return { target, staging, unmount: Effect.asVoid(unmount), detach: Effect.asVoid(detach) }
  })

export const totalBytes = (usage: ReadonlyArray<{ readonly unit: number; readonly total: bigint }>) =>
  usage.find(({ unit }) => unit === Unit.BYTES)?.total ?? 0n

/** Several MiB, so that more than metadata travels. */
export const writeData = (path: string, text: string) =>
  Effect.gen(function* () {
    yield* Effect.tryPromise(() => writeFile(path, text.repeat(200_000)))
    yield* run("sync", ["-f", path])
  })

export const readData = (path: string) =>
  Effect.map(
    Effect.tryPromise(() => readFile(path, "utf8")),
    (text) => text.slice(0, text.length / 200_000)
  )

export const expand = (controller: CsiClient, { id, capability }: MadeVolume, sizeGiB: number) =>
  controller.controllerExpandVolume(
    {
      volumeId: id,
      capacityRange: { requiredBytes: bytesOf(sizeGiB), limitBytes: 0n },
      volumeCapability: capability
    },
    { timeout }
  )

export const expandOnNode = (node: LabNode, { id, capability }: MadeVolume, place: InUse, sizeGiB: number) =>
  node.csi.nodeExpandVolume(
    {
      volumeId: id,
      volumePath: place.target,
      stagingTargetPath: place.staging,
      capacityRange: { requiredBytes: bytesOf(sizeGiB), limitBytes: 0n },
      volumeCapability: capability
    },
    { timeout }
  )
