import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { assert, describe } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { openStackServer } from "../../src/adapters/memory/http/server.ts"
import { layerNoDisks } from "../../src/adapters/memory/index.ts"
import { cloudConf, freePort, live, mountCapability, oneGiB, startWired } from "../support/wiredDriver.ts"

const controllerOnly = "--provide-node-service=false"

describe("the driver as its flags and cloud.conf say", () => {
  live(
    "takes a volume through its life in a cloud that speaks HTTP",
    Effect.gen(function* () {
      const cloud = yield* Effect.provide(openStackServer({ world: { servers: [{ name: "node-1" }] } }), layerNoDisks)
      const { csi } = yield* startWired(cloudConf(cloud.authUrl), [controllerOnly, "--cluster=suite"])
      const metadata = yield* Effect.promise(async () => {
        const answer = await fetch(`${cloud.metadataUrl}/openstack/latest/meta_data.json`)
        const document: unknown = await answer.json()
        return String(Reflect.get(Object(document), "uuid"))
      })
      const created = yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
      const volumeId = created.volume?.volumeId ?? ""
      const again = yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
      assert.strictEqual(again.volume?.volumeId, volumeId)
      const target = { volumeId, nodeId: metadata }
      yield* csi.controllerPublishVolume({ ...target, volumeCapability: mountCapability() })
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
      const { csi } = yield* startWired(cloudConf("http://127.0.0.1:9"))
      assert.isTrue((yield* csi.probe()).ready)
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...oneGiB }, { timeout: "3 seconds" }))
      assert.include([14, 4], refusal.code)
    })
  )

  live(
    "never shows the password that Keystone turned down",
    Effect.gen(function* () {
      const cloud = yield* Effect.provide(openStackServer(), layerNoDisks)
      const { csi, config } = yield* startWired(cloudConf(cloud.authUrl, "not-the-right-one"))
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...oneGiB }))
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
      const { csi } = yield* startWired(cloudConf(cloud.authUrl), [controllerOnly, `--http-endpoint=${address}`])
      yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
      const text = yield* Effect.promise(async () => (await fetch(`http://${address}/metrics`)).text())
      assert.include(text, 'openstack_api_requests_total{request="volume_create"} 1')
      assert.include(text, 'openstack_api_request_duration_seconds_count{request="volume_list"} 1')
    })
  )

  live(
    "takes its socket away when it ends",
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { socket } = yield* Scope.extend(startWired(cloudConf("http://127.0.0.1:9")), scope)
      assert.isTrue(existsSync(socket))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(existsSync(socket))
    })
  )

  live(
    "refuses a configuration that it cannot use, in one line that names the place",
    Effect.gen(function* () {
      const failure = yield* Effect.flip(startWired("[Global]\nusername = csi\n"))
      assert.match(failure.message, /^.*cloud\.conf.*\[Global\] needs auth-url/)
      const absent = yield* Effect.flip(
        startWired(cloudConf("http://127.0.0.1:9"), [controllerOnly, "--cloud-name=,north"])
      )
      assert.match(absent.message, /^found no \[Global "north"\] settings in .*cloud\.conf, only \[Global\]$/)
    })
  )

  live(
    "refuses the certificates of every cloud at once, each with the key that names the file",
    Effect.gen(function* () {
      const plain = cloudConf("http://127.0.0.1:9")
      const north = plain.replace("[Global]", '[Global "north"]')
      const failure = yield* Effect.flip(
        startWired(`${plain}ca-file = /dev/null\n${north}cert-file = /dev/null\nkey-file = /nowhere\n`, [
          controllerOnly,
          "--cloud-name=,north"
        ])
      )
      const [first = "", second = "", ...more] = failure.message.split("\n")
      assert.strictEqual(first, "/dev/null: [Global] ca-file: holds no certificate in PEM form")
      assert.match(second, /^\/nowhere: \[Global "north"\] key-file: cannot be read: /)
      assert.deepStrictEqual(more, [])
    })
  )
})
