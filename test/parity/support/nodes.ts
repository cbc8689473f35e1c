import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, rmdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { FileSystem } from "@effect/platform"
import { Effect, type Scope } from "effect"
import type { CsiClient, VolumeCapability } from "../../../src/adapters/csi/client.ts"
import { MiB, Scratch, sh } from "../../host/loopDisks.ts"
import { startWired } from "../../support/wiredDriver.ts"
import { startGoNode } from "./goDriver.ts"
import { startCloud } from "./onCloud.ts"

const byId = "/dev/disk/by-id"

/** Left alone where udev or another test has links. */
const removeEmpty = (folder: string) => {
  try {
    rmdirSync(folder)
  } catch {}
}

/** Makes the folder again if another test has just taken it away. */
const place = (name: string, device: string): void => {
  mkdirSync(byId, { recursive: true })
  try {
    symlinkSync(device, join(byId, name))
  } catch (error) {
    if (existsSync(byId)) throw error
    place(name, device)
  }
}

/** A name of udev's for a disk, in this machine's own /dev, the only place where the Go driver looks. */
const named = (name: string, device: string) =>
  Effect.acquireRelease(
    Effect.sync(() => place(name, device)),
    () =>
      Effect.sync(() => {
        rmSync(join(byId, name))
        removeEmpty(byId)
        removeEmpty(dirname(byId))
      })
  )

export interface PluggedDisk {
  readonly volumeId: string
  readonly loop: string
  /** As Cinder does for a volume in use: the disk is larger from now on. */
  readonly grow: (sizeMiB: number) => void
}

/** A disk of this machine that both drivers take for the volume. */
export const plugDisk = (sizeMiB: number, volumeId: string = randomUUID()) =>
  Effect.gen(function* () {
    const { folder } = yield* Scratch
    const file = join(folder, `volume-${volumeId}`)
    writeFileSync(file, "")
    truncateSync(file, sizeMiB * MiB)
    const loop = sh("losetup", "--find", "--show", file).trim()
    yield* named(`virtio-${volumeId.slice(0, 20)}`, loop)
    const grow = (size: number) => {
      truncateSync(file, size * MiB)
      sh("losetup", "--set-capacity", loop)
    }
    return { volumeId, loop, grow }
  })

/** The paths that kubelet has for one volume and one pod. */
export const kubeletPaths = (volumeId: string, access: "mount" | "block") =>
  Effect.map(Scratch, ({ folder }) => {
    const csi = join(folder, "kubelet", "plugins", "kubernetes.io", "csi")
    const pod = join(folder, "kubelet", "pods", "pod-1", "volumes", "kubernetes.io~csi", volumeId)
    const paths =
      access === "mount"
        ? { staging: join(csi, "cinder.csi.openstack.org", volumeId, "globalmount"), target: join(pod, "mount") }
        : {
            staging: join(csi, "volumeDevices", "staging", volumeId),
            target: join(csi, "volumeDevices", "publish", volumeId, "pod-1")
          }
    mkdirSync(paths.staging, { recursive: true })
    mkdirSync(dirname(paths.target), { recursive: true })
    return paths
  })

/** A volume on its way to a pod, as kubelet asks a node for it; each step may go to another driver. */
export const onItsWay = (
  volumeId: string,
  { staging, target }: { readonly staging: string; readonly target: string },
  volumeCapability: VolumeCapability,
  volumeContext: ReadonlyMap<string, string> = new Map()
) => {
  const asked = { volumeId, volumeCapability, stagingTargetPath: staging, volumeContext: new Map(volumeContext) }
  return {
    stage: (csi: CsiClient) => csi.nodeStageVolume(asked),
    publish: (csi: CsiClient, readonly = false) => csi.nodePublishVolume({ ...asked, targetPath: target, readonly }),
    measure: (csi: CsiClient) => csi.nodeGetVolumeStats({ volumeId, volumePath: target, stagingTargetPath: staging }),
    expand: (csi: CsiClient, requiredBytes: bigint) =>
      csi.nodeExpandVolume({
        volumeId,
        volumePath: target,
        stagingTargetPath: staging,
        capacityRange: { requiredBytes, limitBytes: 0n },
        volumeCapability
      }),
    unpublish: (csi: CsiClient) => csi.nodeUnpublishVolume({ volumeId, targetPath: target }),
    unstage: (csi: CsiClient) => csi.nodeUnstageVolume({ volumeId, stagingTargetPath: staging })
  }
}

const nodeAlone = "--provide-controller-service=false"

/** Our node on this machine's disks, with the metadata of the first server of a cloud whose credentials it has. */
export const startOurNode = (flags: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const { cloud, conf, nodeIds } = yield* startCloud()
    const { csi } = yield* startWired(conf, [nodeAlone, ...flags], {
      host: { devRoot: "/dev", identity: "loop-backing-file" },
      metadata: { baseUrls: [cloud.metadataUrl] }
    })
    return { csi, cloud, nodeIds }
  })

/** The same server played by the Go driver. */
export const startTheirNode = (flags: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const { cloud, nodeIds } = yield* startCloud()
    const document = yield* Effect.promise(() =>
      fetch(`${cloud.metadataUrl}/openstack/latest/meta_data.json`).then((answer) => answer.json())
    )
    return { csi: yield* startGoNode(document, flags), cloud, nodeIds }
  })

/** Ends what a test has mounted and looped, also if it failed. */
export const onDisks = <A, E>(test: Effect.Effect<A, E, Scratch | Scope.Scope | FileSystem.FileSystem>) =>
  Effect.scoped(test).pipe(Effect.provide(Scratch.layer))
