import { randomUUID } from "node:crypto"
import { symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { layerHostLinux } from "../../src/adapters/host/HostMounterLinux.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { found, link, MiB, makeDisk, newDevice, onHost, Scratch, sh } from "./loopDisks.ts"

describe("finding a real disk", () => {
  it.live("finds the disk of a volume with its number and size", () =>
    onHost(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        const device = yield* found(disk)
        assert.strictEqual(device.path, disk.loop)
        assert.strictEqual(device.number, `7:${disk.loop.slice("/dev/loop".length)}`)
        assert.strictEqual(device.sizeBytes, BigInt(64 * MiB))
        assert.strictEqual(device.evidence, `backing file ${disk.file}`)
      })
    )
  )

  it.live("finds nothing for a volume that is not attached, and shows what it saw", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const disk = yield* makeDisk(64)
        assert.isUndefined(yield* host.findDevice(VolumeId(randomUUID())))
        assert.include((yield* host.describeDevices).join("\n"), disk.file)
      })
    )
  )

  it.live("does not believe a stale link that leads to another volume's disk", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { folder } = yield* Scratch
        const disk = yield* makeDisk(64)
        const gone = VolumeId(randomUUID())
        link(folder, gone, disk.loop)
        assert.isUndefined(yield* host.findDevice(gone))
      })
    )
  )

  it.live("does not believe a link that leads to a file instead of a disk", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { folder } = yield* Scratch
        const volume = VolumeId(randomUUID())
        writeFileSync(join(folder, `volume-${volume}`), "")
        link(folder, volume, join(folder, `volume-${volume}`))
        assert.isUndefined(yield* host.findDevice(volume))
      })
    )
  )

  it.live("fails if two disks claim to be the volume", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { folder } = yield* Scratch
        const disk = yield* makeDisk(64)
        const second = sh("losetup", "--find", "--show", disk.file).trim()
        symlinkSync(second, join(folder, "dev", "disk", "by-id", `virtio-${disk.volume}`))
        assert.match((yield* Effect.flip(host.findDevice(disk.volume))).message, /more than one disk/)
      })
    )
  )

  it.live("never takes a loop device for a volume where serials count", () =>
    onHost(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const disk = yield* makeDisk(64)
        const bySerial = layerHostLinux({ devRoot: join(folder, "dev") })
        const host = yield* Effect.provide(HostMounter, bySerial)
        assert.isUndefined(yield* host.findDevice(disk.volume))
      })
    )
  )

  it.live("sees that a disk has grown", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { disk, device } = yield* newDevice(64)
        truncateSync(disk.file, 128 * MiB)
        assert.strictEqual((yield* found(disk)).sizeBytes, BigInt(64 * MiB))
        assert.strictEqual((yield* host.refreshSize(device)).sizeBytes, BigInt(128 * MiB))
        assert.strictEqual((yield* found(disk)).sizeBytes, BigInt(128 * MiB))
      })
    )
  )

  it.live("looks for new disks on a host without SCSI and without udev", () =>
    onHost(Effect.flatMap(HostMounter, (host) => host.rescan))
  )

  it.live("tells the disk behind a device node, and that a file is none", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { disk, device } = yield* newDevice(64)
        const at = yield* host.deviceAt(disk.loop)
        assert.deepStrictEqual([at?.path, at?.number, at?.sizeBytes], [device.path, device.number, device.sizeBytes])
        assert.isUndefined(yield* host.deviceAt(disk.file))
        assert.isUndefined(yield* host.deviceAt(`${disk.file}.absent`))
      })
    )
  )
})
