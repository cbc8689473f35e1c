import { randomBytes } from "node:crypto"
import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { StageRequest } from "../../src/domain/NodeStaging.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { found, type LoopDisk, MiB, makeDisk, mountsBelow, newFolder, Scratch, sh } from "./loopDisks.ts"
import { onItsWay, onNode } from "./onNode.ts"

const encrypted = { "cinder.csi.openstack.org/encrypted": "true" }
const createdEmpty = { "cinder.csi.openstack.org/createdEmpty": "true" }

const newVolume = (sizeMiB: number, fsType = "ext4") =>
  Effect.gen(function* () {
    const disk = yield* makeDisk(sizeMiB)
    return { disk, ...(yield* onItsWay(disk.volume, { fsType })) }
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
        yield* unstage()
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
        const { disk, stage } = yield* newVolume(16)
        const bytes = randomBytes(16 * MiB)
        spoil(bytes)
        writeFileSync(disk.file, bytes)
        assert.strictEqual((yield* Effect.flip(stage({ publishContext })))._tag, "Refused")
        assert.isTrue(bytes.equals(readFileSync(disk.file)))
        assert.deepStrictEqual(mountsBelow((yield* Scratch).folder), [])
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
        yield* unstage()
        const contents = yield* (yield* HostMounter).contentsOf(yield* found(disk))
        assert.strictEqual(contents._tag === "FileSystem" ? contents.uuid : contents._tag, disk.volume)
        yield* stage({ volumeContext: createdEmpty })
        assert.strictEqual(readFileSync(`${stagingPath}/note`, "utf8"), "kept")
      })
    )
  )

  it.live(
    "of another volume that this driver formatted keeps one made empty from being mounted, and any other not",
    () =>
      onNode(
        Effect.gen(function* () {
          const other = yield* newVolume(sizeMiB, fsType)
          yield* other.stage({ volumeContext: createdEmpty })
          yield* other.unstage()
          const { disk, stage, stagingPath } = yield* newVolume(sizeMiB, fsType)
          sh("dd", `if=${other.disk.file}`, `of=${disk.file}`, "bs=1M", "conv=notrunc,sparse")
          sh("blockdev", "--flushbufs", disk.loop)
          const error = yield* Effect.flip(stage({ volumeContext: createdEmpty }))
          assert.strictEqual(error._tag, "Refused")
          assert.include(error.message, other.disk.volume)
          sh("cmp", other.disk.file, disk.file)
          yield* stage()
          assert.lengthOf(
            mountsBelow((yield* Scratch).folder).filter((target) => target === stagingPath),
            1
          )
        })
      )
  )

  it.live("that another driver chose for a volume made empty is accepted, and its data kept", () =>
    onNode(
      Effect.gen(function* () {
        const { disk, stage, stagingPath } = yield* newVolume(sizeMiB, fsType)
        const folder = yield* newFolder("elsewhere")
        sh(`mkfs.${fsType}`, "-q", disk.loop)
        sh("mount", disk.loop, folder)
        writeFileSync(`${folder}/note`, "kept")
        sh("umount", folder)
        yield* stage({ volumeContext: createdEmpty })
        assert.strictEqual(readFileSync(`${stagingPath}/note`, "utf8"), "kept")
      })
    )
  )
})

describe.each(["ext4", "xfs", "btrfs"])("%s on a disk that has become larger", (fsType) => {
  const enlarged = Effect.gen(function* () {
    const { disk, stage, stagingPath, unstage } = yield* newVolume(400, fsType)
    yield* stage()
    yield* unstage()
    truncateSync(disk.file, 800 * MiB)
    sh("losetup", "--set-capacity", disk.loop)
    return { stage, stagingPath }
  })

  it.live("is as large as the disk once it is staged", () =>
    onNode(
      Effect.gen(function* () {
        const { stage, stagingPath } = yield* enlarged
        yield* stage()
        const { totalBytes } = yield* (yield* HostMounter).usage(stagingPath)
        assert.isAbove(Number(totalBytes), 700 * MiB)
      })
    )
  )

  it.live("is not said to be staged if its tool does nothing and reports success", () =>
    onNode(
      Effect.gen(function* () {
        const { stage } = yield* enlarged
        const error = yield* Effect.flip(stage())
        assert.match(error.message, /bytes although its tool reported success/)
        assert.deepStrictEqual(mountsBelow((yield* Scratch).folder), [])
      }),
      () => ({ grow: () => Effect.void })
    )
  )
})

/** What ends the life of a mounted file system, and whether its data can still be read then. */
const deaths: ReadonlyArray<
  readonly [
    what: string,
    fsType: string,
    flags: ReadonlyArray<string>,
    end: (disk: LoopDisk, staging: string) => unknown
  ]
> = [
  ["an xfs that shut down", "xfs", [], (_, staging) => sh("xfs_io", "-x", "-c", "shutdown -f", staging)],
  ["an ext4 that shut down", "ext4", [], (_, staging) => sh("xfs_io", "-x", "-c", "shutdown -f", staging)],
  [
    "an ext4 that the kernel made read-only",
    "ext4",
    ["errors=remount-ro"],
    ({ loop }) => writeFileSync(join("/sys/fs/ext4", loop.slice("/dev/".length), "trigger_fs_error"), "for a test")
  ]
]

describe("a mounted file system that has died", () => {
  const dying = (fsType: string, flags: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const disk = yield* makeDisk(fsType === "xfs" ? 400 : 64)
      const volume = yield* onItsWay(disk.volume, { fsType, flags })
      yield* volume.stage()
      writeFileSync(join(volume.stagingPath, "note"), "kept")
      sh("sync", "-f", volume.stagingPath)
      return { ...volume, disk }
    })

  it.live.each(deaths)("is mounted anew where no pod has it: %s", ([, fsType, flags, end]) =>
    onNode(
      Effect.gen(function* () {
        const { disk, publish, stage, stagingPath, target } = yield* dying(fsType, flags)
        end(disk, stagingPath)
        yield* stage()
        yield* publish()
        assert.strictEqual(readFileSync(join(target, "note"), "utf8"), "kept")
        writeFileSync(join(target, "note"), "and more")
      })
    )
  )

  it.live.each(deaths)(
    "is neither taken for staged while a pod has it, nor shown to another: %s",
    ([, fsType, flags, end]) =>
      onNode(
        Effect.gen(function* () {
          const { disk, publish, secondTarget, stage, stagingPath, target, unpublish } = yield* dying(fsType, flags)
          yield* publish()
          end(disk, stagingPath)
          const before = mountsBelow((yield* Scratch).folder)
          const error = yield* Effect.flip(stage())
          assert.strictEqual(error._tag, "NotReady")
          assert.include(error.message, `delete the pods at ${target}`)
          assert.strictEqual((yield* Effect.flip(publish({ targetPath: secondTarget })))._tag, "NotReady")
          assert.deepStrictEqual(mountsBelow((yield* Scratch).folder), before)
          yield* unpublish()
          yield* stage()
          yield* publish()
          assert.strictEqual(readFileSync(join(target, "note"), "utf8"), "kept")
        })
      )
  )
})
