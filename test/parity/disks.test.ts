import { randomUUID } from "node:crypto"
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect } from "effect"
import type { VolumeCapability } from "../../src/adapters/csi/client.ts"
import { sizeBytesKey } from "../../src/domain/publishContext.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { designator, page80, page83, pretend } from "../adapters/host/pretendedDisks.ts"
import { document, serve, telling } from "../adapters/metadata/metadataServer.ts"
import { MiB, Scratch, sh } from "../host/loopDisks.ts"
import { live, mountCapability, startWired } from "../support/wiredDriver.ts"
import { liveUnless, noDisks } from "./support/needs.ts"
import { kubeletPaths, onDisks, onItsWay, plugDisk, startOurNode } from "./support/nodes.ts"

const withDisks = liveUnless(noDisks)

const isBlank = (loop: string): boolean => readFileSync(loop).every((byte) => byte === 0)

describe("finding a disk", () => {
  const id = "1c2f4b7e-9d3a-4e51-8a6b-0f1e2d3c4b5a"
  const short = id.slice(0, 20)
  const hex = id.replaceAll("-", "")

  const links: ReadonlyArray<readonly [string, string, Readonly<Record<string, string | Uint8Array>>]> = [
    [`virtio-${short}`, "vdb", { serial: short }],
    [`virtio-${id}`, "vdb", { serial: id }],
    [`scsi-0QEMU_QEMU_HARDDISK_${short}`, "sdb", { "device/vpd_pg80": page80(short) }],
    [`scsi-0QEMU_QEMU_HARDDISK_${id}`, "sdb", { "device/vpd_pg83": page83(designator(2, 0, Buffer.from(id))) }],
    [`wwn-0x${hex}`, "sdb", { "device/vpd_pg83": page83(designator(1, 3, Buffer.from(hex, "hex"))) }],
    [`wwn-0x${hex}`, "sdb", { "device/wwid": `naa.${hex}\n` }]
  ]
  for (const [name, kernelName, files] of links) {
    live(
      `P-31 finds what udev calls ${name} (${Object.keys(files).join()}), with and without the link`,
      Effect.gen(function* () {
        const { devices, disk, link } = yield* pretend
        disk("sda", "8:0", {})
        disk(kernelName, "8:16", files)
        assert.strictEqual((yield* devices.find(VolumeId(id)))?.number, "8:16")
        link(name, kernelName)
        assert.strictEqual((yield* devices.find(VolumeId(id)))?.number, "8:16")
      })
    )
  }

  /** A disk that says nothing of itself, as Hyper-V's do, and a metadata service that tells where it is. */
  const anonymous = (sizeMiB: number) =>
    Effect.gen(function* () {
      const { folder } = yield* Scratch
      const file = join(folder, "disk.img")
      writeFileSync(file, "")
      truncateSync(file, sizeMiB * MiB)
      const loop = sh("losetup", "--find", "--show", file).trim()
      mkdirSync(join(folder, "dev", "disk", "by-path"))
      symlinkSync(loop, join(folder, "dev", "disk", "by-path", "acpi-VMBUS:00-scsi-0:0:0:2"))
      const volumeId = randomUUID()
      const described = { type: "disk", bus: "scsi", address: "0:0:0:2", serial: volumeId }
      const metadata = yield* serve(telling(document(undefined, undefined, [described])))
      const { csi } = yield* startWired("[Global]\n", ["--provide-controller-service=false"], {
        host: { devRoot: join(folder, "dev"), identity: "loop-backing-file" },
        metadata: { baseUrls: [metadata.url] }
      })
      return { csi, volumeId, loop }
    })

  withDisks(
    "P-31 finds a disk without a serial through the metadata, formats it and shows it to a pod",
    onDisks(
      Effect.gen(function* () {
        const { csi, loop, volumeId } = yield* anonymous(64)
        const paths = yield* kubeletPaths(volumeId, "mount")
        const volume = onItsWay(volumeId, paths, mountCapability())
        yield* volume.stage(csi)
        assert.strictEqual(sh("blkid", "-o", "value", "-s", "UUID", "-p", loop).trim(), volumeId)
        yield* volume.publish(csi)
        writeFileSync(join(paths.target, "note"), "kept")
        yield* volume.unpublish(csi)
        yield* volume.unstage(csi)
      })
    )
  )

  withDisks(
    "P-31 leaves the disk at that address alone if it is smaller than the volume",
    onDisks(
      Effect.gen(function* () {
        const { csi, loop, volumeId } = yield* anonymous(64)
        const { staging } = yield* kubeletPaths(volumeId, "mount")
        const refusal = yield* Effect.flip(
          csi.nodeStageVolume({
            volumeId,
            stagingTargetPath: staging,
            volumeCapability: mountCapability(),
            publishContext: new Map([[sizeBytesKey, String(128 * MiB)]])
          })
        )
        assert.strictEqual(refusal.code, status.NOT_FOUND)
        assert.isTrue(isBlank(loop))
      })
    )
  )
})

