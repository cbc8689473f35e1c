import { mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import type { RequestListener } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { makeConfigDrive } from "../../src/adapters/metadata/ConfigDrive.ts"
import { layerInstanceMetadata } from "../../src/adapters/metadata/InstanceMetadata.ts"
import { InstanceMetadata } from "../../src/ports/InstanceMetadata.ts"
import { document, otherId, serve, serverId, telling } from "../adapters/metadata/metadataServer.ts"
import { MiB, mountsBelow, newFolder, onHost, Scratch, sh } from "./loopDisks.ts"

/** A config drive, only that it is ext2: the kernels of test machines seldom know iso9660 and vfat. */
const drive = (text: string, { label = "config-2", sizeMiB = 8, link = "config-2" } = {}) =>
  Effect.map(Scratch, ({ folder }) => {
    const [image, tree] = [join(folder, `${label}-${sizeMiB}.img`), join(folder, `tree-${label}-${sizeMiB}`)]
    mkdirSync(join(tree, "openstack", "latest"), { recursive: true })
    writeFileSync(join(tree, "openstack", "latest", "meta_data.json"), text)
    writeFileSync(image, "")
    truncateSync(image, sizeMiB * MiB)
    sh("mkfs.ext2", "-q", "-F", "-L", label, "-d", tree, image)
    const loop = sh("losetup", "--find", "--show", image).trim()
    const labels = join(folder, "dev", "disk", "by-label")
    mkdirSync(labels, { recursive: true })
    symlinkSync(loop, join(labels, link))
    return { devRoot: join(folder, "dev"), sysRoot: "/sys", fileSystems: ["iso9660", "ext2"], loop }
  })

const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith("config-drive-"))

describe("the config drive", () => {
  it.live.each(["config-2", "CONFIG-2"])("is found by its label %s, read, and left as it was", (label) =>
    onHost(
      Effect.gen(function* () {
        const options = yield* drive(document(), { label, link: label })
        assert.deepStrictEqual(yield* makeConfigDrive(options).ask, { uuid: serverId, zone: "zone-a", disks: [] })
        assert.deepStrictEqual(
          mountsBelow(tmpdir()).filter((target) => target.includes("config-drive-")),
          []
        )
        assert.deepStrictEqual(leftovers(), [])
      })
    )
  )

  it.live("is found by blkid where no udev makes links", () =>
    onHost(
      Effect.gen(function* () {
        const options = yield* drive(document())
        assert.strictEqual((yield* makeConfigDrive({ ...options, devRoot: "/nowhere" }).ask).uuid, serverId)
      })
    )
  )

  it.live("is read where it is mounted already, and stays mounted there", () =>
    onHost(
      Effect.gen(function* () {
        const options = yield* drive(document())
        const folder = yield* newFolder("mounted already")
        sh("mount", "-t", "ext2", options.loop, folder)
        assert.strictEqual((yield* makeConfigDrive({ ...options, fileSystems: [] }).ask).uuid, serverId)
        assert.strictEqual(mountsBelow((yield* Scratch).folder).length, 1)
      })
    )
  )

  it.live("is not a disk as large as a volume, whatever its label", () =>
    onHost(
      Effect.gen(function* () {
        const options = yield* drive(document(otherId), { sizeMiB: 65 })
        assert.match((yield* Effect.flip(makeConfigDrive(options).ask)).problem, /too large to be one/)
      })
    )
  )

  it.live("is not guessed if there are two", () =>
    onHost(
      Effect.gen(function* () {
        yield* drive(document(otherId), { sizeMiB: 9, link: "Config-2" })
        const options = yield* drive(document())
        assert.match((yield* Effect.flip(makeConfigDrive(options).ask)).problem, /several disks claim to be one/)
      })
    )
  )

  it.live("says what is wrong with it", () =>
    onHost(
      Effect.gen(function* () {
        const options = yield* drive("{}")
        assert.match((yield* Effect.flip(makeConfigDrive(options).ask)).problem, /meta_data\.json/)
        const unreadable = makeConfigDrive({ ...options, fileSystems: ["iso9660"] })
        assert.match((yield* Effect.flip(unreadable.ask)).problem, /could not mount the config drive as iso9660/)
        assert.deepStrictEqual(leftovers(), [])
      })
    )
  )
})

const identity = (options: { readonly devRoot: string; readonly fileSystems: ReadonlyArray<string> }, url: string) =>
  Effect.flatMap(InstanceMetadata, (metadata) => metadata.identity).pipe(
    Effect.provide(
      Layer.fresh(
        layerInstanceMetadata({
          devRoot: options.devRoot,
          configDriveFileSystems: options.fileSystems,
          baseUrls: [url],
          cloudRoot: "/nowhere"
        })
      )
    )
  )

describe("who this machine is, with a config drive", () => {
  it.live("is told by the drive, and its zone by the metadata service, which knows today's", () =>
    onHost(
      Effect.gen(function* () {
        const options = yield* drive(document(serverId, "zone-of-old"))
        const { url } = yield* serve(telling(document(serverId, "zone-b")))
        const { serverId: id, zone, source } = yield* identity(options, url)
        assert.deepStrictEqual([id, zone, source], [serverId, "zone-b", "config drive"])
      })
    )
  )

  const answers: ReadonlyArray<readonly [string, RequestListener]> = [
    ["is silent", telling("", 503)],
    ["speaks of another server", telling(document(otherId, "zone-b"))],
    ["knows no zone", telling(document(serverId, null))]
  ]

  it.live.each(answers)("keeps the drive's zone if the service %s", ([, answer]) =>
    onHost(
      Effect.gen(function* () {
        const options = yield* drive(document(serverId, "zone-of-old"))
        const { url } = yield* serve(answer)
        const { serverId: id, zone } = yield* identity(options, url)
        assert.deepStrictEqual([id, zone], [serverId, "zone-of-old"])
      })
    )
  )
})
