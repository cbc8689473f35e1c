import { Data, Effect } from "effect"
import {
  type CsiClient,
  type VolumeCapability,
  VolumeCapability_AccessMode_Mode,
  type VolumeContentSource,
  VolumeUsage_Unit
} from "../../adapters/csi/client.ts"
import { bytesOf } from "../../domain/Capacity.ts"
import type { DemoHost } from "./DemoHost.ts"
import type { Steps } from "./steps.ts"

/** The life did not go as a user would expect. */
class Disappointment extends Data.TaggedError("Disappointment")<{ readonly problem: string }> {
  override get message() {
    return this.problem
  }
}

const disappointed = (problem: string) => new Disappointment({ problem })

const capability: VolumeCapability = {
  accessType: { $case: "mount", value: { fsType: "ext4", mountFlags: [], volumeMountGroup: "" } },
  accessMode: { mode: VolumeCapability_AccessMode_Mode.SINGLE_NODE_WRITER }
}

const mebibytes = (bytes: bigint): string => `${bytes / 1_048_576n} MiB`

interface Paths {
  readonly staging: string
  readonly pod: string
  readonly target: string
}

/** Takes one volume, and a copy of it, from creation to deletion through the socket, as Kubernetes would. */
export const liveOneLife = (csi: CsiClient, host: DemoHost, { step }: Steps) =>
  Effect.gen(function* () {
    const { nodeId } = yield* step("ask the node who it is", csi.nodeGetInfo(), ({ nodeId }) => `server ${nodeId}`)

    const create = (name: string, source: VolumeContentSource | undefined) =>
      csi
        .createVolume({
          name,
          capacityRange: { requiredBytes: bytesOf(1), limitBytes: 0n },
          volumeCapabilities: [capability],
          volumeContentSource: source
        })
        .pipe(
          Effect.flatMap(({ volume }) =>
            volume === undefined
              ? Effect.fail(disappointed("CreateVolume answered without a volume"))
              : Effect.succeed(volume)
          )
        )

    const pathsOf = (name: string): Paths => ({
      staging: `${host.root}/kubelet/staging/${name}/globalmount`,
      pod: `${host.root}/kubelet/pods/${name}`,
      target: `${host.root}/kubelet/pods/${name}/mount`
    })

    const publish = (volumeId: string) =>
      Effect.map(
        csi.controllerPublishVolume({ volumeId, nodeId, volumeCapability: capability }),
        ({ publishContext }) => publishContext
      )

    const stage = (
      volumeId: string,
      paths: Paths,
      publishContext: Map<string, string>,
      volumeContext: Map<string, string>
    ) =>
      Effect.zipRight(
        host.makeDirectory(paths.staging),
        csi.nodeStageVolume({
          volumeId,
          stagingTargetPath: paths.staging,
          volumeCapability: capability,
          publishContext,
          volumeContext
        })
      )

    const mount = (volumeId: string, paths: Paths, publishContext: Map<string, string>) =>
      Effect.zipRight(
        host.makeDirectory(paths.pod),
        csi.nodePublishVolume({
          volumeId,
          stagingTargetPath: paths.staging,
          targetPath: paths.target,
          volumeCapability: capability,
          publishContext
        })
      )

    const unmount = (volumeId: string, paths: Paths) =>
      Effect.zipRight(
        csi.nodeUnpublishVolume({ volumeId, targetPath: paths.target }),
        csi.nodeUnstageVolume({ volumeId, stagingTargetPath: paths.staging })
      )

    const sizeAt = (volumeId: string, paths: Paths) =>
      Effect.map(
        csi.nodeGetVolumeStats({ volumeId, volumePath: paths.target, stagingTargetPath: paths.staging }),
        ({ usage }) => usage.find(({ unit }) => unit === VolumeUsage_Unit.BYTES)?.total ?? 0n
      )

    const greeting = `written at ${new Date().toISOString()}\n`
    const first = pathsOf("first")
    const copy = pathsOf("copy")

    const volume = yield* step("create a volume of 1 GiB", create("pvc-demo", undefined), ({ volumeId }) => volumeId)
    const { volumeId, volumeContext } = volume
    const publishContext = yield* step("publish it to the node", publish(volumeId))
    yield* step("stage it: find the disk, format, mount", stage(volumeId, first, publishContext, volumeContext))
    yield* step("mount it into a pod", mount(volumeId, first, publishContext))
    yield* step("write a file", host.write(`${first.target}/greeting`, greeting), () => greeting.trim())

    const { snapshot } = yield* step(
      "take a snapshot",
      csi.createSnapshot({ name: "snapshot-demo", sourceVolumeId: volumeId }),
      ({ snapshot }) => snapshot?.snapshotId ?? ""
    )
    const snapshotId = snapshot?.snapshotId ?? ""
    const restored = yield* step(
      "restore it to a second volume",
      create("pvc-demo-copy", { type: { $case: "snapshot", value: { snapshotId } } }),
      ({ volumeId }) => volumeId
    )
    const copyContext = yield* step(
      "publish, stage and mount the copy",
      Effect.gen(function* () {
        const context = yield* publish(restored.volumeId)
        yield* stage(restored.volumeId, copy, context, restored.volumeContext)
        yield* mount(restored.volumeId, copy, context)
        return context
      })
    )
    yield* step(
      "read the file back from the copy",
      Effect.filterOrFail(
        host.read(`${copy.target}/greeting`),
        (text) => text === greeting,
        (text) => disappointed(`the copy holds ${JSON.stringify(text)}`)
      ),
      (text) => text.trim()
    )

    yield* step(
      "expand the copy to 2 GiB in the cloud",
      csi.controllerExpandVolume({
        volumeId: restored.volumeId,
        capacityRange: { requiredBytes: bytesOf(2), limitBytes: 0n },
        volumeCapability: capability
      })
    )
    const growth = yield* step(
      "grow its file system while mounted",
      csi
        .nodeExpandVolume({
          volumeId: restored.volumeId,
          volumePath: copy.target,
          stagingTargetPath: copy.staging,
          capacityRange: { requiredBytes: bytesOf(2), limitBytes: 0n },
          volumeCapability: capability
        })
        .pipe(
          Effect.as("done"),
          Effect.catchIf(
            ({ details }) => details.includes("CAP_SYS_RESOURCE"),
            () => Effect.succeed("withheld, this kernel asks CAP_SYS_RESOURCE for it")
          )
        ),
      (outcome) => outcome
    )
    if (growth !== "done") {
      yield* step(
        "unmount it, grow, mount it again",
        Effect.gen(function* () {
          yield* unmount(restored.volumeId, copy)
          yield* stage(restored.volumeId, copy, copyContext, restored.volumeContext)
          yield* mount(restored.volumeId, copy, copyContext)
        })
      )
    }
    yield* step(
      "look at its size",
      Effect.filterOrFail(
        sizeAt(restored.volumeId, copy),
        (bytes) => bytes > bytesOf(1),
        (bytes) => disappointed(`the file system did not grow: ${mebibytes(bytes)}`)
      ),
      mebibytes
    )

    yield* step("unmount both", Effect.zipRight(unmount(volumeId, first), unmount(restored.volumeId, copy)))
    yield* step(
      "detach both",
      Effect.zipRight(
        csi.controllerUnpublishVolume({ volumeId, nodeId }),
        csi.controllerUnpublishVolume({ volumeId: restored.volumeId, nodeId })
      )
    )
    yield* step(
      "delete the snapshot and both volumes",
      Effect.gen(function* () {
        yield* csi.deleteSnapshot({ snapshotId })
        yield* csi.deleteVolume({ volumeId })
        yield* csi.deleteVolume({ volumeId: restored.volumeId })
      })
    )
    yield* step(
      "see that nothing is left",
      Effect.filterOrFail(
        csi.listVolumes(),
        ({ entries }) => entries.length === 0,
        ({ entries }) => disappointed(`${entries.length} volumes are left`)
      )
    )
  })
