import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import {
  type CsiClient,
  VolumeCapability_AccessMode_Mode as Mode,
  type VolumeCapability
} from "../../src/adapters/csi/client.ts"
import { type LoopDisk, Scratch } from "./loopDisks.ts"

const volumeCapability: VolumeCapability = {
  accessType: { $case: "mount", value: { fsType: "ext4", mountFlags: [], volumeMountGroup: "" } },
  accessMode: { mode: Mode.SINGLE_NODE_WRITER }
}

/** A volume as kubelet asks a driver's socket for it, step by step. */
export const volumeOver = (csi: CsiClient, { volume: volumeId }: LoopDisk) =>
  Effect.map(Scratch, ({ folder }) => {
    const staging = join(folder, "kubelet", volumeId, "globalmount")
    const target = join(folder, "kubelet", "pods", volumeId, "mount")
    mkdirSync(staging, { recursive: true })
    mkdirSync(dirname(target), { recursive: true })
    const asked = { volumeId, volumeCapability, stagingTargetPath: staging }
    return {
      staging,
      target,
      stage: csi.nodeStageVolume(asked),
      publish: csi.nodePublishVolume({ ...asked, targetPath: target }),
      measure: csi.nodeGetVolumeStats({ volumeId, volumePath: target }),
      unpublish: csi.nodeUnpublishVolume({ volumeId, targetPath: target }),
      unstage: csi.nodeUnstageVolume({ volumeId, stagingTargetPath: staging })
    }
  })

export type AskedVolume = Effect.Effect.Success<ReturnType<typeof volumeOver>>

export const wholeLife = ({ measure, publish, stage, unpublish, unstage }: AskedVolume) =>
  Effect.all([stage, publish, measure, unpublish, unstage], { discard: true })
