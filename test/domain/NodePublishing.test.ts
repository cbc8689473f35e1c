import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { VolumeId } from "../../src/domain/Volume.ts"
import { capturedLogs } from "../adapters/csi/stubs.ts"
import {
  asText,
  blockCapability,
  makeNode,
  mountCapability,
  mountTargets,
  nodeWithDisk,
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

const staged = Effect.tap(nodeWithDisk(), ({ staging }) => staging.stage(stageRequest()))

const raw = (changes: Parameters<typeof publishRequest>[0] = {}) =>
  publishRequest({ capability: blockCapability(), ...changes })

const rawNode = Effect.tap(nodeWithDisk(), ({ staging }) =>
  staging.stage(stageRequest({ capability: blockCapability() }))
)

const singleWriter = mountCapability("SINGLE_NODE_SINGLE_WRITER")

describe("NodePublishing", () => {
  describe("a file system", () => {
    it.effect("is shown at the target, with what is written through the staging path", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* publishing.publish(publishRequest())
        yield* host.writeFile(`${stagingPath}/file`, text("hello"))
        assert.strictEqual(asText(yield* host.readFile(`${targetPath}/file`)), "hello")
      })
    )

    it.effect("is shown once however often it is asked for", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* Effect.repeatN(publishing.publish(publishRequest()), 9)
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, targetPath])
      })
    )

    it.effect("can be read-only for one pod and writable for another", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* publishing.publish(publishRequest({ readOnly: true }))
        yield* publishing.publish(publishRequest({ targetPath: secondTarget }))
        yield* host.writeFile(`${secondTarget}/file`, text("hello"))
        assert.strictEqual((yield* Effect.flip(host.writeFile(`${targetPath}/file`, text("no"))))._tag, "HostFailure")
      })
    )

    it.effect("staged read-only is published again without complaint", () =>
      Effect.gen(function* () {
        const { memory, publishing, staging } = yield* nodeWithDisk()
        yield* memory.fill(volumeId, { _tag: "FileSystem", type: "ext4" })
        const capability = mountCapability("SINGLE_NODE_READER_ONLY")
        yield* staging.stage(stageRequest({ capability }))
        yield* Effect.repeatN(publishing.publish(publishRequest({ capability })), 1)
      })
    )

    it.effect("published writable is not turned read-only by a second call", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* publishing.publish(publishRequest())
        const error = yield* Effect.flip(publishing.publish(publishRequest({ readOnly: true })))
        assert.strictEqual(error._tag, "AlreadyExists")
        yield* host.writeFile(`${targetPath}/file`, text("still writable"))
      })
    )

    it.effect("that lost its stage is not shown: the pod would get the node's root disk", () =>
      Effect.gen(function* () {
        const { host, publishing, staging } = yield* staged
        yield* host.reboot
        const error = yield* Effect.flip(publishing.publish(publishRequest()))
        assert.strictEqual(error._tag, "Refused")
        assert.include(error.message, "not staged")
        assert.strictEqual(yield* host.kind(targetPath), "absent")
        yield* staging.stage(stageRequest())
        yield* publishing.publish(publishRequest())
      })
    )

    it.effect("is not shown from a staging path whose disk is another volume", () =>
      Effect.gen(function* () {
        const { memory, publishing } = yield* staged
        yield* plugNew(memory, otherVolumeId)
        const error = yield* Effect.flip(publishing.publish(publishRequest({ volumeId: otherVolumeId })))
        assert.strictEqual(error._tag, "Refused")
      })
    )

    it.effect("is not shown after its disk was swapped for a new attachment", () =>
      Effect.gen(function* () {
        const { memory, publishing } = yield* staged
        yield* memory.disks.unplug("server-1", volumeId)
        yield* memory.disks.plug("server-1", volumeId)
        assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest())))._tag, "Refused")
      })
    )

    it.effect("of several writing nodes is warned of once by a driver that was restarted after it was staged", () =>
      Effect.gen(function* () {
        const { lines, layer } = capturedLogs()
        const capability = mountCapability("MULTI_NODE_MULTI_WRITER")
        const { host, staging } = yield* nodeWithDisk()
        yield* staging.stage(stageRequest({ capability }))
        const { publishing, staging: stagingAnew } = yield* servicesOn(host)
        const warnings = () => lines.filter((line) => line.includes("a second node that writes to it")).length
        yield* Effect.provide(publishing.publish(publishRequest({ capability })), layer)
        assert.strictEqual(warnings(), 1)
        yield* Effect.provide(publishing.publish(publishRequest({ capability, targetPath: secondTarget })), layer)
        yield* Effect.provide(stagingAnew.stage(stageRequest({ capability })), layer)
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, targetPath, secondTarget])
        assert.strictEqual(warnings(), 1)
      })
    )

    it.effect("of another type than staged is refused", () =>
      Effect.gen(function* () {
        const { publishing } = yield* staged
        const capability = mountCapability("SINGLE_NODE_WRITER", { fsType: "xfs" })
        assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest({ capability }))))._tag, "Refused")
      })
    )

    it.effect("for a single writer goes to one target, and nothing is made at the second", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* publishing.publish(publishRequest({ capability: singleWriter }))
        yield* publishing.publish(publishRequest({ capability: singleWriter }))
        const second = publishRequest({ capability: singleWriter, targetPath: secondTarget })
        assert.strictEqual((yield* Effect.flip(publishing.publish(second)))._tag, "Refused")
        assert.strictEqual(yield* host.kind(secondTarget), "absent")
      })
    )

    it.effect("for a single writer moves on once the first target is gone", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* publishing.publish(publishRequest({ capability: singleWriter }))
        yield* publishing.unpublish(volumeId, targetPath)
        yield* publishing.publish(publishRequest({ capability: singleWriter, targetPath: secondTarget }))
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, secondTarget])
      })
    )
  })

  describe("a raw disk", () => {
    it.effect("is bound on a file, once however often it is asked for", () =>
      Effect.gen(function* () {
        const { host, memory, publishing } = yield* rawNode
        yield* Effect.repeatN(publishing.publish(raw()), 2)
        yield* host.writeFile(targetPath, text("raw bytes"))
        assert.strictEqual(asText(yield* host.readFile(targetPath)), "raw bytes")
        assert.strictEqual((yield* memory.contents(volumeId))._tag, "Unclear")
        assert.deepStrictEqual(yield* mountTargets(host), [targetPath])
      })
    )

    it.effect("that is mounted as a file system is not given out raw", () =>
      Effect.gen(function* () {
        const { publishing } = yield* staged
        assert.strictEqual((yield* Effect.flip(publishing.publish(raw())))._tag, "Refused")
      })
    )

    it.effect("for a single writer goes to one target", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* rawNode
        const capability = blockCapability("SINGLE_NODE_SINGLE_WRITER")
        yield* publishing.publish(raw({ capability }))
        const error = yield* Effect.flip(publishing.publish(raw({ capability, targetPath: secondTarget })))
        assert.strictEqual(error._tag, "Refused")
        assert.strictEqual(yield* host.kind(secondTarget), "absent")
      })
    )

    it.effect("replaces the node of a disk that is gone", () =>
      Effect.gen(function* () {
        const { host, memory, publishing } = yield* rawNode
        yield* publishing.publish(raw())
        yield* memory.disks.unplug("server-1", volumeId)
        yield* plugNew(memory, otherVolumeId)
        yield* memory.disks.plug("server-1", volumeId)
        yield* publishing.publish(raw())
        const device = yield* host.mounter.deviceAt(targetPath)
        assert.strictEqual(device?.number, (yield* host.mounter.findDevice(volumeId))?.number)
      })
    )
  })

  describe("a target", () => {
    it.effect("that holds files is left alone, since a mount would hide them", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* host.makeDirectories(targetPath)
        yield* host.writeFile(`${targetPath}/file`, text("mine"))
        assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest())))._tag, "Refused")
        assert.strictEqual(asText(yield* host.readFile(`${targetPath}/file`)), "mine")
      })
    )

    it.effect("that shows another volume is left alone", () =>
      Effect.gen(function* () {
        const { host, memory, publishing, staging } = yield* staged
        yield* publishing.publish(publishRequest())
        yield* plugNew(memory, otherVolumeId)
        const elsewhere = { volumeId: otherVolumeId, stagingPath: "/kubelet/plugins/b/globalmount" }
        yield* staging.stage(stageRequest(elsewhere))
        assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest(elsewhere))))._tag, "Refused")
        const mounts = (yield* host.mounter.mounts).filter(({ target }) => target === targetPath)
        assert.strictEqual(mounts.length, 1)
      })
    )

    it.effect("that is a symlink is left alone", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* host.makeDirectories("/etc")
        yield* host.makeSymlink(targetPath, "/etc")
        assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest())))._tag, "Refused")
        assert.strictEqual(yield* host.kind(targetPath), "symlink")
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
      })
    )

    it.effect("that an earlier call left empty is used", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* host.writeFile(targetPath, text(""))
        yield* publishing.publish(publishRequest())
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, targetPath])
      })
    )

    it.effect("without a parent directory is refused, and none is made", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        const error = yield* Effect.flip(publishing.publish(publishRequest({ targetPath: "/kubelet/pods/3/mount" })))
        assert.strictEqual(error._tag, "Refused")
        assert.strictEqual(yield* host.kind("/kubelet/pods/3"), "absent")
      })
    )

    it.effect("is taken away again, unmounted, when the call fails after the bind", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* host.faults.before("bind", host.faults.fail("findDevice"))
        assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest())))._tag, "HostFailure")
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
        assert.strictEqual(yield* host.kind(targetPath), "absent")
      })
    )

    it.effect("keeps its mount when the bind may still be under way, since that is no final answer", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* host.faults.fail("bind", { afterwards: true, outcome: "unknown" })
        assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest())))._tag, "HostFailure")
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, targetPath])
        yield* publishing.publish(publishRequest())
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, targetPath])
      })
    )

    it.effect("does not end for good while a bind that failed late cannot be undone", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* host.faults.fail("bind", { afterwards: true })
        yield* host.faults.hold(targetPath)
        const error = yield* Effect.flip(publishing.publish(publishRequest()))
        assert.strictEqual(error._tag, "NotReady")
        assert.include(error.message, "could not bind")
        yield* host.faults.release(targetPath)
        yield* publishing.unpublish(volumeId, targetPath)
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
      })
    )

    it.effect("is taken away again when the volume cannot be bound on it", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* host.faults.fail("bind")
        assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest())))._tag, "HostFailure")
        assert.strictEqual(yield* host.kind(targetPath), "absent")
      })
    )
  })

  describe("a request", () => {
    it.effect("for an inline ephemeral volume is not supported", () =>
      Effect.gen(function* () {
        const { publishing } = yield* makeNode()
        const volumeContext = { "csi.storage.k8s.io/ephemeral": "true" }
        const error = yield* Effect.flip(publishing.publish(publishRequest({ volumeContext, stagingPath: "" })))
        assert.strictEqual(error._tag, "Unsupported")
      })
    )

    it.effect("without a staging path fails on the volume's state", () =>
      Effect.gen(function* () {
        const { publishing } = yield* makeNode()
        assert.strictEqual(
          (yield* Effect.flip(publishing.publish(publishRequest({ stagingPath: "" }))))._tag,
          "Refused"
        )
      })
    )

    for (const [what, changes] of [
      ["without volume id", { volumeId: VolumeId("") }],
      ["without target path", { targetPath: "", stagingPath: "" }],
      ["with a relative target", { targetPath: "some/path" }],
      ["with a target inside the volume", { targetPath: `${stagingPath}/inside` }]
    ] as const) {
      it.effect(`${what} is invalid`, () =>
        Effect.gen(function* () {
          const { publishing } = yield* makeNode()
          assert.strictEqual((yield* Effect.flip(publishing.publish(publishRequest(changes))))._tag, "InvalidInput")
        })
      )
    }
  })

  describe("unpublish", () => {
    it.effect("removes the target and nothing else", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* publishing.publish(publishRequest())
        yield* host.writeFile(`${targetPath}/file`, text("hello"))
        yield* publishing.unpublish(volumeId, targetPath)
        assert.strictEqual(yield* host.kind(targetPath), "absent")
        assert.strictEqual(asText(yield* host.readFile(`${stagingPath}/file`)), "hello")
      })
    )

    it.effect("removes the file that a raw disk was bound on", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* rawNode
        yield* publishing.publish(raw())
        yield* publishing.unpublish(volumeId, targetPath)
        assert.strictEqual(yield* host.kind(targetPath), "absent")
      })
    )

    it.effect("undoes every layer that stacked up", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* publishing.publish(publishRequest())
        yield* host.mounter.bind(stagingPath, targetPath, false)
        yield* publishing.unpublish(volumeId, targetPath)
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
      })
    )

    it.effect("succeeds where nothing is, also without the directory above", () =>
      Effect.gen(function* () {
        const { publishing } = yield* makeNode()
        yield* publishing.unpublish(VolumeId("fake-vol-id"), targetPath)
        yield* publishing.unpublish(VolumeId("fake-vol-id"), "/nowhere/at/all")
      })
    )

    for (const fsType of ["ext4", "xfs"]) {
      it.effect(`works on ${fsType} with the disk gone`, () =>
        Effect.gen(function* () {
          const { host, memory, publishing, staging } = yield* nodeWithDisk()
          yield* staging.stage(stageRequest({ capability: mountCapability("SINGLE_NODE_WRITER", { fsType }) }))
          yield* publishing.publish(publishRequest())
          yield* memory.disks.unplug("server-1", volumeId)
          yield* publishing.unpublish(volumeId, targetPath)
          assert.strictEqual(yield* host.kind(targetPath), "absent")
        })
      )
    }

    it.effect("after a reboot removes the empty directory that is left", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* publishing.publish(publishRequest())
        yield* host.reboot
        yield* publishing.unpublish(volumeId, targetPath)
        assert.strictEqual(yield* host.kind(targetPath), "absent")
      })
    )

    it.effect("does not delete files of an ordinary directory", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* makeNode()
        yield* host.makeDirectories(targetPath)
        yield* host.writeFile(`${targetPath}/file`, text("mine"))
        assert.strictEqual((yield* Effect.flip(publishing.unpublish(volumeId, targetPath)))._tag, "Refused")
        assert.strictEqual(asText(yield* host.readFile(`${targetPath}/file`)), "mine")
      })
    )

    it.effect("does not follow or remove a symlink", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* host.makeSymlink(targetPath, stagingPath)
        assert.strictEqual((yield* Effect.flip(publishing.unpublish(volumeId, targetPath)))._tag, "Refused")
        assert.strictEqual(yield* host.kind(targetPath), "symlink")
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath])
      })
    )

    it.effect("fails while the target is busy, without taking it away", () =>
      Effect.gen(function* () {
        const { host, publishing } = yield* staged
        yield* publishing.publish(publishRequest())
        yield* host.faults.hold(`${targetPath}/open`)
        assert.strictEqual((yield* Effect.flip(publishing.unpublish(volumeId, targetPath)))._tag, "HostFailure")
        assert.deepStrictEqual(yield* mountTargets(host), [stagingPath, targetPath])
      })
    )
  })
})
