import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { bytesOf } from "../../src/domain/Capacity.ts"
import { createdEmptyKey } from "../../src/domain/volumeContext.ts"
import { MiB, mountsBelow, Scratch } from "../host/loopDisks.ts"
import { blockCapability, mountCapability, oneGiB } from "../support/wiredDriver.ts"
import { noGoDriver, noGoNode } from "./support/goDriver.ts"
import { liveUnless, noDisks } from "./support/needs.ts"
import { kubeletPaths, onDisks, onItsWay, plugDisk, startOurNode, startTheirNode } from "./support/nodes.ts"
import { onCloud } from "./support/onCloud.ts"
import { bothOnOneCloud } from "./support/sides.ts"

const withBothNodes = liveUnless(noDisks ?? noGoNode)

type Sides = Effect.Effect.Success<ReturnType<typeof bothOnOneCloud>>
const ours = (sides: Sides) => sides.ours.csi
const theirs = (sides: Sides) => sides.go.csi

const directions = [
  { row: "P-33", from: startTheirNode(), to: startOurNode(), words: "what the Go driver staged, ours" },
  { row: "P-42", from: startOurNode(), to: startTheirNode(), words: "what ours staged, the Go driver" }
]

describe.each(directions)("on a node", ({ row, from, to, words }) => {
  for (const fsType of ["ext4", "xfs"]) {
    withBothNodes(
      `${row} ${words} measures, stages and publishes once more, unpublishes and unstages: ${fsType}`,
      onDisks(
        Effect.gen(function* () {
          const { folder } = yield* Scratch
          const first = (yield* from).csi
          const second = (yield* to).csi
          const disk = yield* plugDisk(400)
          const paths = yield* kubeletPaths(disk.volumeId, "mount")
          const volume = onItsWay(disk.volumeId, paths, mountCapability(fsType))

          yield* volume.stage(first)
          yield* volume.publish(first)
          writeFileSync(join(paths.target, "note"), "kept")

          const { usage } = yield* volume.measure(second)
          assert.isAbove(Number(usage[0]?.total), 300 * MiB)
          assert.strictEqual(usage.length, 2)
          yield* volume.stage(second)
          yield* volume.publish(second)
          assert.strictEqual(mountsBelow(folder).length, 2)
          yield* volume.unpublish(second)
          yield* volume.unstage(second)
          assert.deepStrictEqual(mountsBelow(folder), [])

          yield* volume.stage(second)
          yield* volume.publish(second)
          assert.strictEqual(readFileSync(join(paths.target, "note"), "utf8"), "kept")
        })
      )
    )
  }

  for (const fsType of ["ext4", "xfs", "btrfs"]) {
    withBothNodes(
      `${row} ${words} goes on with, and gives back, where our controller made the volume: ${fsType}`,
      onDisks(
        Effect.gen(function* () {
          const made = yield* (yield* onCloud()).csi.createVolume({ name: "pvc-1", ...oneGiB })
          const first = (yield* from).csi
          const second = (yield* to).csi
          const disk = yield* plugDisk(400, made.volume?.volumeId)
          const paths = yield* kubeletPaths(disk.volumeId, "mount")
          const context = made.volume?.volumeContext
          assert.strictEqual(context?.get(createdEmptyKey), "true")
          const volume = onItsWay(disk.volumeId, paths, mountCapability(fsType), context)
          const note = join(paths.target, "note")

          let kept = ""
          for (const csi of [first, second, first]) {
            yield* volume.stage(csi)
            yield* volume.publish(csi)
            if (kept !== "") assert.strictEqual(readFileSync(note, "utf8"), kept)
            kept += "kept "
            writeFileSync(note, kept)
            yield* volume.unpublish(csi)
            yield* volume.unstage(csi)
          }
        })
      )
    )
  }

  withBothNodes(
    `${row} ${words} grows while it is in use: xfs`,
    onDisks(
      Effect.gen(function* () {
        const first = (yield* from).csi
        const second = (yield* to).csi
        const disk = yield* plugDisk(400)
        const volume = onItsWay(disk.volumeId, yield* kubeletPaths(disk.volumeId, "mount"), mountCapability("xfs"))
        yield* volume.stage(first)
        yield* volume.publish(first)
        disk.grow(600)
        yield* volume.expand(second, BigInt(600 * MiB))
        const { usage } = yield* volume.measure(second)
        assert.isAbove(Number(usage[0]?.total), 500 * MiB)
        yield* volume.unpublish(second)
        yield* volume.unstage(second)
      })
    )
  )

  withBothNodes(
    `${row} ${words} measures, expands and unpublishes: raw block`,
    onDisks(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const first = (yield* from).csi
        const second = (yield* to).csi
        const disk = yield* plugDisk(64)
        const paths = yield* kubeletPaths(disk.volumeId, "block")
        const volume = onItsWay(disk.volumeId, paths, blockCapability())
        yield* volume.stage(first)
        yield* volume.publish(first)
        assert.strictEqual(statSync(paths.target).rdev, statSync(disk.loop).rdev)
        disk.grow(128)
        yield* volume.expand(second, BigInt(128 * MiB))
        const { usage } = yield* volume.measure(second)
        assert.deepStrictEqual(
          usage.map(({ total }) => total),
          [BigInt(128 * MiB)]
        )
        yield* volume.unpublish(second)
        yield* volume.unstage(second)
        assert.deepStrictEqual(mountsBelow(folder), [])
      })
    )
  )

  withBothNodes(
    `${row} ${words} grows at the next stage, as a restored copy needs it: xfs`,
    onDisks(
      Effect.gen(function* () {
        const first = (yield* from).csi
        const second = (yield* to).csi
        const disk = yield* plugDisk(400)
        const paths = yield* kubeletPaths(disk.volumeId, "mount")
        const context = new Map([["cinder.csi.openstack.org/resizeRequired", "true"]])
        const volume = onItsWay(disk.volumeId, paths, mountCapability("xfs"), context)
        yield* volume.stage(first)
        yield* volume.unstage(first)
        disk.grow(600)
        yield* volume.stage(second)
        yield* volume.publish(second)
        const { usage } = yield* volume.measure(second)
        assert.isAbove(Number(usage[0]?.total), 500 * MiB)
      })
    )
  )
})

