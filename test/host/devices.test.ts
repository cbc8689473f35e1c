import { randomUUID } from "node:crypto"
import { existsSync, fstatSync, openSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { makeDevices } from "../../src/adapters/host/devices.ts"
import { layerHostLinux } from "../../src/adapters/host/HostMounterLinux.ts"
import { defaultHostOptions } from "../../src/adapters/host/HostOptions.ts"
import { makePinned } from "../../src/adapters/host/pinning.ts"
import { makeSlowRead } from "../../src/adapters/host/slowReads.ts"
import { makeSysfs } from "../../src/adapters/host/sysfs.ts"
import { mutate } from "../../src/adapters/process/Command.ts"
import type { HostFailure } from "../../src/domain/errors.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { found, link, MiB, makeDisk, mountsBelow, newDevice, newFolder, onHost, Scratch, sh } from "./loopDisks.ts"

const ext4Image = Effect.map(Scratch, ({ folder }) => {
  const file = join(folder, "image")
  writeFileSync(file, "")
  truncateSync(file, 64 * MiB)
  sh("mkfs.ext4", "-q", "-F", file)
  return file
})

/** A disk whose number another has by now; fails if somebody else was quicker to take the number. */
const replacedBy = (file: string) =>
  Effect.tap(newDevice(64), ({ disk }) =>
    Effect.try(() => {
      sh("losetup", "--detach", disk.loop)
      sh("losetup", disk.loop, file)
    })
  )

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

  it.live("touches no disk that came in the place of the one that was meant", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { folder } = yield* Scratch
        const target = yield* newFolder("target")
        const file = join(folder, "file")
        writeFileSync(file, "")
        const next = yield* ext4Image
        const old = yield* Effect.retry(replacedBy(next), { times: 20 })
        const before = readFileSync(next)
        const touches: Readonly<Record<string, Effect.Effect<unknown, HostFailure>>> = {
          contentsOf: host.contentsOf(old.device),
          format: host.format(old.device, "Blank", "ext4", undefined, []),
          check: host.check(old.device, "ext4"),
          grow: host.grow(old.device, "ext4", undefined),
          "grow mounted": host.grow(old.device, "xfs", target),
          mount: host.mount(old.device, target, "ext4", []),
          bind: host.bind(old.device.path, file, false, old.device),
          refreshSize: host.refreshSize(old.device)
        }
        for (const [what, touch] of Object.entries(touches)) {
          assert.match((yield* Effect.flip(touch)).message, /the disk is gone/, what)
        }
        assert.deepStrictEqual(mountsBelow(folder), [])
        assert.isTrue(before.equals(readFileSync(next)))
        assert.notStrictEqual((yield* host.deviceAt(old.disk.loop))?.instance, old.device.instance)
      })
    )
  )

  it.live("keeps its name from being given away as long as a program works on it", () =>
    onHost(
      Effect.gen(function* () {
        const { disk, device } = yield* newDevice(64)
        const backing = `/sys/class/block/${disk.loop.slice("/dev/".length)}/loop/backing_file`
        const detach = {
          operation: "detach the disk that is worked on",
          program: "sh",
          debianPackage: "dash",
          args: ["-c", `losetup --detach ${disk.loop}; cat ${backing}`],
          timeLimit: "10 seconds"
        } as const
        const { pinned } = makeDevices({ ...defaultHostOptions, identity: "loop-backing-file" }, yield* makeSlowRead)
        const during = yield* pinned("work on it", device, (holds) => mutate({ ...detach, holds }))
        assert.strictEqual(during.stdout.trim(), disk.file)
        const isAttached = Effect.sync(() => existsSync(backing) && readFileSync(backing, "utf8").trim() === disk.file)
        yield* Effect.repeat(isAttached, { until: (attached) => !attached })
      })
    )
  )

  it.live("is not held open by a call that was given up before it opened", () =>
    onHost(
      Effect.gen(function* () {
        const { device } = yield* newDevice(64)
        let letGo: (descriptor: number) => void = () => undefined
        const opened = new Promise<number>((resolve) => {
          letGo = resolve
        })
        const limits = { ...defaultHostOptions.limits, look: Duration.millis(50) }
        const pinned = makePinned(
          { limits },
          makeSysfs("/sys"),
          yield* makeSlowRead,
          () => Effect.void,
          () => opened
        )
        yield* Effect.flip(pinned("check it", device, () => Effect.die("it was used")))
        const descriptor = openSync(device.path, "r")
        letGo(descriptor)
        const isClosed = Effect.try(() => fstatSync(descriptor)).pipe(Effect.flip, Effect.eventually)
        yield* Effect.timeoutFail(isClosed, { duration: "5 seconds", onTimeout: () => "it is open still" })
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
