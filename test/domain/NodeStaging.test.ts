import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Logger, LogLevel, TestClock } from "effect"
import { CallDeadline } from "../../src/domain/CallDeadline.ts"
import type { DiskAddress } from "../../src/domain/DescribedDisk.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { capturedLogs } from "../adapters/csi/stubs.ts"
import {
  asText,
  blockCapability,
  GiB,
  makeNode,
  mountCapability,
  mountTargets,
  nodeWithDisk,
  operations,
  otherVolumeId,
  plugNew,
  publishRequest,
  secondTarget,
  servicesOn,
  stageRequest,
  stagingPath,
  targetPath,
  text,
  volumeId
} from "./nodeHarness.ts"

const oldFile = { "/precious": text("keep me") }

describe("NodeStaging", () => {
  describe("a blank disk", () => {
    it.effect("gets the default file system, named by the volume's id, and is mounted", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        yield* host.writeFile(`${stagingPath}/file`, text("hello"))
        const names = { uuid: volumeId as string, label: `csi-${volumeId.slice(0, 8)}` }
        const expected = { _tag: "FileSystem" as const, type: "ext4", ...names, sizeBytes: GiB }
        assert.deepStrictEqual(yield* memory.contents(volumeId), expected)
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
      })
    )

    it.effect("gets the file system that is asked for and the flags at its mount", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        const capability = mountCapability("SINGLE_NODE_WRITER", { fsType: "xfs", flags: ["noatime"] })
        yield* staging.stage(stageRequest({ capability }))
        const mount = (yield* host.mounter.mounts).find(({ target }) => target === stagingPath)
        assert.strictEqual(mount?.fsType, "xfs")
        assert.include(mount?.options ?? [], "noatime")
      })
    )

    it.effect("is not formatted for read-only use", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        const capability = mountCapability("MULTI_NODE_READER_ONLY")
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest({ capability }))))._tag, "Refused")
        assert.strictEqual((yield* memory.contents(volumeId))._tag, "Blank")
        assert.deepStrictEqual(yield* operations(host), [])
      })
    )

    it.effect("on which somebody writes after the look is not formatted", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* host.faults.before(
          "format",
          Effect.orDie(memory.fill(volumeId, { _tag: "FileSystem", type: "ext4", files: oldFile }))
        )
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "HostFailure")
        assert.deepStrictEqual(yield* operations(host), [])
        assert.strictEqual((yield* Effect.exit(staging.stage(stageRequest())))._tag, "Success")
        assert.deepStrictEqual(yield* operations(host), ["check", "mount"])
      })
    )

    it.effect("seen under a new number after the look is looked at again", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        const swap = Effect.gen(function* () {
          yield* memory.disks.unplug("server-1", volumeId)
          yield* plugNew(memory, otherVolumeId)
          yield* memory.disks.plug("server-1", volumeId)
          yield* memory.fill(volumeId, { _tag: "Foreign", what: "LUKS" })
        })
        yield* host.faults.before("findDevice", Effect.void)
        yield* host.faults.before("findDevice", Effect.orDie(swap))
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "Refused")
        assert.deepStrictEqual(yield* operations(host), [])
      })
    )

    it.effect("smaller than the volume is not formatted, and the call may be repeated", () =>
      Effect.gen(function* () {
        const { memory, staging } = yield* nodeWithDisk()
        const publishContext = { "cinder.csi.openstack.org/sizeBytes": `${2n * GiB}` }
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest({ publishContext }))))._tag, "NotReady")
        assert.strictEqual((yield* memory.contents(volumeId))._tag, "Blank")
      })
    )

    it.effect("whose new size the kernel has not seen is looked at anew", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* host.faults.holdSizes(true)
        yield* memory.disks.resize(volumeId, 2)
        yield* staging.stage(stageRequest({ publishContext: { "cinder.csi.openstack.org/sizeBytes": `${2n * GiB}` } }))
        const contents = yield* memory.contents(volumeId)
        assert.strictEqual(contents._tag === "FileSystem" ? contents.sizeBytes : undefined, 2n * GiB)
      })
    )
  })

  describe("a disk that shows noise", () => {
    const encrypted = { "cinder.csi.openstack.org/encrypted": "true" }
    const noisy = (options = {}) =>
      Effect.tap(nodeWithDisk(options), ({ memory }) => memory.fill(volumeId, { _tag: "Noise" }))

    it.effect("is formatted if its volume is known to be encrypted", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* noisy()
        yield* staging.stage(stageRequest({ publishContext: encrypted }))
        assert.deepStrictEqual(yield* operations(host), ["format", "mount"])
      })
    )

    it.effect("is formatted if the operator says so", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* noisy({ formatNoise: true })
        yield* staging.stage(stageRequest())
        assert.deepStrictEqual(yield* operations(host), ["format", "mount"])
      })
    )

    it.effect("is refused otherwise, and the remedy named", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* noisy()
        const error = yield* Effect.flip(staging.stage(stageRequest()))
        assert.strictEqual(error._tag, "Refused")
        assert.include(error.message, "format-noise = true")
        assert.deepStrictEqual(yield* operations(host), [])
      })
    )

    it.effect("is refused if it is a copy, which would not be noise if it were decrypted", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* noisy({ formatNoise: true })
        const volumeContext = { "cinder.csi.openstack.org/resizeRequired": "true" }
        const error = yield* Effect.flip(staging.stage(stageRequest({ publishContext: encrypted, volumeContext })))
        assert.strictEqual(error._tag, "Refused")
        assert.deepStrictEqual(yield* operations(host), [])
      })
    )
  })

  describe("the UUID of a file system", () => {
    const uuid = "0d6c4a7e-0000-4000-8000-000000000001"
    const volumeContext = { "cinder.csi.openstack.org/createdEmpty": "true" }
    /** By default as this driver names what it makes for another volume. */
    const named = (options = {}, label: { readonly label?: string } = { label: `csi-${uuid.slice(0, 8)}` }) =>
      Effect.tap(nodeWithDisk(options), ({ memory }) =>
        memory.fill(volumeId, { _tag: "FileSystem", type: "ext4", uuid, ...label, files: oldFile })
      )

    it.effect("of a volume that was made empty is the one it was made with, at every stage", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        for (const _ of ["made", "found"]) {
          yield* staging.stage(stageRequest({ volumeContext }))
          yield* staging.unstage(volumeId, stagingPath)
        }
        const life = ["mount", "unmount", "flush"]
        assert.deepStrictEqual(yield* operations(host), ["format", ...life, "check", ...life])
      })
    )

    it.effect("of a volume that was made empty is not one that was given for another, or nothing is touched", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* named()
        const error = yield* Effect.flip(staging.stage(stageRequest({ volumeContext })))
        assert.strictEqual(error._tag, "Refused")
        assert.include(error.message, uuid)
        assert.deepStrictEqual(yield* operations(host), [])
      })
    )

    it.effect.each([
      ["of any other volume", { context: {}, label: undefined }],
      ["that another driver gave to a volume that was made empty", { context: volumeContext, label: {} }]
    ] as const)("%s is told once and accepted", ([, { context, label }]) => {
      const { layer, lines } = capturedLogs()
      return Effect.gen(function* () {
        const { host, staging } = yield* named({}, label)
        yield* staging.stage(stageRequest({ volumeContext: context }))
        yield* staging.stage(stageRequest({ volumeContext: context }))
        assert.deepStrictEqual(yield* operations(host), ["check", "mount"])
        assert.lengthOf(
          lines.filter((line) => line.includes(`the UUID ${uuid}`)),
          1
        )
      }).pipe(Effect.provide(layer), Logger.withMinimumLogLevel(LogLevel.Info))
    })

    it.effect("is accepted where the operator relaxes the guard, with or without a word", () =>
      Effect.forEach(["warn", "off"] as const, (uuidGuard) => {
        const { layer, lines } = capturedLogs()
        return Effect.gen(function* () {
          const { host, staging } = yield* named({ uuidGuard })
          yield* staging.stage(stageRequest({ volumeContext }))
          assert.deepStrictEqual(yield* operations(host), ["check", "mount"])
          const told = lines.filter((line) => line.includes(uuid)).length
          assert.strictEqual(told, uuidGuard === "warn" ? 1 : 0)
        }).pipe(Effect.provide(layer), Logger.withMinimumLogLevel(LogLevel.Info))
      })
    )
  })

  describe("data that is there", () => {
    it.effect("of a file system is checked, mounted and kept", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "ext3", files: oldFile })
        yield* staging.stage(stageRequest({ capability: mountCapability("SINGLE_NODE_WRITER", { fsType: "ext4" }) }))
        assert.strictEqual(asText(yield* host.readFile(`${stagingPath}/precious`)), "keep me")
        assert.deepStrictEqual(yield* operations(host), ["check", "mount"])
      })
    )

    it.effect("of another family than asked for is refused and kept", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "xfs", files: oldFile })
        const capability = mountCapability("SINGLE_NODE_WRITER", { fsType: "ext4" })
        const error = yield* Effect.flip(staging.stage(stageRequest({ capability })))
        assert.strictEqual(error._tag, "Refused")
        assert.include(error.message, "xfs")
        assert.deepStrictEqual(yield* operations(host), [])
      })
    )

    it.effect("of any known family is accepted where no type is asked for", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "btrfs", files: oldFile })
        yield* staging.stage(stageRequest())
        assert.strictEqual(asText(yield* host.readFile(`${stagingPath}/precious`)), "keep me")
      })
    )

    for (const filling of [
      { _tag: "Foreign", what: "a LUKS header" },
      { _tag: "Raw", bytes: text("noise") },
      { _tag: "FileSystem", type: "ntfs" }
    ] as const) {
      it.effect(`that is ${filling._tag === "FileSystem" ? filling.type : filling._tag} is refused, untouched`, () =>
        Effect.gen(function* () {
          const { host, memory, staging } = yield* nodeWithDisk()
          yield* memory.fill(volumeId, filling)
          const before = yield* memory.contents(volumeId)
          assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "Refused")
          assert.deepStrictEqual(yield* memory.contents(volumeId), before)
          assert.deepStrictEqual(yield* operations(host), [])
        })
      )
    }

    it.effect("is neither checked nor replayed for read-only use", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "ext4", sizeBytes: GiB / 2n })
        yield* staging.stage(stageRequest({ capability: mountCapability("MULTI_NODE_READER_ONLY") }))
        assert.deepStrictEqual(yield* operations(host), ["mount"])
        const mount = (yield* host.mounter.mounts).find(({ target }) => target === stagingPath)
        assert.includeMembers([...(mount?.options ?? [])], ["ro", "noload"])
      })
    )

    it.effect("that a check cannot repair is not mounted", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "ext4", damaged: true })
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "HostFailure")
        assert.deepStrictEqual(yield* mountTargets(host), [])
      })
    )

    it.effect("smaller than its disk grows to it", () =>
      Effect.gen(function* () {
        const { memory, staging } = yield* nodeWithDisk()
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "xfs", sizeBytes: GiB / 2n })
        yield* staging.stage(stageRequest({ volumeContext: { "cinder.csi.openstack.org/resizeRequired": "true" } }))
        const contents = yield* memory.contents(volumeId)
        assert.strictEqual(contents._tag === "FileSystem" ? contents.sizeBytes : undefined, GiB)
      })
    )

    it.effect("grows unmounted where the kernel refuses to grow it mounted", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* host.faults.refuseGrowth("mounted")
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "ext4", sizeBytes: GiB / 2n, files: oldFile })
        yield* staging.stage(stageRequest())
        assert.deepStrictEqual(yield* operations(host), ["check", "mount", "unmount", "grow", "mount"])
        assert.strictEqual(asText(yield* host.readFile(`${stagingPath}/precious`)), "keep me")
      })
    )

    it.effect("that cannot grow leaves nothing mounted", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* host.faults.refuseGrowth("all")
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "xfs", sizeBytes: GiB / 2n })
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "HostFailure")
        assert.deepStrictEqual(yield* mountTargets(host), [])
      })
    )
  })

  describe("a stage that fails for good after one that was cut short", () => {
    /** The file system is mounted, and kubelet knows only that the call had not ended. */
    const cutShort = Effect.gen(function* () {
      const node = yield* nodeWithDisk()
      yield* node.host.faults.fail("usage", { outcome: "unknown" })
      yield* node.memory.fill(volumeId, { _tag: "FileSystem", type: "xfs", sizeBytes: GiB / 2n })
      yield* Effect.flip(node.staging.stage(stageRequest()))
      assert.deepStrictEqual(yield* mountTargets(node.host), [stagingPath])
      yield* node.host.faults.fail("contentsOf")
      return node
    })

    it.effect("leaves nothing mounted, since kubelet would never undo it", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* cutShort
        assert.include((yield* Effect.flip(staging.stage(stageRequest()))).message, "contentsOf")
        assert.deepStrictEqual(yield* mountTargets(host), [])
      })
    )

    it.effect("does not end for good while its mount cannot go", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* cutShort
        yield* host.faults.hold(stagingPath)
        const error = yield* Effect.flip(staging.stage(stageRequest()))
        assert.strictEqual(error._tag, "NotReady")
        assert.include(error.message, "contentsOf")
      })
    )

    it.effect("takes nothing from a pod", () =>
      Effect.gen(function* () {
        const { host, publishing, staging } = yield* cutShort
        yield* publishing.publish(publishRequest())
        yield* Effect.flip(staging.stage(stageRequest()))
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, targetPath])
      })
    )
  })

  describe("a disk that is late", () => {
    it.effect("is waited for", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* makeNode()
        yield* host.faults.delayDisks(20_000)
        yield* plugNew(memory, volumeId)
        const call = yield* Effect.fork(staging.stage(stageRequest()))
        yield* TestClock.adjust("25 seconds")
        yield* Fiber.join(call)
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
      })
    )

    it.effect("on a bus that does not announce it is found by a rescan within seconds", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* makeNode()
        yield* host.faults.hideUntilRescan(true)
        yield* plugNew(memory, volumeId)
        const call = yield* Effect.fork(staging.stage(stageRequest()))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(call)
      })
    )

    it.effect("for ever ends the call, naming the disks that were seen", () =>
      Effect.gen(function* () {
        const { memory, staging } = yield* makeNode()
        yield* plugNew(memory, otherVolumeId)
        const call = yield* Effect.fork(Effect.flip(staging.stage(stageRequest())))
        yield* TestClock.adjust("61 seconds")
        const error = yield* Fiber.join(call)
        assert.strictEqual(error._tag, "DeviceNotFound")
        assert.include(error.message, otherVolumeId)
      })
    )

    it.effect("is given up before the caller hangs up", () =>
      Effect.gen(function* () {
        const { staging } = yield* makeNode()
        const call = yield* Effect.fork(
          Effect.flip(Effect.provideService(staging.stage(stageRequest()), CallDeadline, 10_000))
        )
        yield* TestClock.adjust("9500 millis")
        assert.strictEqual((yield* Fiber.join(call))._tag, "DeviceNotFound")
      })
    )

    it.effect("is waited for also if it is used raw, and nothing is placed", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* makeNode()
        yield* host.faults.delayDisks(3_000)
        yield* plugNew(memory, volumeId)
        const call = yield* Effect.fork(staging.stage(stageRequest({ capability: blockCapability() })))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(call)
        assert.deepStrictEqual(yield* operations(host), [])
        assert.strictEqual(yield* host.kind(stagingPath), "absent")
      })
    )
  })

  describe("a disk that is used raw", () => {
    const publishContext = { "cinder.csi.openstack.org/sizeBytes": `${2n * GiB}` }
    const request = stageRequest({ capability: blockCapability(), publishContext })

    it.effect("and smaller than the volume is not taken for it", () =>
      Effect.gen(function* () {
        const { staging } = yield* nodeWithDisk()
        const error = yield* Effect.flip(staging.stage(request))
        assert.strictEqual(error._tag, "NotReady")
        assert.include(error.message, "smaller than the volume's")
      })
    )

    it.effect("and whose new size the kernel has not seen is looked at anew", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* host.faults.holdSizes(true)
        yield* memory.disks.resize(volumeId, 2)
        yield* staging.stage(request)
      })
    )
  })

  describe("a disk without a serial", () => {
    const described = { bus: "scsi", address: "0:0:0:2", serial: volumeId as string }

    /** A host whose disks prove nothing, with the volume plugged in where Nova says. */
    const nodeWithAnonymousDisk = Effect.gen(function* () {
      const { host, memory } = yield* nodeWithDisk()
      const looks: Array<number> = []
      const mounter = {
        ...host.mounter,
        findDevice: () => Effect.succeed(undefined),
        findDeviceAt: (address: DiskAddress) =>
          Effect.zipRight(
            Effect.map(Clock.currentTimeMillis, (now) => looks.push(now)),
            address.address === described.address ? host.mounter.findDevice(volumeId) : Effect.succeed(undefined)
          )
      }
      return { host: { ...host, mounter, layer: Layer.succeed(HostMounter, mounter) }, looks, memory }
    })

    it.effect("is taken where Nova says it is, once it had its time to prove itself", () =>
      Effect.gen(function* () {
        const { host, looks, memory } = yield* nodeWithAnonymousDisk
        const { publishing, staging, volumes } = yield* servicesOn(host, {}, undefined, [described])
        const call = yield* Effect.fork(staging.stage(stageRequest()))
        yield* TestClock.adjust("25 seconds")
        yield* Fiber.join(call)
        assert.isAtLeast(looks[0] ?? 0, 21_000)
        assert.strictEqual((yield* memory.contents(volumeId))._tag, "FileSystem")
        yield* publishing.publish(publishRequest())
        assert.strictEqual((yield* volumes.usage(volumeId, targetPath)).totalBytes, GiB)
      })
    )

    it.effect("and smaller than the volume is not taken", () =>
      Effect.gen(function* () {
        const { host, memory } = yield* nodeWithAnonymousDisk
        const { publishing, staging } = yield* servicesOn(host, {}, undefined, [described])
        const publishContext = { "cinder.csi.openstack.org/sizeBytes": `${2n * GiB}` }
        const call = yield* Effect.fork(Effect.flip(staging.stage(stageRequest({ publishContext }))))
        yield* TestClock.adjust("61 seconds")
        assert.strictEqual((yield* Fiber.join(call))._tag, "DeviceNotFound")
        assert.strictEqual((yield* memory.contents(volumeId))._tag, "Blank")
        const raw = publishRequest({ capability: blockCapability(), publishContext })
        assert.strictEqual((yield* Effect.flip(publishing.publish(raw)))._tag, "Refused")
      }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
    )

    it.effect("is not found where Nova describes other volumes alone", () =>
      Effect.gen(function* () {
        const { host, looks } = yield* nodeWithAnonymousDisk
        const { staging } = yield* servicesOn(host, {}, undefined, [{ ...described, serial: otherVolumeId }])
        const call = yield* Effect.fork(Effect.flip(staging.stage(stageRequest())))
        yield* TestClock.adjust("61 seconds")
        assert.strictEqual((yield* Fiber.join(call))._tag, "DeviceNotFound")
        assert.deepStrictEqual(looks, [])
      })
    )
  })

  describe("repeated", () => {
    it.effect("ten times it mounts once", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* Effect.repeatN(staging.stage(stageRequest()), 9)
        assert.deepStrictEqual(yield* operations(host), ["format", "mount"])
      })
    )

    it.effect("while the first run still formats it is turned away", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* host.faults.before("format", Effect.sleep("10 seconds"))
        const first = yield* Effect.fork(staging.stage(stageRequest()))
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "OperationPending")
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(first)
        assert.deepStrictEqual(yield* operations(host), ["format", "mount"])
      })
    )

    it.effect("while a run formats it, no other kind of call gets at the volume", () =>
      Effect.gen(function* () {
        const { host, publishing, staging } = yield* nodeWithDisk()
        yield* host.faults.before("format", Effect.sleep("10 seconds"))
        const first = yield* Effect.fork(staging.stage(stageRequest()))
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest())))._tag, "OperationPending")
        assert.strictEqual((yield* Effect.flip(staging.unstage(volumeId, stagingPath)))._tag, "OperationPending")
        yield* Fiber.interrupt(first)
      })
    )

    it.effect("after a mount failed it goes on from where it was", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* host.faults.fail("mount")
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "HostFailure")
        yield* staging.stage(stageRequest())
        assert.deepStrictEqual(yield* operations(host), ["format", "check", "mount"])
      })
    )

    it.effect("after a failure that came once the mount stood, nothing is left mounted", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* host.faults.before("mount", host.faults.fail("findDevice"))
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "HostFailure")
        assert.deepStrictEqual(yield* mountTargets(host), [])
      })
    )

    it.effect("read-only over a writable stage it is refused and changes nothing", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        const capability = mountCapability("SINGLE_NODE_READER_ONLY")
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest({ capability }))))._tag, "AlreadyExists")
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
      })
    )

    it.effect("after the disk was swapped for a new attachment it replaces the dead mount", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest({ capability: mountCapability("SINGLE_NODE_WRITER", { fsType: "xfs" }) }))
        yield* host.writeFile(`${stagingPath}/file`, text("before"))
        yield* memory.disks.unplug("server-1", volumeId)
        yield* memory.disks.plug("server-1", volumeId)
        yield* staging.stage(stageRequest())
        assert.strictEqual(asText(yield* host.readFile(`${stagingPath}/file`)), "before")
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
      })
    )

    it.effect("without the disk it does not end for good while its dead mount cannot go", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        yield* memory.disks.unplug("server-1", volumeId)
        yield* host.faults.hold(stagingPath)
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "NotReady")
      })
    )

    it.effect("without the disk it leaves no dead mount behind its final error", () =>
      Effect.gen(function* () {
        const { host, memory, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        yield* memory.disks.unplug("server-1", volumeId)
        const call = yield* Effect.fork(Effect.flip(staging.stage(stageRequest())))
        yield* TestClock.adjust("61 seconds")
        assert.strictEqual((yield* Fiber.join(call))._tag, "DeviceNotFound")
        assert.deepStrictEqual(yield* mountTargets(host), [])
      })
    )
  })

  describe.each(["ext4", "xfs"])("a mounted %s that gave up after an error", (fsType) => {
    const capability = mountCapability("SINGLE_NODE_MULTI_WRITER", { fsType })
    const sick = (how: "shutdown" | "readOnly") =>
      Effect.gen(function* () {
        const node = yield* nodeWithDisk()
        yield* node.staging.stage(stageRequest({ capability }))
        yield* node.host.writeFile(`${stagingPath}/precious`, text("keep me"))
        return { ...node, collapse: node.host.collapse(volumeId, how) }
      })

    for (const how of ["shutdown", "readOnly"] as const) {
      it.effect(`is checked and mounted anew if no pod has it (${how})`, () =>
        Effect.gen(function* () {
          const { collapse, host, staging } = yield* sick(how)
          yield* collapse
          yield* staging.stage(stageRequest({ capability }))
          assert.deepStrictEqual(yield* operations(host), ["format", "mount", "unmount", "check", "mount"])
          assert.strictEqual(asText(yield* host.readFile(`${stagingPath}/precious`)), "keep me")
          yield* host.writeFile(`${stagingPath}/precious`, text("and more"))
        })
      )

      it.effect(`is left alone while a pod has it, which is named (${how})`, () =>
        Effect.gen(function* () {
          const { collapse, host, publishing, staging } = yield* sick(how)
          yield* publishing.publish(publishRequest({ capability }))
          yield* collapse
          const error = yield* Effect.flip(staging.stage(stageRequest({ capability })))
          assert.strictEqual(error._tag, "NotReady")
          assert.include(error.message, `delete the pods at ${targetPath}`)
          assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, targetPath])
          yield* publishing.unpublish(volumeId, targetPath)
          yield* staging.stage(stageRequest({ capability }))
          yield* publishing.publish(publishRequest({ capability }))
        })
      )

      it.effect(`is not mounted once more beside the pod that has it, where the stage was lost (${how})`, () =>
        Effect.gen(function* () {
          const { collapse, host, publishing, staging } = yield* sick(how)
          yield* publishing.publish(publishRequest({ capability }))
          yield* host.mounter.unmount(stagingPath)
          yield* collapse
          const error = yield* Effect.flip(staging.stage(stageRequest({ capability })))
          assert.strictEqual(error._tag, "NotReady")
          assert.include(error.message, `delete the pods at ${targetPath}`)
          assert.deepStrictEqual(yield* mountTargets(host), [targetPath])
        })
      )

      it.effect(`is not shown to another pod (${how})`, () =>
        Effect.gen(function* () {
          const { collapse, host, publishing } = yield* sick(how)
          yield* collapse
          const error = yield* Effect.flip(publishing.publish(publishRequest({ capability })))
          assert.strictEqual(error._tag, "NotReady")
          assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
          assert.strictEqual(yield* host.kind(targetPath), "absent")
        })
      )
    }

    it.effect("and cannot be unmounted keeps its place, and the call may be repeated", () =>
      Effect.gen(function* () {
        const { collapse, host, staging } = yield* sick("shutdown")
        yield* collapse
        yield* host.faults.hold(stagingPath)
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest({ capability }))))._tag, "NotReady")
        yield* host.faults.release(stagingPath)
        yield* staging.stage(stageRequest({ capability }))
      })
    )
  })

  it.effect("for several writing nodes works for volumes that there are, and says once what is at risk", () =>
    Effect.gen(function* () {
      const { lines, layer } = capturedLogs()
      const { host, publishing, staging } = yield* nodeWithDisk()
      const capability = mountCapability("MULTI_NODE_MULTI_WRITER")
      const run = Effect.zipRight(
        staging.stage(stageRequest({ capability })),
        publishing.publish(publishRequest({ capability }))
      )
      yield* Effect.provide(Effect.zipRight(run, run), layer)
      assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, targetPath])
      assert.strictEqual(lines.filter((line) => line.includes("a second node that writes to it destroys it")).length, 1)
    })
  )

  it.effect("does not take the place of another volume", () =>
    Effect.gen(function* () {
      const { host, memory, staging } = yield* nodeWithDisk()
      yield* plugNew(memory, otherVolumeId)
      yield* staging.stage(stageRequest({ volumeId: otherVolumeId }))
      yield* host.writeFile(`${stagingPath}/file`, text("other"))
      assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "AlreadyExists")
      assert.strictEqual(asText(yield* host.readFile(`${stagingPath}/file`)), "other")
      assert.strictEqual((yield* memory.contents(volumeId))._tag, "Blank")
    })
  )

  it.effect("does not format a disk that a pod uses raw", () =>
    Effect.gen(function* () {
      const { memory, publishing, staging } = yield* nodeWithDisk()
      yield* staging.stage(stageRequest({ capability: blockCapability() }))
      yield* publishing.publish(publishRequest({ capability: blockCapability() }))
      assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest())))._tag, "Refused")
      assert.strictEqual((yield* memory.contents(volumeId))._tag, "Blank")
    })
  )

  it.effect("mounts again, unchecked, what pods still use when the staging path was lost", () =>
    Effect.gen(function* () {
      const { host, publishing, staging } = yield* nodeWithDisk()
      yield* staging.stage(stageRequest())
      yield* publishing.publish(publishRequest())
      yield* host.mounter.unmount(stagingPath)
      yield* staging.stage(stageRequest())
      assert.deepStrictEqual(yield* operations(host), ["format", "mount", "bind", "unmount", "mount"])
    })
  )

  it.effect("follows a symlink above the path but not at it", () =>
    Effect.gen(function* () {
      const { host, staging } = yield* nodeWithDisk()
      yield* host.makeSymlink("/var", "/kubelet")
      yield* staging.stage(stageRequest({ stagingPath: "/var/plugins/a/globalmount" }))
      assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
      yield* host.makeSymlink("/kubelet/plugins/b/globalmount", stagingPath)
      const error = yield* Effect.flip(staging.stage(stageRequest({ stagingPath: "/kubelet/plugins/b/globalmount" })))
      assert.strictEqual(error._tag, "Refused")
    })
  )

  for (const [what, changes] of [
    ["no volume id", { volumeId: VolumeId("") }],
    ["no staging path", { stagingPath: "" }],
    ["a relative path", { stagingPath: "some/path" }],
    ["a path that climbs", { stagingPath: "/kubelet/../etc" }],
    ["a path with an empty name", { stagingPath: "/kubelet//a" }],
    ["a path that is too long", { stagingPath: `/${"a".repeat(4096)}` }],
    ["an unknown file system", { capability: mountCapability("SINGLE_NODE_WRITER", { fsType: "reiserfs" }) }]
  ] as const) {
    it.effect(`refuses ${what} as invalid`, () =>
      Effect.gen(function* () {
        const { staging } = yield* makeNode()
        assert.strictEqual((yield* Effect.flip(staging.stage(stageRequest(changes))))._tag, "InvalidInput")
      })
    )
  }

  describe("unstage", () => {
    it.effect("undoes every layer and leaves the directory", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        const device = yield* host.mounter.findDevice(volumeId)
        if (device !== undefined) yield* host.mounter.mount(device, stagingPath, "ext4", [])
        yield* staging.unstage(volumeId, stagingPath)
        assert.deepStrictEqual(yield* mountTargets(host), [])
        assert.strictEqual(yield* host.kind(stagingPath), "directory")
      })
    )

    it.effect("waits for a pod's mount that was left over, and names it", () =>
      Effect.gen(function* () {
        const { host, publishing, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        yield* publishing.publish(publishRequest())
        const error = yield* Effect.flip(staging.unstage(volumeId, stagingPath))
        assert.strictEqual(error._tag, "NotReady")
        assert.include(error.message, `mounted at ${targetPath}`)
        yield* publishing.unpublish(volumeId, targetPath)
        yield* staging.unstage(volumeId, stagingPath)
        assert.deepStrictEqual(yield* mountTargets(host), [])
      })
    )

    it.effect("waits for a raw disk that is still bound for a pod", () =>
      Effect.gen(function* () {
        const { publishing, staging } = yield* nodeWithDisk()
        yield* publishing.publish(publishRequest({ capability: blockCapability() }))
        assert.strictEqual((yield* Effect.flip(staging.unstage(volumeId, stagingPath)))._tag, "NotReady")
        yield* publishing.unpublish(volumeId, targetPath)
        yield* staging.unstage(volumeId, stagingPath)
      })
    )

    it.effect("waits for what was built upon the disk", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* host.buildUpon(volumeId, ["dm-0"])
        const error = yield* Effect.flip(staging.unstage(volumeId, stagingPath))
        assert.include(error.message, "held by dm-0")
        yield* host.buildUpon(volumeId, [])
        yield* staging.unstage(volumeId, stagingPath)
      })
    )

    it.effect("does not wait for other volumes, nor for a disk that is gone", () =>
      Effect.gen(function* () {
        const { memory, publishing, staging } = yield* nodeWithDisk()
        yield* plugNew(memory, otherVolumeId)
        const others = { volumeId: otherVolumeId, stagingPath: "/kubelet/plugins/b/globalmount" }
        yield* staging.stage(stageRequest())
        yield* staging.stage(stageRequest(others))
        yield* publishing.publish(publishRequest({ ...others, targetPath: secondTarget }))
        yield* staging.unstage(volumeId, stagingPath)
        yield* staging.stage(stageRequest())
        yield* publishing.publish(publishRequest())
        yield* memory.disks.unplug("server-1", volumeId)
        yield* staging.unstage(volumeId, stagingPath)
      })
    )

    it.effect("has everything written, once, and not before the last mount is gone", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        yield* staging.unstage(volumeId, stagingPath)
        assert.deepStrictEqual(yield* operations(host), ["format", "mount", "unmount", "flush"])
      })
    )

    it.effect("is not held up by a disk that cannot be written, but by one that may still be", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* host.faults.fail("flush")
        yield* staging.unstage(volumeId, stagingPath)
        yield* host.faults.fail("flush", { outcome: "unknown" })
        assert.strictEqual((yield* Effect.flip(staging.unstage(volumeId, stagingPath)))._tag, "HostFailure")
        yield* staging.unstage(volumeId, stagingPath)
      })
    )

    it.effect("is not held up where nobody can tell any more which disk it was", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        yield* host.faults.fail("findDevice")
        yield* host.faults.fail("holdersOf")
        yield* staging.unstage(volumeId, stagingPath)
        assert.deepStrictEqual(yield* mountTargets(host), [])
      })
    )

    it.effect("succeeds where nothing is, also twice and for an unknown volume", () =>
      Effect.gen(function* () {
        const { staging } = yield* makeNode()
        yield* staging.unstage(VolumeId("fake-vol-id"), stagingPath)
        yield* staging.unstage(VolumeId("fake-vol-id"), "/nowhere/at/all")
      })
    )

    for (const fsType of ["ext4", "xfs"]) {
      it.effect(`works on ${fsType} with the disk gone`, () =>
        Effect.gen(function* () {
          const { host, memory, staging } = yield* nodeWithDisk()
          yield* staging.stage(stageRequest({ capability: mountCapability("SINGLE_NODE_WRITER", { fsType }) }))
          yield* memory.disks.unplug("server-1", volumeId)
          yield* staging.unstage(volumeId, stagingPath)
          assert.deepStrictEqual(yield* mountTargets(host), [])
        })
      )
    }

    it.effect("fails on a busy mount and works once it is free", () =>
      Effect.gen(function* () {
        const { host, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        yield* host.faults.hold(`${stagingPath}/open`)
        assert.strictEqual((yield* Effect.flip(staging.unstage(volumeId, stagingPath)))._tag, "HostFailure")
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
        yield* host.faults.release(`${stagingPath}/open`)
        yield* staging.unstage(volumeId, stagingPath)
      })
    )

    it.effect("needs nothing that an earlier run of the driver remembered", () =>
      Effect.gen(function* () {
        const { host, publishing, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        yield* publishing.publish(publishRequest({ targetPath: secondTarget }))
        const restarted = yield* servicesOn(host)
        yield* restarted.publishing.publish(publishRequest())
        yield* restarted.publishing.unpublish(volumeId, secondTarget)
        yield* restarted.publishing.unpublish(volumeId, targetPath)
        yield* restarted.staging.unstage(volumeId, stagingPath)
        assert.deepStrictEqual(yield* mountTargets(host), [])
      })
    )
  })
})
