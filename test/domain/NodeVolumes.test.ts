import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, TestClock } from "effect"
import { makeHostMemory } from "../../src/adapters/memory/HostMemory.ts"
import { IdentityUnknown } from "../../src/domain/errors.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import {
  blockCapability,
  GiB,
  mountCapability,
  nodeWithDisk,
  otherVolumeId,
  plugNew,
  publishRequest,
  servicesOn,
  stageRequest,
  stagingPath,
  targetPath,
  text,
  volumeId
} from "./nodeHarness.ts"

const published = (fsType = "xfs") =>
  Effect.tap(nodeWithDisk(), ({ publishing, staging }) => {
    const capability = mountCapability("SINGLE_NODE_MULTI_WRITER", { fsType })
    return Effect.zipRight(
      staging.stage(stageRequest({ capability })),
      publishing.publish(publishRequest({ capability }))
    )
  })

const publishedRaw = Effect.tap(nodeWithDisk(), ({ publishing, staging }) =>
  Effect.zipRight(
    staging.stage(stageRequest({ capability: blockCapability() })),
    publishing.publish(publishRequest({ capability: blockCapability() }))
  )
)

const expandRequest = (requiredBytes: bigint | undefined, limitBytes?: bigint) => ({
  volumeId,
  volumePath: targetPath,
  stagingPath: "",
  capacity: { requiredBytes, limitBytes },
  capability: undefined
})

