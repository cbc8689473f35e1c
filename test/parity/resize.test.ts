import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { page80 } from "../adapters/host/pretendedDisks.ts"
import { MiB, Scratch, sh } from "../host/loopDisks.ts"
import { blockCapability, mountCapability, startWired } from "../support/wiredDriver.ts"
import { liveUnless, noDisks } from "./support/needs.ts"
import { kubeletPaths, onDisks, onItsWay, plugDisk } from "./support/nodes.ts"

const withDisks = liveUnless(noDisks)

const nodeAlone = ["--provide-controller-service=false"]
const rescanning = "[BlockStorage]\nrescan-on-resize = true\n"

/** A disk of this machine that sysfs shows as a SCSI disk, with a file by which the kernel is told to look again. */
const scsiDisk = (volumeId: string, loop: string) =>
  Effect.map(Scratch, ({ folder }) => {
    const [devRoot, sysRoot] = [join(folder, "dev"), join(folder, "sys")]
    const number = readFileSync(join("/sys/class/block", loop.replace("/dev/", ""), "dev"), "utf8").trim()
    const disk = join(sysRoot, "class", "block", "sda")
    mkdirSync(join(sysRoot, "block", "sda"), { recursive: true })
    mkdirSync(join(sysRoot, "dev", "block"), { recursive: true })
    mkdirSync(join(disk, "device"), { recursive: true })
    symlinkSync(disk, join(sysRoot, "dev", "block", number))
    writeFileSync(join(disk, "dev"), `${number}\n`)
    writeFileSync(join(disk, "size"), `${(64 * MiB) / 512}\n`)
    writeFileSync(join(disk, "device", "vpd_pg80"), page80(volumeId))
    writeFileSync(join(disk, "device", "rescan"), "")
    mkdirSync(devRoot, { recursive: true })
    const node = join(devRoot, "sda")
    sh("mknod", node, "b", ...number.split(":"))
    return { devRoot, sysRoot, node, told: () => readFileSync(join(disk, "device", "rescan"), "utf8") }
  })

describe("rescan-on-resize", () => {
  for (const [conf, told] of [
    [rescanning, "1"],
    ["[BlockStorage]\n", ""]
  ] as const) {
    withDisks(
      `P-12 rescan-on-resize ${told === "" ? "unset leaves a SCSI disk alone" : "has a SCSI disk asked for its size"}`,
      onDisks(
        Effect.gen(function* () {
          const { loop, volumeId } = yield* plugDisk(64)
          const disk = yield* scsiDisk(volumeId, loop)
          const { csi } = yield* startWired(conf, nodeAlone, { host: { devRoot: disk.devRoot, sysRoot: disk.sysRoot } })
          const grown = yield* csi.nodeExpandVolume({
            volumeId,
            volumePath: disk.node,
            volumeCapability: blockCapability()
          })
          assert.strictEqual(grown.capacityBytes, BigInt(64 * MiB))
          assert.strictEqual(disk.told(), told)
        })
      )
    )
  }

  withDisks(
    "P-12 rescan-on-resize finds a disk larger than the kernel knew, and grows its file system",
    onDisks(
      Effect.gen(function* () {
        const { loop, volumeId } = yield* plugDisk(320)
        const paths = yield* kubeletPaths(volumeId, "mount")
        const volume = onItsWay(volumeId, paths, mountCapability("xfs"))
        const host = { devRoot: "/dev", identity: "loop-backing-file" } as const
        const { csi } = yield* startWired(rescanning, nodeAlone, { host })
        yield* volume.stage(csi)
        yield* volume.publish(csi)
        truncateSync(sh("losetup", "--noheadings", "--output", "BACK-FILE", loop).trim(), 640 * MiB)
        yield* csi.nodeExpandVolume({ volumeId, volumePath: paths.target, volumeCapability: mountCapability("xfs") })
        assert.isAbove(Number((yield* volume.measure(csi)).usage[0]?.total ?? 0n), 500 * MiB)
        yield* volume.unpublish(csi)
        yield* volume.unstage(csi)
      })
    )
  )
})