/** A figure of an ext file system, as dumpe2fs spells its name. */
const extFigure = (loop: string, name: string) =>
  new RegExp(`^${name}: +(.*)$`, "m").exec(sh("dumpe2fs", "-h", loop))?.[1]

const optionsAt = (target: string): ReadonlyArray<string> =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.split(" ")[4] === target)
    .flatMap((line) => [line.split(" ")[5] ?? "", line.split(" ").at(-1) ?? ""])
    .flatMap((text) => text.split(","))

/** A plugged disk on its way to a pod. */
const newVolume = (sizeMiB: number, capability = mountCapability(), context: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const disk = yield* plugDisk(sizeMiB)
    const paths = yield* kubeletPaths(disk.volumeId, "mount")
    return { ...disk, ...paths, ...onItsWay(disk.volumeId, paths, capability, new Map(Object.entries(context))) }
  })

const withFlags = (fsType: string, mountFlags: Array<string>): VolumeCapability => ({
  ...mountCapability(fsType),
  accessType: { $case: "mount", value: { fsType, mountFlags, volumeMountGroup: "" } }
})

describe("formatting, checking and mounting", () => {
  withDisks(
    "P-32 makes ext4 without reserved blocks where no type is asked",
    onDisks(
      Effect.gen(function* () {
        const { csi } = yield* startOurNode()
        const { loop, stage, unstage, volumeId } = yield* newVolume(64, mountCapability(""))
        yield* stage(csi)
        assert.strictEqual(sh("blkid", "-o", "value", "-s", "TYPE", "-p", loop).trim(), "ext4")
        assert.strictEqual(extFigure(loop, "Reserved block count"), "0")
        assert.strictEqual(extFigure(loop, "Filesystem UUID"), volumeId)
        yield* unstage(csi)
      })
    )
  )

  withDisks(
    "P-32 mounts xfs with nouuid, so that a copy can be mounted beside its original",
    onDisks(
      Effect.gen(function* () {
        const { csi } = yield* startOurNode()
        const original = yield* newVolume(320, mountCapability("xfs"))
        yield* original.stage(csi)
        yield* original.unstage(csi)
        const copy = yield* newVolume(320, mountCapability("xfs"))
        sh("dd", `if=${original.loop}`, `of=${copy.loop}`, "bs=4M", "conv=fsync", "status=none")
        yield* original.stage(csi)
        yield* copy.stage(csi)
        for (const { staging } of [original, copy]) assert.include(optionsAt(staging), "nouuid")
        yield* copy.unstage(csi)
        yield* original.unstage(csi)
      })
    )
  )

  withDisks(
    "P-32 applies mount flags at the stage, and ro or rw at the publish",
    onDisks(
      Effect.gen(function* () {
        const { csi } = yield* startOurNode()
        const volume = yield* newVolume(64, withFlags("ext4", ["noatime", "nodev"]))
        yield* volume.stage(csi)
        assert.includeMembers([...optionsAt(volume.staging)], ["noatime", "nodev", "rw"])
        yield* volume.publish(csi, true)
        assert.throws(() => writeFileSync(join(volume.target, "note"), "text"), /EROFS/)
        yield* volume.unpublish(csi)
        yield* volume.publish(csi)
        writeFileSync(join(volume.target, "note"), "text")
        yield* volume.unpublish(csi)
        yield* volume.unstage(csi)
      })
    )
  )

  withDisks(
    "P-32 checks and repairs an ext4 before it is mounted again",
    onDisks(
      Effect.gen(function* () {
        const { csi } = yield* startOurNode()
        const { loop, stage, staging, unstage } = yield* newVolume(64)
        yield* stage(csi)
        writeFileSync(join(staging, "note"), "kept")
        yield* unstage(csi)
        sh("debugfs", "-w", "-R", "set_super_value state 2", loop)
        sh("debugfs", "-w", "-R", "set_super_value free_blocks_count 7", loop)
        assert.match(extFigure(loop, "Filesystem state") ?? "", /with errors/)
        yield* stage(csi)
        assert.strictEqual(readFileSync(join(staging, "note"), "utf8"), "kept")
        yield* unstage(csi)
        assert.strictEqual(extFigure(loop, "Filesystem state"), "clean")
      })
    )
  )

  const foreign: ReadonlyArray<readonly [string, number, string | Buffer]> = [
    ["a LUKS header", 0, "LUKS\xba\xbe\x00\x01"],
    ["a partition table", 512, "EFI PART"],
    ["swap", 4086, "SWAPSPACE2"],
    ["LVM", 512, "LABELONE"],
    ["data without a signature", 8192, "somebody's bytes"]
  ]
  for (const [what, offset, mark] of foreign) {
    withDisks(
      `P-32 does not format a disk with ${what}`,
      onDisks(
        Effect.gen(function* () {
          const { csi } = yield* startOurNode()
          const { loop, stage } = yield* newVolume(64)
          const image = Buffer.alloc(MiB)
          Buffer.from(mark.toString(), "latin1").copy(image, offset)
          writeFileSync(loop, image)
          sh("sync", loop)
          assert.strictEqual((yield* Effect.flip(stage(csi))).code, status.FAILED_PRECONDITION)
          assert.isTrue(readFileSync(loop).subarray(0, MiB).equals(image))
        })
      )
    )
  }
})