describe("NodeVolumes", () => {
  describe("usage", () => {
    it.effect("of a file system gives bytes and inodes of the volume, not of the root disk", () =>
      Effect.gen(function* () {
        const { host, volumes } = yield* published("ext4")
        yield* host.writeFile(`${targetPath}/file`, text("12345"))
        const usage = yield* volumes.usage(volumeId, targetPath)
        assert.deepInclude(usage, { _tag: "mount", totalBytes: GiB, usedBytes: 5n, availableBytes: GiB - 5n })
        assert.strictEqual(usage._tag === "mount" && usage.usedInodes > 0n, true)
        assert.deepStrictEqual(yield* volumes.usage(volumeId, stagingPath), usage)
      })
    )

    it.effect("of btrfs, which shows no number of its disk, is told as well", () =>
      Effect.gen(function* () {
        const { volumes } = yield* published("btrfs")
        assert.strictEqual((yield* volumes.usage(volumeId, targetPath)).totalBytes, GiB)
      })
    )

    it.effect("of a raw disk gives its size, also at a further bind mount of kubelet's", () =>
      Effect.gen(function* () {
        const { host, volumes } = yield* publishedRaw
        yield* host.makeDirectories("/kubelet/volumeDevices/pv/dev")
        yield* host.writeFile("/kubelet/volumeDevices/pv/dev/pod", text(""))
        yield* host.mounter.bind(targetPath, "/kubelet/volumeDevices/pv/dev/pod", false)
        const expected = { _tag: "block" as const, totalBytes: GiB }
        assert.deepStrictEqual(yield* volumes.usage(volumeId, targetPath), expected)
        assert.deepStrictEqual(yield* volumes.usage(volumeId, "/kubelet/volumeDevices/pv/dev/pod"), expected)
      })
    )

    for (const [what, path] of [
      ["an existing directory of the root disk", "/kubelet/pods/1"],
      ["a directory inside the volume", `${targetPath}/inside`],
      ["a path that does not exist", "/kubelet/nothing"],
      ["a relative path", "some/path"]
    ] as const) {
      it.effect(`at ${what} is not found`, () =>
        Effect.gen(function* () {
          const { host, volumes } = yield* published()
          yield* host.mounter.makeDirectory(`${targetPath}/inside`)
          assert.strictEqual((yield* Effect.flip(volumes.usage(volumeId, path)))._tag, "PathNotFound")
        })
      )
    }

    it.effect("of another volume's mount or device is not found", () =>
      Effect.gen(function* () {
        const { memory, volumes } = yield* published()
        yield* plugNew(memory, otherVolumeId)
        assert.strictEqual((yield* Effect.flip(volumes.usage(otherVolumeId, targetPath)))._tag, "PathNotFound")
        const node = yield* publishedRaw
        yield* plugNew(node.memory, otherVolumeId)
        assert.strictEqual((yield* Effect.flip(node.volumes.usage(otherVolumeId, targetPath)))._tag, "PathNotFound")
      })
    )

    it.effect("after the disk vanished says so", () =>
      Effect.gen(function* () {
        const { memory, volumes } = yield* published()
        yield* memory.disks.unplug("server-1", volumeId)
        assert.strictEqual((yield* Effect.flip(volumes.usage(volumeId, targetPath)))._tag, "DeviceNotFound")
      })
    )

    it.effect("without an id or a path is invalid", () =>
      Effect.gen(function* () {
        const { volumes } = yield* nodeWithDisk()
        assert.strictEqual((yield* Effect.flip(volumes.usage(VolumeId(""), "some/path")))._tag, "InvalidInput")
        assert.strictEqual((yield* Effect.flip(volumes.usage(volumeId, "")))._tag, "InvalidInput")
      })
    )
  })

  describe("expand", () => {
    const sizeOf = (node: Effect.Effect.Success<ReturnType<typeof published>>) =>
      Effect.map(node.memory.contents(volumeId), (contents) =>
        contents._tag === "FileSystem" ? contents.sizeBytes : undefined
      )

    it.effect("grows the file system to its disk and answers with the size", () =>
      Effect.gen(function* () {
        const node = yield* published()
        yield* node.memory.disks.resize(volumeId, 3)
        assert.strictEqual(yield* node.volumes.expand(expandRequest(3n * GiB)), 3n * GiB)
        assert.strictEqual(yield* sizeOf(node), 3n * GiB)
        assert.strictEqual((yield* node.volumes.usage(volumeId, targetPath)).totalBytes, 3n * GiB)
      })
    )

    it.effect("repeated grows once", () =>
      Effect.gen(function* () {
        const node = yield* published()
        yield* node.memory.disks.resize(volumeId, 3)
        yield* Effect.repeatN(node.volumes.expand(expandRequest(3n * GiB)), 2)
        const grown = (yield* node.host.events).filter(({ operation }) => operation === "grow")
        assert.strictEqual(grown.length, 1)
      })
    )

    it.effect("without a size grows to what the disk has", () =>
      Effect.gen(function* () {
        const node = yield* published()
        yield* node.memory.disks.resize(volumeId, 2)
        assert.strictEqual(yield* node.volumes.expand(expandRequest(undefined)), 2n * GiB)
        assert.strictEqual(yield* sizeOf(node), 2n * GiB)
      })
    )

    it.effect("looks for a new size that the kernel has not seen", () =>
      Effect.gen(function* () {
        const node = yield* published()
        yield* node.host.faults.holdSizes(true)
        yield* node.memory.disks.resize(volumeId, 2)
        assert.strictEqual(yield* node.volumes.expand(expandRequest(2n * GiB)), 2n * GiB)
      })
    )

    it.effect("without a size looks for one only where the operator says so", () =>
      Effect.gen(function* () {
        const node = yield* published()
        yield* node.host.faults.holdSizes(true)
        yield* node.memory.disks.resize(volumeId, 2)
        assert.strictEqual(yield* node.volumes.expand(expandRequest(undefined)), GiB)
        const eager = yield* servicesOn(node.host, { rescanOnResize: true })
        assert.strictEqual(yield* eager.volumes.expand(expandRequest(undefined)), 2n * GiB)
      })
    )

    it.effect("waits for a disk that grows late", () =>
      Effect.gen(function* () {
        const node = yield* published()
        const call = yield* Effect.fork(node.volumes.expand(expandRequest(2n * GiB)))
        yield* TestClock.adjust("10 seconds")
        yield* node.memory.disks.resize(volumeId, 2)
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(yield* Fiber.join(call), 2n * GiB)
      })
    )

    it.effect("asks again and again for a size that the kernel does not see by itself", () =>
      Effect.gen(function* () {
        const node = yield* published()
        yield* node.host.faults.holdSizes(true)
        const call = yield* Effect.fork(node.volumes.expand(expandRequest(2n * GiB)))
        yield* TestClock.adjust("10 seconds")
        yield* node.memory.disks.resize(volumeId, 2)
        yield* TestClock.adjust("25 seconds")
        assert.strictEqual(yield* Fiber.join(call), 2n * GiB)
      })
    )

    it.effect("reports no success for a disk that does not grow", () =>
      Effect.gen(function* () {
        const { volumes } = yield* published()
        const call = yield* Effect.fork(Effect.flip(volumes.expand(expandRequest(2n * GiB))))
        yield* TestClock.adjust("31 seconds")
        assert.strictEqual((yield* Fiber.join(call))._tag, "NotReady")
      })
    )

    it.effect("reports no success for a file system whose tool did nothing", () =>
      Effect.gen(function* () {
        const node = yield* published()
        yield* node.memory.disks.resize(volumeId, 2)
        const mounter = { ...node.host.mounter, grow: () => Effect.void }
        const deaf = yield* servicesOn({ ...node.host, layer: Layer.succeed(HostMounter, mounter) })
        assert.strictEqual((yield* Effect.flip(deaf.volumes.expand(expandRequest(2n * GiB))))._tag, "HostFailure")
      })
    )

    it.effect("passes on why the kernel refuses", () =>
      Effect.gen(function* () {
        const node = yield* published("ext4")
        yield* node.memory.disks.resize(volumeId, 2)
        yield* node.host.faults.refuseGrowth("mounted")
        const error = yield* Effect.flip(node.volumes.expand(expandRequest(2n * GiB)))
        assert.strictEqual(error._tag, "HostFailure")
        assert.include(error.message, "Operation not permitted")
      })
    )

    it.effect("of a read-only target grows through the writable stage", () =>
      Effect.gen(function* () {
        const { memory, publishing, staging, volumes } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest())
        yield* publishing.publish(publishRequest({ readOnly: true }))
        yield* memory.disks.resize(volumeId, 2)
        assert.strictEqual(yield* volumes.expand(expandRequest(2n * GiB)), 2n * GiB)
      })
    )

    it.effect("of a volume that is read-only everywhere is refused", () =>
      Effect.gen(function* () {
        const { memory, staging, volumes } = yield* nodeWithDisk()
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "ext4" })
        yield* staging.stage(stageRequest({ capability: mountCapability("SINGLE_NODE_READER_ONLY") }))
        yield* memory.disks.resize(volumeId, 2)
        const request = { ...expandRequest(2n * GiB), volumePath: stagingPath }
        assert.strictEqual((yield* Effect.flip(volumes.expand(request)))._tag, "Refused")
      })
    )

    it.effect("of a raw disk runs no file system tool", () =>
      Effect.gen(function* () {
        const { host, memory, volumes } = yield* publishedRaw
        yield* host.faults.holdSizes(true)
        yield* memory.disks.resize(volumeId, 2)
        const request = { ...expandRequest(2n * GiB), capability: blockCapability() }
        assert.strictEqual(yield* volumes.expand(request), 2n * GiB)
        assert.deepStrictEqual(
          (yield* host.events).map(({ operation }) => operation),
          ["bind"]
        )
      })
    )

    it.effect("that asks for another access than the path gives is invalid", () =>
      Effect.gen(function* () {
        const { volumes } = yield* published()
        const request = { ...expandRequest(GiB), capability: blockCapability() }
        assert.strictEqual((yield* Effect.flip(volumes.expand(request)))._tag, "InvalidInput")
      })
    )

    for (const path of ["/kubelet/pods/1", "some/path", "/nothing"]) {
      it.effect(`at ${path} is not found`, () =>
        Effect.gen(function* () {
          const { volumes } = yield* published()
          const request = { ...expandRequest(GiB), volumePath: path }
          assert.strictEqual((yield* Effect.flip(volumes.expand(request)))._tag, "PathNotFound")
        })
      )
    }

    for (const [what, request] of [
      ["a limit below the size asked for", expandRequest(2n * GiB, GiB)],
      ["a negative size", expandRequest(-1n)],
      ["a limit below the disk's size", expandRequest(undefined, GiB / 2n)]
    ] as const) {
      it.effect(`with ${what} is out of range`, () =>
        Effect.gen(function* () {
          const { volumes } = yield* published()
          assert.strictEqual((yield* Effect.flip(volumes.expand(request)))._tag, "OutOfRange")
        })
      )
    }
  })

  describe("info", () => {
    const infoWith = (options: Parameters<typeof servicesOn>[1]) =>
      Effect.gen(function* () {
        const { server } = yield* makeHostMemory()
        return yield* (yield* servicesOn(server("server-1"), options)).volumes.info
      })

    it.effect("names the server, its limit and its zone with what the operator adds", () =>
      Effect.gen(function* () {
        const info = yield* infoWith({ maxVolumes: 20, additionalTopology: { "topology.kubernetes.io/region": "r1" } })
        assert.deepStrictEqual(info, {
          serverId: ServerId("server-1"),
          maxVolumes: 20,
          topology: { "topology.cinder.csi.openstack.org/zone": "nova", "topology.kubernetes.io/region": "r1" }
        })
      })
    )

    it.effect("has no topology where that is switched off", () =>
      Effect.map(infoWith({ withTopology: false }), ({ topology }) => assert.strictEqual(topology, undefined))
    )

    it.effect("does not register a node whose zone is unknown", () =>
      Effect.gen(function* () {
        const { server } = yield* makeHostMemory()
        const identity = Effect.succeed({ serverId: ServerId("server-1"), zone: undefined, source: "cloud-init" })
        const { volumes } = yield* servicesOn(server("server-1"), {}, identity)
        assert.strictEqual((yield* Effect.flip(volumes.info))._tag, "IdentityUnknown")
      })
    )

    it.effect("passes on that the instance does not know who it is", () =>
      Effect.gen(function* () {
        const { server } = yield* makeHostMemory()
        const unknown = new IdentityUnknown({ tried: ["nothing answered"] })
        const { volumes } = yield* servicesOn(server("server-1"), {}, Effect.fail(unknown))
        assert.strictEqual((yield* Effect.flip(volumes.info)).message, unknown.message)
      })
    )
  })
})
