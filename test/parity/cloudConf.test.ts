import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect, Logger, LogLevel } from "effect"
import { defaultIdentity } from "../../src/adapters/memory/http/identitySettings.ts"
import { makeOpenStackHttp } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { layerNoDisks, makeWorld } from "../../src/adapters/memory/index.ts"
import { MiB, Scratch, sh } from "../host/loopDisks.ts"
import { live, oneGiB, startWired, temporaryFolder } from "../support/wiredDriver.ts"
import { liveUnless, noDisks } from "./support/needs.ts"
import { onDisks } from "./support/nodes.ts"
import { startCloud } from "./support/onCloud.ts"

const controllerAlone = "--provide-node-service=false"
const nodeAlone = "--provide-controller-service=false"

/** All that needs quotes or escapes in a file. */
const password = 'p#1;2 "3" \\4 = ä\t5'

const awkwardCloud = Effect.gen(function* () {
  const world = yield* makeWorld({ servers: [{ name: "node-1" }] })
  const known = defaultIdentity(world)
  const users = known.users.map((user) => ({ ...user, password }))
  return yield* makeOpenStackHttp({ world, identity: { users } })
}).pipe(Effect.provide(layerNoDisks))

/** What the driver logs while it starts and serves. */
const logged = <A, E, R>(start: Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const keep = Logger.make(({ message }) => {
    lines.push(String(message))
  })
  return Effect.map(
    start.pipe(Logger.withMinimumLogLevel(LogLevel.Info), Effect.provide(Logger.replace(Logger.defaultLogger, keep))),
    (started) => ({ started, lines })
  )
}

describe("cloud.conf", () => {
  live(
    "P-9 gcfg's dialect: quotes, escapes, comments, continuation lines, case, byte order mark, bare booleans",
    Effect.gen(function* () {
      const cloud = yield* awkwardCloud
      const text = `\uFEFF# a comment
; another one
[GLOBAL]   # behind a section
Auth-URL = ${cloud.authUrl}   ; behind a value
USERNAME="c"s"i"
  password = "p#1;2 \\"3\\" \\\\4 = ä\\t5" # behind quotes
tenant-name = cs\\
i
domain-id =    default
tls-insecure=false
[blockstorage]
rescan-on-resize
Ignore-Volume-AZ = Off
node-volume-attach-limit = 0x20
[Metadata]
request-timeout = 1m30s
`
      const { csi } = yield* startWired(text.replaceAll("\n", "\r\n"))
      yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
    })
  )

  live(
    'P-9 several files are merged key by key, and a name in [Global "Name"] counts with its case',
    Effect.gen(function* () {
      const { cloud } = yield* startCloud()
      const secret = join(yield* temporaryFolder, "secret.conf")
      yield* Effect.promise(() =>
        writeFile(secret, '[global "North"]\npassword = secret\nusername =\nusername = csi\n')
      )
      const text = `[Global "north"]\nauth-url = http://127.0.0.1:9\nuser-id = u\npassword = p
[Global "North"]\nauth-url = ${cloud.authUrl}\nusername = nobody\npassword = old\ndomain-id = default\ntenant-name = csi\n`
      const { csi } = yield* startWired(text, [controllerAlone, `--cloud-config=${secret}`, "--cloud-name=North"])
      yield* csi.createVolume({ name: "pvc-1", ...oneGiB, secrets: new Map([["cloud", "North"]]) })
    })
  )

  live(
    "P-9 unknown keys and sections are accepted and named once, those of the cloud controller manager in silence",
    Effect.gen(function* () {
      const { cloud, conf } = yield* startCloud()
      const text = `${conf}regoin = RegionOne
[LoadBalancer]
use-octavia = true
[LoadBalancerClass "a"]
floating-network-id = n
[Networking]
public-network-name = p
[Route]
router-id = r
[BlockStorage]
bs-version = v3
trust-device-path = true
[BlockStorge]
rescan-on-resize = true
`
      const { started, lines } = yield* logged(startWired(text, [controllerAlone]))
      yield* started.csi.createVolume({ name: "pvc-1", ...oneGiB })
      assert.isAbove(yield* cloud.requests.total, 0)
      const said = lines.filter((line) => line.includes("cloud.conf")).map((line) => line.replace(/^.*?\[/, "["))
      assert.deepStrictEqual(said, [
        "[Global] regoin: is not known and has no effect; did you mean region?",
        "[BlockStorage] bs-version: is obsolete and has no effect",
        "[BlockStorage] trust-device-path: is obsolete and has no effect",
        "[blockstorge] rescan-on-resize: has no effect, since this driver knows no such section; did you mean [BlockStorage]?"
      ])
    })
  )
})

const withDisks = liveUnless(noDisks)
const onTheDrive = "5e0a4d54-32f4-4a0f-9d0b-aaaaaaaaaaaa"

/** A config drive that tells another id than the metadata service, only that it is ext2, which every kernel knows. */
const configDrive = Effect.map(Scratch, ({ folder }) => {
  const image = join(folder, "drive.img")
  const tree = join(folder, "drive")
  const labels = join(folder, "dev", "disk", "by-label")
  mkdirSync(join(tree, "openstack", "latest"), { recursive: true })
  const document = JSON.stringify({ uuid: onTheDrive, availability_zone: "nova" })
  writeFileSync(join(tree, "openstack", "latest", "meta_data.json"), document)
  writeFileSync(image, "")
  truncateSync(image, 8 * MiB)
  sh("mkfs.ext2", "-q", "-F", "-L", "config-2", "-d", tree, image)
  mkdirSync(labels, { recursive: true })
  symlinkSync(sh("losetup", "--find", "--show", image).trim(), join(labels, "config-2"))
  return { devRoot: join(folder, "dev"), sysRoot: "/sys", cloudRoot: join(folder, "none") }
})

describe("search-order", () => {
  const orders = [
    ["configDrive,metadataService", "drive"],
    ["metadataService,configDrive", "service"],
    ["metadataService", "service"],
    ["configDrive", "drive"],
    ["", "drive"]
  ] as const
  for (const [order, from] of orders) {
    withDisks(
      `P-12 search-order = ${order}: the ${from === "drive" ? "config drive" : "metadata service"} is asked first`,
      onDisks(
        Effect.gen(function* () {
          const { cloud, nodeIds } = yield* startCloud()
          const roots = yield* configDrive
          const { csi } = yield* startWired(`[Metadata]\nsearch-order = ${order}\n`, [nodeAlone], {
            metadata: { ...roots, configDriveFileSystems: ["ext2"], baseUrls: [cloud.metadataUrl] }
          })
          const { nodeId } = yield* csi.nodeGetInfo()
          assert.strictEqual(nodeId, from === "drive" ? onTheDrive : nodeIds[0])
          if (order === "configDrive") assert.strictEqual(yield* cloud.requests.total, 0)
        })
      )
    )
  }

  live(
    "P-12 search-order = configDrive: the metadata service is not asked where there is no drive",
    Effect.gen(function* () {
      const { cloud } = yield* startCloud()
      const none = join(yield* temporaryFolder, "none")
      const { csi } = yield* startWired("[Metadata]\nsearch-order = configDrive\n", [nodeAlone], {
        metadata: { devRoot: none, sysRoot: none, cloudRoot: none, baseUrls: [cloud.metadataUrl] }
      })
      assert.include((yield* Effect.flip(csi.nodeGetInfo())).message, "config drive")
      assert.strictEqual(yield* cloud.requests.total, 0)
    })
  )
})