describe("options for mkfs on the node", () => {
  for (const key of ["mkfs-options", "mkfsOptions"]) {
    withDisks(
      `P-43 ${key} of the volume context decides how the file system is made`,
      onDisks(
        Effect.gen(function* () {
          const { csi } = yield* startOurNode()
          const options = "-E nodiscard,-E lazy_itable_init=0,-O ^metadata_csum,-N 1024,-m 1,-L data"
          const { loop, stage, unstage } = yield* newVolume(64, mountCapability(), { [key]: options })
          yield* stage(csi)
          yield* unstage(csi)
          assert.notInclude(extFigure(loop, "Filesystem features") ?? "", "metadata_csum")
          assert.strictEqual(extFigure(loop, "Inode count"), "1024")
          assert.notStrictEqual(extFigure(loop, "Reserved block count"), "0")
          assert.strictEqual(extFigure(loop, "Filesystem volume name"), "data")
        })
      )
    )
  }

  const accepted: ReadonlyArray<readonly [string, string]> = [
    ["ext4", "-b 4096,-C 16k,-D,-e remount-ro,-E nodiscard,-G 16,-I 256,-J size=8,-K,-O ^resize_inode,-O bigalloc"],
    ["ext3", "-i 8192,-T small,-U random,-g 8192"],
    [
      "xfs",
      "-b size=4096,-d agcount=2,-i size=512,-i maxpct=10,-K,-L data,-l size=64m,-m reflink=0,-n size=8192,-s size=512"
    ],
    ["xfs", "-m uuid=8e2f8a5c-0b7f-4d6e-9c1a-3f5b7d9e1a2b"],
    ["btrfs", "-d single,-m single,-n 16k,-s 4k,-O ^no-holes,-L data,-K,--csum xxhash"]
  ]
  for (const [fsType, options] of accepted) {
    withDisks(
      `P-43 ${fsType} is made and mounted with ${options}`,
      onDisks(
        Effect.gen(function* () {
          const { csi } = yield* startOurNode()
          const { loop, stage, unstage } = yield* newVolume(512, mountCapability(fsType), { mkfsOptions: options })
          yield* stage(csi)
          yield* unstage(csi)
          assert.strictEqual(sh("blkid", "-o", "value", "-s", "TYPE", "-p", loop).trim(), fsType)
          yield* stage(csi)
          yield* unstage(csi)
        })
      )
    )
  }

  withDisks(
    "P-43 options that are not known to be harmless leave a blank disk blank and a file system in use",
    onDisks(
      Effect.gen(function* () {
        const { csi } = yield* startOurNode()
        const bad = { "mkfs-options": "-d /etc" }
        const blank = yield* newVolume(64, mountCapability(), bad)
        const refusal = yield* Effect.flip(blank.stage(csi))
        assert.strictEqual(refusal.code, status.INVALID_ARGUMENT)
        assert.include(refusal.details, 'volume_context["mkfs-options"] holds "-d /etc"')
        assert.isTrue(isBlank(blank.loop))
        sh("mkfs.ext4", "-q", blank.loop)
        yield* blank.stage(csi)
        yield* blank.unstage(csi)
      })
    )
  )
})

describe("growing at the stage", () => {
  for (const fsType of ["ext3", "ext4", "xfs", "btrfs"]) {
    withDisks(
      `P-34 ${fsType} grows to its disk when resizeRequired is set, and keeps its files`,
      onDisks(
        Effect.gen(function* () {
          const { csi } = yield* startOurNode()
          const volume = yield* newVolume(320, mountCapability(fsType), {
            "cinder.csi.openstack.org/resizeRequired": "true"
          })
          yield* volume.stage(csi)
          writeFileSync(join(volume.staging, "note"), "kept")
          yield* volume.unstage(csi)
          volume.grow(640)
          yield* volume.stage(csi)
          yield* volume.publish(csi)
          const total = (yield* volume.measure(csi)).usage[0]?.total ?? 0n
          assert.isAbove(Number(total), 500 * MiB)
          assert.strictEqual(readFileSync(join(volume.target, "note"), "utf8"), "kept")
          yield* volume.unpublish(csi)
          yield* volume.unstage(csi)
        })
      )
    )
  }
})
