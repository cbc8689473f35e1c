import { randomBytes, randomUUID } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { NodeSettings } from "../../src/domain/NodeSettings.ts"
import { NodeStaging, type StageRequest } from "../../src/domain/NodeStaging.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { InstanceMetadata } from "../../src/ports/InstanceMetadata.ts"
import { defaults, mountCapability } from "../domain/nodeHarness.ts"
import { found, type LoopDisk, MiB, makeDisk, mountsBelow, newFolder, onHost, type Scratch } from "./loopDisks.ts"

const services = NodeStaging.layer.pipe(
  Layer.provide(Layer.succeed(NodeSettings, defaults)),
  Layer.provide(
    Layer.succeed(InstanceMetadata, {
      identity: Effect.dieMessage("no stage asks who the server is"),
      disks: Effect.succeed([])
    })
  )
)

const onNode = <A, E>(test: Effect.Effect<A, E, NodeStaging | HostMounter | Scratch | Scope.Scope>) =>
  onHost(Effect.provide(test, services))

const encrypted = { "cinder.csi.openstack.org/encrypted": "true" }
const createdEmpty = { "cinder.csi.openstack.org/createdEmpty": "true" }

const newVolume = (sizeMiB: number, fsType = "ext4") =>
  Effect.gen(function* () {
    const disk = yield* makeDisk(sizeMiB)
    const stagingPath = yield* newFolder("staging")
    const staging = yield* NodeStaging
    const request: StageRequest = {
      volumeId: disk.volume,
      stagingPath,
      capability: mountCapability("SINGLE_NODE_WRITER", { fsType }),
      publishContext: {},
      volumeContext: {}
    }
    return {
      disk,
      stagingPath,
      stage: (changes: Partial<StageRequest> = {}) => staging.stage({ ...request, ...changes }),
      unstage: staging.unstage(disk.volume, stagingPath)
    }
  })

const fillWithNoise = ({ file }: LoopDisk, sizeMiB: number) => writeFileSync(file, randomBytes(sizeMiB * MiB))

describe("a disk of noise", () => {
  it.live("is formatted where its volume is encrypted, and keeps what is written then", () =>
    onNode(
      Effect.gen(function* () {
        const { disk, stage, stagingPath, unstage } = yield* newVolume(64)
        fillWithNoise(disk, 64)
        yield* stage({ publishContext: encrypted })
        writeFileSync(`${stagingPath}/note`, "kept")
        yield* unstage
        yield* stage({ publishContext: encrypted })
        assert.strictEqual(readFileSync(`${stagingPath}/note`, "utf8"), "kept")
      })
    )
  )

  const spoilt: ReadonlyArray<readonly [why: string, (bytes: Buffer) => unknown, StageRequest["publishContext"]]> = [
    ["nobody says that it is encrypted", (_: Buffer) => undefined, {}],
    ["a line of text is in it", (bytes: Buffer) => bytes.write("a line of text".repeat(20), 300_000), encrypted],
    ["it has an LVM label", (bytes: Buffer) => bytes.write("LABELONE", 512), encrypted],
    ["its first page is zeros", (bytes: Buffer) => bytes.fill(0, 0, 4096), encrypted]
  ]

  it.live.each(spoilt)("keeps every byte where %s", ([, spoil, publishContext]) =>
    onNode(
      Effect.gen(function* () {
        const { disk, stage, stagingPath } = yield* newVolume(16)
        const bytes = randomBytes(16 * MiB)
        spoil(bytes)
        writeFileSync(disk.file, bytes)
        assert.strictEqual((yield* Effect.flip(stage({ publishContext })))._tag, "Refused")
        assert.isTrue(bytes.equals(readFileSync(disk.file)))
        assert.deepStrictEqual(mountsBelow(dirname(stagingPath)), [])
      })
    )
  )
})

describe.each([
  ["ext4", 64],
  ["ext3", 64],
  ["xfs", 400],
  ["btrfs", 400]
] as const)("the UUID of %s", (fsType, sizeMiB) => {
  it.live("is the volume's id, which lets a volume that was made empty be staged again", () =>
    onNode(
      Effect.gen(function* () {
        const { disk, stage, stagingPath, unstage } = yield* newVolume(sizeMiB, fsType)
        yield* stage({ volumeContext: createdEmpty })
        writeFileSync(`${stagingPath}/note`, "kept")
        yield* unstage
        const contents = yield* (yield* HostMounter).contentsOf(yield* found(disk))
        assert.strictEqual(contents._tag === "FileSystem" ? contents.uuid : contents._tag, disk.volume)
        yield* stage({ volumeContext: createdEmpty })
        assert.strictEqual(readFileSync(`${stagingPath}/note`, "utf8"), "kept")
      })
    )
  )

  it.live("of another volume keeps one that was made empty from being mounted, and any other not", () =>
    onNode(
      Effect.gen(function* () {
        const { disk, stage, stagingPath } = yield* newVolume(sizeMiB, fsType)
        const host = yield* HostMounter
        const uuid = randomUUID()
        yield* host.format(yield* found(disk), fsType, uuid, [])
        const before = readFileSync(disk.file)
        const error = yield* Effect.flip(stage({ volumeContext: createdEmpty }))
        assert.strictEqual(error._tag, "Refused")
        assert.include(error.message, uuid)
        assert.isTrue(before.equals(readFileSync(disk.file)))
        yield* stage()
        assert.strictEqual((yield* host.mounts).filter(({ target }) => target === stagingPath).length, 1)
      })
    )
  )
})
