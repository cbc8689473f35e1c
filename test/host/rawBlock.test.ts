import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect } from "effect"
import { VolumeUsage_Unit as Unit } from "../../src/adapters/csi/gen/csi.ts"
import { blockCapability, freePort, live, startWired } from "../support/wiredDriver.ts"
import { type LoopDisk, MiB, makeDisk, mountsBelow, Scratch, sh } from "./loopDisks.ts"

/** The node's service on a socket, over the disks of a folder of its own. */
const startNode = Effect.gen(function* () {
  const { folder } = yield* Scratch
  const nothing = `http://127.0.0.1:${yield* freePort}`
  const { csi } = yield* startWired("", ["--provide-controller-service=false"], {
    host: { devRoot: join(folder, "dev"), identity: "loop-backing-file" },
    metadata: { baseUrls: [nothing] }
  })
  return csi
})

const onSocket = <A, E>(test: Effect.Effect<A, E, Scratch | Effect.Effect.Context<typeof startNode>>) =>
  Effect.provide(test, Scratch.layer)

const volumeCapability = blockCapability()

/** Kubelet's paths of a raw block volume (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#raw-block-volume-support). */
const pathsOf = (folder: string, { volume }: LoopDisk) => {
  const devices = join(folder, "plugins", "kubernetes.io", "csi", "volumeDevices")
  const paths = {
    staging: join(devices, "staging", `pv-${volume}`),
    target: join(devices, "publish", `pv-${volume}`, "pod-1"),
    map: join(devices, `pv-${volume}`, "dev", "pod-1")
  }
  mkdirSync(paths.staging, { recursive: true })
  mkdirSync(dirname(paths.target), { recursive: true })
  mkdirSync(dirname(paths.map), { recursive: true })
  return paths
}

const published = (sizeMiB: number) =>
  Effect.gen(function* () {
    const { folder } = yield* Scratch
    const disk = yield* makeDisk(sizeMiB)
    const csi = yield* startNode
    const paths = pathsOf(folder, disk)
    const volumeId: string = disk.volume
    const asked = { volumeId, volumeCapability, stagingTargetPath: paths.staging }
    const publish = (readonly = false) => csi.nodePublishVolume({ ...asked, targetPath: paths.target, readonly })
    yield* csi.nodeStageVolume(asked)
    yield* publish()
    return { csi, disk, folder, paths, volumeId, publish }
  })

describe("a raw block volume", () => {
  live(
    "is bound to its target once, however often it is published, and all is gone after one unpublish",
    onSocket(
      Effect.gen(function* () {
        const { csi, folder, paths, publish, volumeId } = yield* published(16)
        yield* Effect.repeatN(publish(), 4)
        assert.deepStrictEqual(mountsBelow(folder), [paths.target])
        yield* csi.nodeUnpublishVolume({ volumeId, targetPath: paths.target })
        yield* csi.nodeUnstageVolume({ volumeId, stagingTargetPath: paths.staging })
        assert.deepStrictEqual([mountsBelow(folder), existsSync(paths.target)], [[], false])
      })
    )
  )

  live(
    "holds all that a pod wrote once the pod has closed it, without a flush of ours",
    onSocket(
      Effect.gen(function* () {
        const { csi, disk, paths, volumeId } = yield* published(16)
        const written = Buffer.alloc(8 * MiB, "written by a pod ")
        const pod = openSync(paths.target, "r+")
        writeSync(pod, written, 0, written.length, MiB)
        closeSync(pod)
        yield* csi.nodeUnpublishVolume({ volumeId, targetPath: paths.target })
        yield* csi.nodeUnstageVolume({ volumeId, stagingTargetPath: paths.staging })
        assert.isTrue(
          readFileSync(disk.file)
            .subarray(MiB, 9 * MiB)
            .equals(written)
        )
      })
    )
  )

  live(
    "tells its size where it is published and where kubelet maps it, and nowhere else",
    onSocket(
      Effect.gen(function* () {
        const { csi, disk, folder, paths, volumeId } = yield* published(16)
        writeFileSync(paths.map, "")
        sh("mount", "--bind", paths.target, paths.map)
        const other = yield* makeDisk(32)
        const aside = join(dirname(paths.map), "pod-2")
        writeFileSync(aside, "")
        sh("mount", "--bind", other.loop, aside)
        const alias = join(folder, "alias")
        symlinkSync(disk.loop, alias)
        for (const path of [paths.target, paths.map]) {
          const { usage } = yield* csi.nodeGetVolumeStats({ volumeId, volumePath: path })
          assert.deepStrictEqual(
            usage.map(({ total, unit }) => [unit, total]),
            [[Unit.BYTES, BigInt(16 * MiB)]]
          )
        }
        const elsewhere = [
          paths.staging,
          dirname(paths.target),
          dirname(paths.map),
          `${paths.map}-absent`,
          aside,
          alias
        ]
        for (const path of elsewhere) {
          const { code } = yield* Effect.flip(csi.nodeGetVolumeStats({ volumeId, volumePath: path }))
          assert.strictEqual(code, status.NOT_FOUND, path)
        }
      })
    )
  )

  live(
    "tells its size, and no error, while a pod has it open",
    onSocket(
      Effect.gen(function* () {
        const { csi, paths, volumeId } = yield* published(16)
        const { usage } = yield* Effect.acquireUseRelease(
          Effect.sync(() => openSync(paths.target, "r+")),
          () => csi.nodeGetVolumeStats({ volumeId, volumePath: paths.target }),
          (pod) => Effect.sync(() => closeSync(pod))
        )
        assert.strictEqual(usage[0]?.total, BigInt(16 * MiB))
      })
    )
  )

  live(
    "expands by a look at its size, and is left alone but for that",
    onSocket(
      Effect.gen(function* () {
        const { csi, disk, paths, volumeId } = yield* published(16)
        sh("mkfs.ext4", "-q", disk.loop)
        const contents = sh("dumpe2fs", "-h", disk.loop)
        truncateSync(disk.file, 128 * MiB)
        const expand = (volumePath: string, requiredMiB: number) =>
          csi.nodeExpandVolume({
            volumeId,
            volumePath,
            stagingTargetPath: paths.staging,
            capacityRange: { requiredBytes: BigInt(requiredMiB * MiB), limitBytes: 0n },
            volumeCapability
          })
        for (const path of [paths.target, paths.target]) {
          assert.strictEqual((yield* expand(path, 128)).capacityBytes, BigInt(128 * MiB))
        }
        assert.strictEqual(sh("dumpe2fs", "-h", disk.loop), contents)
        const { code } = yield* Effect.flip(expand(paths.staging, 128))
        assert.strictEqual(code, status.NOT_FOUND)
      })
    )
  )

  live(
    "published for reading is bound read-only, which no device node heeds: the container's runtime must",
    onSocket(
      Effect.gen(function* () {
        const { csi, disk, paths, volumeId, publish } = yield* published(16)
        const { code } = yield* Effect.flip(publish(true))
        assert.strictEqual(code, status.ALREADY_EXISTS)
        yield* csi.nodeUnpublishVolume({ volumeId, targetPath: paths.target })
        yield* publish(true)
        assert.match(sh("findmnt", "--noheadings", "--output", "VFS-OPTIONS", paths.target), /^ro\b/)
        assert.strictEqual(sh("blockdev", "--getro", disk.loop).trim(), "0")
        closeSync(openSync(paths.target, "r+"))
      })
    )
  )
})
