import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Logger, LogLevel, Scope } from "effect"
import {
  makeCsiClient,
  type VolumeCapability,
  VolumeCapability_AccessMode_Mode
} from "../../src/adapters/csi/client.ts"
import { openStackServer } from "../../src/adapters/memory/http/server.ts"
import { layerNoDisks } from "../../src/adapters/memory/index.ts"
import { bytesOf } from "../../src/domain/Capacity.ts"
import { parseOptions } from "../../src/main/options.ts"
import { startDriver } from "../../src/main/serve.ts"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "cinder-csi-serve-"))),
  (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
)

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

const cloudConf = (authUrl: string, password = "secret") => `[Global]
auth-url = "${authUrl}"
username = csi
password = "${password}"
domain-id = default
tenant-name = csi
`

const capability: VolumeCapability = {
  accessType: { $case: "mount", value: { fsType: "ext4", mountFlags: [], volumeMountGroup: "" } },
  accessMode: { mode: VolumeCapability_AccessMode_Mode.SINGLE_NODE_WRITER }
}

/** The driver as its flags say, controller only, with a configuration of that text. */
const driver = (conf: string, ...flags: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const root = yield* folder
    const config = join(root, "cloud.conf")
    yield* Effect.promise(() => writeFile(config, conf))
    const socket = join(root, "csi.sock")
    const options = yield* parseOptions(
      [`--endpoint=unix://${socket}`, `--cloud-config=${config}`, "--provide-node-service=false", ...flags],
      {}
    )
    if (options._tag !== "Options") return yield* Effect.dieMessage("these are flags of a serving driver")
    yield* startDriver(options)
    return { csi: yield* makeCsiClient(`unix:${socket}`), socket, config }
  })

const volume = { capacityRange: { requiredBytes: bytesOf(1), limitBytes: 0n }, volumeCapabilities: [capability] }

const live = <A, E>(name: string, test: Effect.Effect<A, E, Scope.Scope | NodeFileSystemService>) =>
  it.live(name, () =>
    test.pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer), Logger.withMinimumLogLevel(LogLevel.None))
  )

type NodeFileSystemService = import("@effect/platform").FileSystem.FileSystem

describe("the driver as its flags and cloud.conf say", () => {
  live(
    "takes a volume through its life in a cloud that speaks HTTP",
    Effect.gen(function* () {
      const cloud = yield* Effect.provide(openStackServer({ world: { servers: [{ name: "node-1" }] } }), layerNoDisks)
      const { csi } = yield* driver(cloudConf(cloud.authUrl), "--cluster=suite")
      const metadata = yield* Effect.promise(async () => {
        const answer = await fetch(`${cloud.metadataUrl}/openstack/latest/meta_data.json`)
        const document: unknown = await answer.json()
        return String(Reflect.get(Object(document), "uuid"))
      })
      const created = yield* csi.createVolume({ name: "pvc-1", ...volume })
      const volumeId = created.volume?.volumeId ?? ""
      const again = yield* csi.createVolume({ name: "pvc-1", ...volume })
      assert.strictEqual(again.volume?.volumeId, volumeId)
      const target = { volumeId, nodeId: metadata }
      yield* csi.controllerPublishVolume({ ...target, volumeCapability: capability })
      const listed = yield* csi.listVolumes()
      assert.deepStrictEqual(
        listed.entries.map(({ status }) => status?.publishedNodeIds),
        [[metadata]]
      )
      assert.strictEqual((yield* Effect.flip(csi.deleteVolume({ volumeId }))).code, 9)
      yield* csi.controllerUnpublishVolume(target)
      yield* csi.deleteVolume({ volumeId })
      assert.deepStrictEqual((yield* csi.listVolumes()).entries, [])
    })
  )

  live(
    "serves while Keystone is out of reach, and says so where the cloud is needed",
    Effect.gen(function* () {
      const { csi } = yield* driver(cloudConf("http://127.0.0.1:9"))
      assert.isTrue((yield* csi.probe()).ready)
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...volume }, { timeout: "3 seconds" }))
      assert.include([14, 4], refusal.code)
    })
  )

  live(
    "never shows the password that Keystone turned down",
    Effect.gen(function* () {
      const cloud = yield* Effect.provide(openStackServer(), layerNoDisks)
      const { csi, config } = yield* driver(cloudConf(cloud.authUrl, "not-the-right-one"))
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...volume }))
      assert.strictEqual(refusal.code, 7)
      assert.notInclude(refusal.details, "not-the-right-one")
      assert.include(yield* Effect.promise(() => readFile(config, "utf8")), "not-the-right-one")
    })
  )

  live(
    "serves metrics under upstream's names where it is told to",
    Effect.gen(function* () {
      const cloud = yield* Effect.provide(openStackServer(), layerNoDisks)
      const address = `127.0.0.1:${yield* freePort}`
      const { csi } = yield* driver(cloudConf(cloud.authUrl), `--http-endpoint=${address}`)
      yield* csi.createVolume({ name: "pvc-1", ...volume })
      const text = yield* Effect.promise(async () => (await fetch(`http://${address}/metrics`)).text())
      assert.include(text, 'openstack_api_requests_total{request="volume_create"} 1')
      assert.include(text, 'openstack_api_request_duration_seconds_count{request="volume_list"} 1')
    })
  )

  live(
    "takes its socket away when it ends",
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { socket } = yield* Scope.extend(driver(cloudConf("http://127.0.0.1:9")), scope)
      assert.isTrue(existsSync(socket))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(existsSync(socket))
    })
  )

  live(
    "refuses a configuration that it cannot use, in one line that names the place",
    Effect.gen(function* () {
      const failure = yield* Effect.flip(driver("[Global]\nusername = csi\n"))
      assert.match(failure.message, /^.*cloud\.conf.*\[Global\] needs auth-url/)
      const several = yield* Effect.flip(driver(cloudConf("http://127.0.0.1:9"), "--cloud-name=a,b"))
      assert.match(several.message, /several are not supported yet/)
    })
  )
})