const withBothControllers = liveUnless(noGoDriver)

describe("on one cloud", () => {
  const lives = [
    { words: "ours makes and the Go driver takes over", makerOf: ours, heirOf: theirs },
    { words: "the Go driver makes and ours takes over", makerOf: theirs, heirOf: ours }
  ]
  for (const { words, makerOf, heirOf } of lives) {
    withBothControllers(
      `P-42 what ${words} is attached, grown, restored from, detached and deleted`,
      Effect.gen(function* () {
        const sides = yield* bothOnOneCloud({ flags: ["--cluster=blue"] })
        const [maker, heir] = [makerOf(sides), heirOf(sides)]
        const { nodeIds, world } = sides.ours
        const at = (node: number) => ({ nodeId: nodeIds[node] ?? "", volumeCapability: mountCapability() })

        const made = yield* maker.createVolume({ name: "pvc-1", ...oneGiB })
        const volumeId = made.volume?.volumeId ?? ""
        yield* maker.controllerPublishVolume({ volumeId, ...at(0) })
        const { snapshot } = yield* maker.createSnapshot({
          name: "snapshot-1",
          sourceVolumeId: volumeId,
          parameters: new Map([["force-create", "true"]])
        })
        const snapshotId = snapshot?.snapshotId ?? ""
        yield* maker.controllerExpandVolume({ volumeId, capacityRange: { requiredBytes: bytesOf(2), limitBytes: 0n } })

        const again = yield* heir.createVolume({
          name: "pvc-1",
          ...oneGiB,
          capacityRange: { requiredBytes: bytesOf(2), limitBytes: 0n }
        })
        assert.strictEqual(again.volume?.volumeId, volumeId)
        yield* heir.controllerPublishVolume({ volumeId, ...at(0) })
        yield* heir.controllerExpandVolume({ volumeId, capacityRange: { requiredBytes: bytesOf(3), limitBytes: 0n } })
        assert.strictEqual((yield* world.cinder.showVolume(volumeId)).sizeGiB, 3)
        yield* heir.controllerUnpublishVolume({ volumeId, nodeId: nodeIds[0] ?? "" })
        yield* heir.controllerPublishVolume({ volumeId, ...at(1) })
        yield* heir.controllerUnpublishVolume({ volumeId, nodeId: nodeIds[1] ?? "" })

        const sameSnapshot = yield* heir.createSnapshot({ name: "snapshot-1", sourceVolumeId: volumeId })
        assert.strictEqual(sameSnapshot.snapshot?.snapshotId, snapshotId)
        const restored = yield* heir.createVolume({
          name: "pvc-2",
          ...oneGiB,
          volumeContentSource: { type: { $case: "snapshot", value: { snapshotId } } }
        })
        yield* heir.deleteVolume({ volumeId: restored.volume?.volumeId ?? "" })
        yield* heir.deleteSnapshot({ snapshotId })
        yield* heir.deleteVolume({ volumeId })
        assert.deepStrictEqual((yield* world.cinder.listVolumes({})).rows, [])
      })
    )
  }
})

describe("on a node", () => {
  withBothNodes(
    "P-42 both say the same of the node and of what they can do",
    Effect.gen(function* () {
      const flags = ["--additional-topology=topology.kubernetes.io/region=one"]
      const told = ({ csi }: Effect.Effect.Success<ReturnType<typeof startOurNode>>) =>
        Effect.gen(function* () {
          const { nodeId, accessibleTopology } = yield* csi.nodeGetInfo()
          const { capabilities } = yield* csi.nodeGetCapabilities()
          return { nodeId, accessibleTopology, able: capabilities.map(({ type }) => type?.value) }
        })
      const our = yield* Effect.flatMap(startOurNode(flags), told)
      const their = yield* Effect.flatMap(startTheirNode(flags), told)
      assert.strictEqual(our.nodeId, their.nodeId)
      assert.deepStrictEqual(our.accessibleTopology, their.accessibleTopology)
      assert.includeDeepMembers([...our.able], [...their.able])
    })
  )
})
